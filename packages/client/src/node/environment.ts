// How a process is told which server to talk to: VOUCHSAFE_* first, then VAULT_*. Reads variables only; never prints
// one.
import { InvalidRequestError } from '../errors.js';
import type { TlsSettings } from './tls-options.js';

export type Variables = Readonly<Record<string, string | undefined>>;

/** VOUCHSAFE_NAME, else VAULT_NAME; an empty value counts as unset. */
export function findVariable(variables: Variables, name: string): string | null {
  return variables[`VOUCHSAFE_${name}`] || variables[`VAULT_${name}`] || null;
}

/** Go's idea of a boolean. @throws InvalidRequestError */
export function parseBoolean(text: string, what: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new InvalidRequestError(`${what}: want true or false`);
}

/** Seconds as a number, or a duration such as 1m30s; in milliseconds. @throws InvalidRequestError */
export function parseDurationMs(text: string, what: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  const units: Readonly<Record<string, number>> = {
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  };
  if (!/^([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h|d))+$/.test(text)) {
    throw new InvalidRequestError(`${what}: want seconds or a duration such as 30s or 1h`);
  }
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/([0-9]+(\.[0-9]+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (units[unit ?? ''] ?? 0);
  }
  return total;
}

/** Everything about the connection that the environment says. */
export interface ConnectionSettings {
  /** Default https://127.0.0.1:8200. */
  readonly address: string;
  readonly token: string | null;
  readonly namespace: string | null;
  readonly wrapTtl: string | null;
  readonly timeoutMs: number;
  readonly retriesMax: number;
  readonly tls: TlsSettings;
}

export const defaultAddress = 'https://127.0.0.1:8200';

/** @throws InvalidRequestError for a value that cannot be read; it names the variable and not the value */
export function readEnvironment(variables: Variables): ConnectionSettings {
  const find = (name: string): string | null => findVariable(variables, name);
  const retries = find('MAX_RETRIES') ?? '2';
  if (!/^[0-9]{1,3}$/.test(retries)) throw new InvalidRequestError('MAX_RETRIES: want a number');
  return {
    address: find('ADDR') ?? defaultAddress,
    token: find('TOKEN'),
    namespace: find('NAMESPACE'),
    wrapTtl: find('WRAP_TTL'),
    timeoutMs: parseDurationMs(find('CLIENT_TIMEOUT') ?? '60s', 'CLIENT_TIMEOUT'),
    retriesMax: Number(retries),
    tls: {
      caFile: find('CACERT'),
      caPath: find('CAPATH'),
      clientCertFile: find('CLIENT_CERT'),
      clientKeyFile: find('CLIENT_KEY'),
      serverName: find('TLS_SERVER_NAME'),
      skipVerify: parseBoolean(find('SKIP_VERIFY') ?? 'false', 'SKIP_VERIFY'),
    },
  };
}
