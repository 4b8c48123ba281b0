// The flags every command that talks to a server has, and how they and the environment become a connection. A flag
// wins over VOUCHSAFE_*, which wins over VAULT_*.
import {
  type ConnectionSettings,
  findVariable,
  readEnvironment,
  type Variables,
} from '@vouchsafe/client/node';
import {
  booleanFlag,
  choiceFlag,
  durationFlag,
  type Flag,
  pairsFlag,
  textFlag,
  UsageError,
  type Values,
} from '../arguments/flag.js';

export const connectionFlags = {
  address: textFlag(
    'Address of the server: http://, https:// or unix://. Also VOUCHSAFE_ADDR, VAULT_ADDR; without any, https://127.0.0.1:8200.',
  ),
  'ca-cert': textFlag(
    'PEM file with the CA to believe instead of the system’s. Also VOUCHSAFE_CACERT.',
    { valueName: 'FILE' },
  ),
  'ca-path': textFlag('Folder of such files. Also VOUCHSAFE_CAPATH.', { valueName: 'FOLDER' }),
  'client-cert': textFlag('PEM certificate to show the server. Also VOUCHSAFE_CLIENT_CERT.', {
    valueName: 'FILE',
  }),
  'client-key': textFlag('PEM key of that certificate. Also VOUCHSAFE_CLIENT_KEY.', {
    valueName: 'FILE',
  }),
  'tls-server-name': textFlag(
    'Name to expect in the server’s certificate. Also VOUCHSAFE_TLS_SERVER_NAME.',
  ),
  'tls-skip-verify': booleanFlag(
    'Do not check the server’s certificate: anybody in between can read everything. Also VOUCHSAFE_SKIP_VERIFY.',
  ),
  namespace: textFlag('Namespace to work in. Also VOUCHSAFE_NAMESPACE.', { aliases: ['ns'] }),
  'wrap-ttl': durationFlag(
    'Wrap the answer in a single-use token that lives this long. Also VOUCHSAFE_WRAP_TTL.',
  ),
  header: pairsFlag('HTTP header to send. Names that begin with X-Vault- are refused.'),
  mfa: textFlag('MFA credential, METHOD_ID:PASSCODE. Also VOUCHSAFE_MFA.'),
  'policy-override': booleanFlag('Override a soft-mandatory policy.', false, { hidden: true }),
  'non-interactive': booleanFlag('Never ask on the terminal; fail instead.'),
  'output-curl-string': booleanFlag('Print the request as a curl command instead of sending it.'),
  'output-policy': booleanFlag('Print the policy the request needs instead of sending it.'),
} as const;

export type Format = 'table' | 'json' | 'yaml' | 'raw';
export const formats = ['table', 'json', 'yaml', 'raw', 'yml', 'pretty'] as const;

/** `fallback` comes from VOUCHSAFE_FORMAT. */
export const formatFlag: Flag<(typeof formats)[number] | null> = {
  ...choiceFlag(
    'How to print. Also VOUCHSAFE_FORMAT; without any, table.',
    ['table', 'json', 'yaml', 'raw', 'yml', 'pretty'],
    'table',
  ),
  help: 'How to print: table, json or yaml; raw where it says so. Also VOUCHSAFE_FORMAT.',
  defaultText: 'table',
  fallback: null,
};

export const fieldFlag = textFlag(
  'Print only this field, without heading; with no newline unless on a terminal.',
  { valueName: 'NAME' },
);

/** @throws UsageError */
export function chooseFormat(flag: string | null, variables: Variables): Format {
  const text = flag ?? findVariable(variables, 'FORMAT')?.toLowerCase() ?? 'table';
  if (text === 'yml') return 'yaml';
  if (text === 'pretty') return 'table';
  if (text === 'table' || text === 'json' || text === 'yaml' || text === 'raw') return text;
  throw new UsageError('VOUCHSAFE_FORMAT: want table, json, yaml or raw');
}

function headersOf(values: Values<typeof connectionFlags>, env: Variables): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(values.header)) {
    if (/^x-vault-/i.test(name)) {
      throw new UsageError('-header: names that begin with X-Vault- are reserved');
    }
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || /[^\t\x20-\x7e]/.test(value)) {
      throw new UsageError('-header: want NAME=VALUE in visible ASCII');
    }
    headers[name] = value;
  }
  const mfa = values.mfa ?? findVariable(env, 'MFA');
  if (mfa !== null) headers['X-Vault-MFA'] = mfa;
  if (values['policy-override']) headers['X-Vault-Policy-Override'] = 'true';
  return headers;
}

/** Flags over environment. @throws UsageError, InvalidRequestError */
export function chooseConnection(
  values: Values<typeof connectionFlags>,
  env: Variables,
): ConnectionSettings & { readonly headers: Readonly<Record<string, string>> } {
  const base = readEnvironment(env);
  return {
    ...base,
    address: values.address ?? base.address,
    namespace: values.namespace ?? base.namespace,
    wrapTtl: values['wrap-ttl'] ?? base.wrapTtl,
    headers: headersOf(values, env),
    tls: {
      caFile: values['ca-cert'] ?? base.tls.caFile ?? null,
      caPath: values['ca-path'] ?? base.tls.caPath ?? null,
      clientCertFile: values['client-cert'] ?? base.tls.clientCertFile ?? null,
      clientKeyFile: values['client-key'] ?? base.tls.clientKeyFile ?? null,
      serverName: values['tls-server-name'] ?? base.tls.serverName ?? null,
      skipVerify: values['tls-skip-verify'] || base.tls.skipVerify === true,
    },
  };
}
