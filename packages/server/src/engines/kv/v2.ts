// KV v2: versioned values with metadata. Puts the paths together and keeps them shut until the view is v2's.
import { andThen } from '../../framework/awaitable.js';
import type { Backend, MountContext, Path } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { KeyStore } from './key-store.js';
import { configPath } from './path-config.js';
import { dataPath, subkeysPath } from './path-data.js';
import { invalidPath } from './path-invalid.js';
import { detailedMetadataPath, metadataPath } from './path-metadata.js';
import { versionsPaths } from './path-versions.js';
import { Upgrade } from './upgrade.js';
import { parseVersionOption } from './version-option.js';

/** The same path, which first waits for (or refuses during) the upgrade. */
function afterUpgrade(path: Path, upgrade: Upgrade): Path {
  return {
    ...path,
    match: (text) => path.match(text),
    exists: (request, raw) =>
      andThen(upgrade.ensureDone(request.now), () => path.exists(request, raw)),
    handle: (request, raw) =>
      andThen(upgrade.ensureDone(request.now), () => path.handle(request, raw)),
  };
}

export function versionedBackend(context: MountContext): Backend {
  const store = new KeyStore();
  const upgrade = new Upgrade(store, context.storage, context.log);
  const paths = [
    configPath(store),
    dataPath(store),
    subkeysPath(store),
    ...versionsPaths(store),
    metadataPath(store),
    detailedMetadataPath(store),
  ].map((path) => afterUpgrade(path, upgrade));
  return {
    kind: 'secret',
    type: 'kv',
    help: 'Keeps versions of JSON objects under names of your choice, and metadata about them.',
    paths: [...paths, invalidPath()],
    tune: async (_, options) => {
      if (options.version !== undefined && parseVersionOption(options) < 2) {
        throw invalidRequest('cannot downgrade mount from version 2', 'kv-downgrade');
      }
    },
    close: async () => {
      await upgrade.close();
      store.close();
    },
  };
}
