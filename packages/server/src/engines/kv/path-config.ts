// KV v2's config: settings of the mount that hold where a key has none of its own.

import type { Path } from '../../framework/backend.js';
import { formatDuration } from '../../framework/duration.js';
import { field } from '../../framework/field.js';
import { path } from '../../framework/path.js';
import type { KeyStore } from './key-store.js';
import { checkMaxVersions, signedDuration } from './settings.js';

export function configPath(store: KeyStore): Path {
  return path({
    pattern: 'config',
    help: {
      synopsis: 'Reads and changes the settings of this mount.',
      description: 'Only the settings given are changed.',
    },
    fields: {
      max_versions: field.optionalInteger('How many versions to keep of each key; 0 is 10.'),
      cas_required: field.optionalBoolean('Whether every write must carry options.cas.'),
      metadata_cas_required: field.optionalBoolean(
        'Whether every change of metadata must carry metadata_cas.',
      ),
      delete_version_after: signedDuration(
        'Time after which a version is deleted; 0 is never, negative is never for any key.',
      ),
    },
    operations: {
      read: async (request) => {
        const config = await store.config(request.storage);
        const seconds = config.deleteVersionAfterSeconds;
        return {
          data: {
            cas_required: config.casRequired,
            delete_version_after: seconds < 0 ? '-1s' : formatDuration(seconds),
            max_versions: config.maxVersions,
            metadata_cas_required: config.metadataCasRequired,
          },
        };
      },
      update: async (request, values) => {
        const maxVersions = checkMaxVersions(values.max_versions);
        await store.changeConfig(request.storage, (before) => ({
          maxVersions: maxVersions ?? before.maxVersions,
          casRequired: values.cas_required ?? before.casRequired,
          metadataCasRequired: values.metadata_cas_required ?? before.metadataCasRequired,
          deleteVersionAfterSeconds:
            values.delete_version_after ?? before.deleteVersionAfterSeconds,
        }));
        return null;
      },
    },
  });
}
