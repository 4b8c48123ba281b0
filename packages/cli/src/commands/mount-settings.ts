// The settings of a mount that `secrets enable`, `secrets tune`, `auth enable` and `auth tune` share.
import {
  booleanFlag,
  durationFlag,
  listFlag,
  pairsFlag,
  textFlag,
  type Values,
} from '../arguments/flag.js';

export const mountConfigFlags = {
  'default-lease-ttl': durationFlag('How long leases of this mount live unless asked otherwise.'),
  'max-lease-ttl': durationFlag('How long leases of this mount can live at most.'),
  'audit-non-hmac-request-keys': listFlag('Request field that audit records show in the clear.'),
  'audit-non-hmac-response-keys': listFlag('Response field that audit records show in the clear.'),
  'listing-visibility': textFlag('Who sees the mount listed: unauth is everybody, hidden nobody.'),
  'passthrough-request-headers': listFlag('Request header the engine gets to see.'),
  'allowed-response-headers': listFlag('Response header the engine may set.'),
  'plugin-version': textFlag('Version of the plugin to run.'),
} as const;

export const mountFlags = {
  description: textFlag('What the mount is for.'),
  path: textFlag('Where to mount; without it, the type’s own name.'),
  version: textFlag('Version of the engine, such as 2 for kv.'),
  options: pairsFlag('Option of the engine.'),
  local: booleanFlag('Do not replicate.'),
  'seal-wrap': booleanFlag('Wrap critical values with the seal as well.'),
  'external-entropy-access': booleanFlag('Let the engine use an external source of randomness.'),
  'force-no-cache': booleanFlag('Do not cache for this mount.'),
  'plugin-name': textFlag('Name of the plugin, for type plugin.'),
} as const;

/** What `secrets tune` and `auth tune` can change alike. */
export const tuneFlags = {
  ...mountConfigFlags,
  description: textFlag('What the mount is for.'),
  version: textFlag('Version of the mount, such as 2 for kv.'),
  options: pairsFlag('Option of the mount.'),
} as const;

/** Only what was given, under the API's names. */
function mountConfig(flags: Values<typeof mountConfigFlags>): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(flags)) {
    if (!(name in mountConfigFlags) || value === null) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    config[name.replaceAll('-', '_')] = value;
  }
  return config;
}

type OptionFlags = Pick<Values<typeof tuneFlags>, 'options' | 'version'>;

/** {} where none was given. */
function mountOptions(flags: OptionFlags): { options?: Record<string, string> } {
  const version = flags.version === null ? {} : { version: flags.version };
  const options = { ...flags.options, ...version };
  return Object.keys(options).length === 0 ? {} : { options };
}

/** Body of a tuning call. */
export function tuneBody(flags: Values<typeof tuneFlags>): Record<string, unknown> {
  return {
    ...mountConfig(flags),
    ...(flags.description === null ? {} : { description: flags.description }),
    ...mountOptions(flags),
  };
}

/** Body of an enabling call. */
export function mountBody(
  type: string,
  flags: Values<typeof mountFlags> & Values<typeof mountConfigFlags>,
): Record<string, unknown> {
  const { plugin_version, ...config } = mountConfig(flags);
  return {
    type,
    description: flags.description ?? '',
    local: flags.local,
    seal_wrap: flags['seal-wrap'],
    external_entropy_access: flags['external-entropy-access'],
    config: { ...config, ...(flags['force-no-cache'] ? { force_no_cache: true } : {}) },
    ...mountOptions(flags),
    ...(plugin_version === undefined ? {} : { plugin_version }),
    ...(flags['plugin-name'] === null ? {} : { plugin_name: flags['plugin-name'] }),
  };
}
