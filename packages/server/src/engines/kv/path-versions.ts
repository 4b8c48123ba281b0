// KV v2's delete/, undelete/ and destroy/: what happens to versions by number.
import type { Path, Request } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { path } from '../../framework/path.js';
import type { KeyStore } from './key-store.js';
import { changeVersions, isDeleted, type VersionInfo } from './metadata.js';
import { requireKey } from './require-key.js';

const NUMBERS_MAX = 10_000;

type Change = (version: VersionInfo, now: number) => VersionInfo;

const changes: Readonly<Record<'delete' | 'undelete' | 'destroy', Change>> = {
  delete: (version, now) =>
    version.destroyed || isDeleted(version, now) ? version : { ...version, deletionTime: now },
  undelete: (version) =>
    version.destroyed || version.deletionTime === 0 ? version : { ...version, deletionTime: 0 },
  destroy: (version) => (version.destroyed ? version : { ...version, destroyed: true }),
};

async function apply(
  store: KeyStore,
  request: Request,
  key: string,
  numbers: readonly number[],
  change: Change,
): Promise<null> {
  if (numbers.length === 0) {
    throw invalidRequest('No version number provided', 'kv-no-version');
  }
  if (numbers.length > NUMBERS_MAX) {
    throw invalidRequest('field "versions" is not valid: too many numbers', 'field-invalid');
  }
  const named = new Set(numbers);
  return await store.change(request.storage, key, async (state) => {
    const before = state?.metadata;
    if (before === undefined) return null;
    const next = changeVersions(before, named, (version) => change(version, request.now));
    if (next === null) return null;
    const dropped = next.versions
      .filter((version, index) => version.destroyed && !before.versions[index]?.destroyed)
      .map((version) => version.number);
    return { next, values: [], dropped, result: null };
  });
}

function versionsPath(
  store: KeyStore,
  name: keyof typeof changes,
  synopsis: string,
  description: string,
): Path {
  const update = (
    request: Request,
    values: { readonly path: string; readonly versions: readonly number[] },
  ) => apply(store, request, requireKey(values.path), values.versions, changes[name]);
  return path({
    pattern: `${name}/:path*`,
    help: { synopsis, description },
    fields: {
      path: field.string('Name of the key.'),
      versions: field.integerList('Numbers of the versions.'),
    },
    operations: { update },
  });
}

export function versionsPaths(store: KeyStore): readonly Path[] {
  return [
    versionsPath(
      store,
      'delete',
      'Deletes versions so that they can be brought back.',
      'The values stay in storage and are not returned until the versions are undeleted.',
    ),
    versionsPath(
      store,
      'undelete',
      'Brings deleted versions back.',
      'Destroyed versions stay as they are.',
    ),
    versionsPath(
      store,
      'destroy',
      'Removes the values of versions for good.',
      'The values are deleted from storage; the metadata says that they were destroyed.',
    ),
  ];
}
