// The settings that `kv metadata put` and `kv metadata patch` share.
import {
  booleanFlag,
  durationFlag,
  type Flag,
  integerFlag,
  pairsFlag,
} from '../../arguments/flag.js';

/** Null when not given, so that a patch leaves it alone. */
const casRequired: Flag<boolean | null> = {
  ...booleanFlag('Refuse writes without -cas.'),
  fallback: null,
};

export const metadataFlags = {
  'cas-required': casRequired,
  'custom-metadata': pairsFlag('Note to keep beside the secret; readable without reading it.'),
  'delete-version-after': durationFlag('Delete every version this long after it is written.'),
  'max-versions': integerFlag('How many versions to keep; 0 is the engine’s default.'),
} as const;

/** Only what was given. */
export function metadataBody(flags: {
  readonly 'cas-required': boolean | null;
  readonly 'custom-metadata': Readonly<Record<string, string>>;
  readonly 'delete-version-after': string | null;
  readonly 'max-versions': number | null;
}): Record<string, unknown> {
  const custom = flags['custom-metadata'];
  const all: readonly [string, unknown][] = [
    ['cas_required', flags['cas-required']],
    ['custom_metadata', Object.keys(custom).length > 0 ? custom : null],
    ['delete_version_after', flags['delete-version-after']],
    ['max_versions', flags['max-versions']],
  ];
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}
