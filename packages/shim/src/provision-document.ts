// What a role delivers, as the server's authenticated answer states it: names and places, never values. Read strictly
// again here: what steers a loader or leaves the allowed shapes is refused even when a server says it.
import { ShimError } from './errors.js';

export interface ProvisionedEnv {
  readonly name: string;
  /** Path of a read, e.g. 'secret/data/web'. */
  readonly secretPath: string;
  readonly field: string;
}

export interface ProvisionedFile {
  /** Absolute, without . and .. segments. */
  readonly path: string;
  /** 0o600 or 0o400. */
  readonly mode: number;
  readonly secretPath: string;
  readonly field: string;
  readonly encoding: 'utf8' | 'base64';
}

export interface Provision {
  readonly env: readonly ProvisionedEnv[];
  readonly files: readonly ProvisionedFile[];
}

const ITEMS_MAX = 128;
const SECRET_PATH = /^(?!\/)(?!.*(^|\/)\.{1,2}(\/|$))[\x21-\x7e]{1,1024}(?<!\/)$/;
const FIELD = /^[\x20-\x7e]{1,1024}$/;
const FILE_PATH = /^\/(?!.*(\/\/|(^|\/)\.{1,2}(\/|$)))[\x20-\x7e]{1,1023}(?<!\/)$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
/** Would change what the workload runs rather than what it knows. */
const STEERING_ENV =
  /^(PATH|IFS|ENV|BASH_ENV|SHELLOPTS|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|SSL_CERT_.*|OPENSSL_CONF|(LD|DYLD)_.*|PYTHON(PATH|HOME|STARTUP)|PERL5(LIB|OPT)|RUBY(LIB|OPT)|JAVA_TOOL_OPTIONS|VAULT_.*|VOUCHSAFE_.*)$/;

function refuse(at: string, why: string): never {
  throw new ShimError('provision-refused', `provision.${at}: ${why}`, {
    hint: 'correct the role’s provision on the server',
  });
}

function text(value: unknown, shape: RegExp, at: string): string {
  if (typeof value === 'string' && shape.test(value)) return value;
  return refuse(at, 'not of an allowed form');
}

function items(value: unknown, at: string): readonly Readonly<Record<string, unknown>>[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > ITEMS_MAX) {
    return refuse(at, `want a list of at most ${ITEMS_MAX}`);
  }
  for (const [index, item] of value.entries()) {
    if (typeof item !== 'object' || item === null) refuse(`${at}[${index}]`, 'want an object');
  }
  return value as Readonly<Record<string, unknown>>[];
}

function parseEnv(item: Readonly<Record<string, unknown>>, at: string): ProvisionedEnv {
  const name = text(item.name, ENV_NAME, `${at}.name`);
  if (STEERING_ENV.test(name)) refuse(`${at}.name`, `${name} would steer what is run`);
  return {
    name,
    secretPath: text(item.path, SECRET_PATH, `${at}.path`),
    field: text(item.field, FIELD, `${at}.field`),
  };
}

function parseFile(item: Readonly<Record<string, unknown>>, at: string): ProvisionedFile {
  const { encoding = 'utf8' } = item;
  if (encoding !== 'utf8' && encoding !== 'base64') refuse(`${at}.encoding`, 'want utf8 or base64');
  return {
    path: text(item.path, FILE_PATH, `${at}.path`),
    mode: Number.parseInt(text(item.mode ?? '0600', /^0?[46]00$/, `${at}.mode`), 8),
    secretPath: text(item.secret_path, SECRET_PATH, `${at}.secret_path`),
    field: text(item.field, FIELD, `${at}.field`),
    encoding: encoding as 'utf8' | 'base64',
  };
}

/** @throws ShimError 'provision-refused' naming the member */
export function parseProvision(value: unknown): Provision {
  if (value === undefined || value === null) return { env: [], files: [] };
  if (typeof value !== 'object' || Array.isArray(value)) refuse('', 'want an object');
  const { env, files } = value as { readonly env?: unknown; readonly files?: unknown };
  const provision = {
    env: items(env, 'env').map((item, index) => parseEnv(item, `env[${index}]`)),
    files: items(files, 'files').map((item, index) => parseFile(item, `files[${index}]`)),
  };
  const targets = [...provision.env.map((e) => e.name), ...provision.files.map((f) => f.path)];
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) refuse(twice, 'delivered twice');
  return provision;
}
