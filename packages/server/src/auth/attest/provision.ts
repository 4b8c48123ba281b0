// What a role delivers to a workload, stated on the server so that no host can add to it. Names of secrets only,
// never their values.
import { invalidRequest } from '../../framework/errors.js';

export interface ProvisionedEnv {
  readonly name: string;
  /** Path of a read, e.g. 'secret/data/web'. */
  readonly path: string;
  readonly field: string;
}

export interface ProvisionedFile {
  /** Absolute; the shim writes below its allowed folders only. */
  readonly path: string;
  /** Octal text, '0600' or '0400'. */
  readonly mode: string;
  readonly secret_path: string;
  readonly field: string;
  readonly encoding: 'utf8' | 'base64';
}

export interface Provision {
  readonly env: readonly ProvisionedEnv[];
  readonly files: readonly ProvisionedFile[];
}

export const NO_PROVISION: Provision = { env: [], files: [] };
const ITEMS_MAX = 128;

function refuse(at: string, want: string): never {
  throw invalidRequest(`provision.${at} is not valid: want ${want}`, 'provision-invalid');
}

function members(value: unknown, at: string, names: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(at, 'an object');
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) refuse(at, `no other members than ${names.join(', ')}`);
  }
  return value as Record<string, unknown>;
}

function text(value: unknown, at: string, shape: RegExp, want: string): string {
  if (typeof value === 'string' && value.length <= 1024 && shape.test(value)) return value;
  return refuse(at, want);
}

function list<T>(value: unknown, at: string, read: (item: unknown, at: string) => T): readonly T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > ITEMS_MAX)
    refuse(at, `a list of at most ${ITEMS_MAX}`);
  return value.map((item, index) => read(item, `${at}[${index}]`));
}

const SECRET_PATH = /^(?!\/)[\x21-\x7e]+(?<!\/)$/;
const FIELD = /^[\x20-\x7e]+$/;
const NO_ESCAPE = /^\/(?!.*(\/\/|\/\.{1,2}(\/|$)))[\x20-\x7e]+(?<!\/)$/;
/** Would change what the workload runs rather than what it knows. */
const FORBIDDEN_ENV =
  /^(PATH|IFS|ENV|BASH_ENV|SHELLOPTS|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|SSL_CERT_.*|OPENSSL_CONF|(LD|DYLD)_.*|PYTHON(PATH|HOME|STARTUP)|PERL5(LIB|OPT)|RUBY(LIB|OPT)|JAVA_TOOL_OPTIONS|VAULT_.*|VOUCHSAFE_.*)$/;

function readEnv(value: unknown, at: string): ProvisionedEnv {
  const item = members(value, at, ['name', 'path', 'field']);
  const name = text(item.name, `${at}.name`, /^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable name');
  if (FORBIDDEN_ENV.test(name)) refuse(`${at}.name`, 'a variable that does not steer a loader');
  return {
    name,
    path: text(item.path, `${at}.path`, SECRET_PATH, 'a path such as secret/data/web'),
    field: text(item.field, `${at}.field`, FIELD, 'the name of a field'),
  };
}

function readFile(value: unknown, at: string): ProvisionedFile {
  const item = members(value, at, ['path', 'mode', 'secret_path', 'field', 'encoding']);
  return {
    path: text(item.path, `${at}.path`, NO_ESCAPE, 'an absolute path without . or .. segments'),
    mode: text(item.mode ?? '0600', `${at}.mode`, /^0?[46]00$/, '0600 or 0400'),
    secret_path: text(
      item.secret_path,
      `${at}.secret_path`,
      SECRET_PATH,
      'a path such as secret/data/web',
    ),
    field: text(item.field, `${at}.field`, FIELD, 'the name of a field'),
    encoding: text(
      item.encoding ?? 'utf8',
      `${at}.encoding`,
      /^(utf8|base64)$/,
      'utf8 or base64',
    ) as 'utf8' | 'base64',
  };
}

/** @throws ApiError provision-invalid naming the member */
export function parseProvision(value: unknown): Provision {
  if (value === null || value === undefined) return NO_PROVISION;
  const root = members(value, '', ['env', 'files']);
  return { env: list(root.env, 'env', readEnv), files: list(root.files, 'files', readFile) };
}
