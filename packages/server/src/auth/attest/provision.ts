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

/** What follows /v1/ in a URL: no segments that go up, nothing that begins a query or an escape. */
const SECRET_PATH = /^(?!.*(^|\/)\.{0,2}(\/|$))[\x21-\x7e]+$/;
const NOT_IN_SECRET_PATH = /[?#%\\]/;
const FIELD = /^[\x20-\x7e]+$/;
const FILE_PATH = /^(?!.*\/\.{0,2}(\/|$))\/[\x20-\x7e]+$/;
/** Would change what the workload runs, or whom it trusts, rather than what it knows. */
const FORBIDDEN_ENV = new RegExp(
  `^(${[
    'PATH|IFS|ENV|BASH_ENV|BASH_FUNC.*|SHELLOPTS|PS4|PROMPT_COMMAND|CDPATH',
    '(LD|DYLD)_.*|GLIBC_TUNABLES|MALLOC_.*|GCONV_PATH|LOCPATH|NLSPATH|HOSTALIASES|RES_OPTIONS',
    'NODE_(OPTIONS|PATH|EXTRA_CA_CERTS|TLS_REJECT_UNAUTHORIZED|REPL_EXTERNAL_MODULE)',
    'SSL_CERT_.*|SSLKEYLOGFILE|OPENSSL_(CONF|MODULES|ENGINES)',
    'PYTHON.*|PERL5.*|PERLLIB|RUBY(LIB|OPT)|PHPRC|PHP_INI_SCAN_DIR|LUA_(INIT|PATH|CPATH).*',
    '_?JAVA_(TOOL_)?OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|GIT_.*',
    'VAULT_.*|VOUCHSAFE_.*',
  ].join('|')})$`,
);

function secretPath(value: unknown, at: string): string {
  const want = 'a path such as secret/data/web';
  const path = text(value, at, SECRET_PATH, want);
  return NOT_IN_SECRET_PATH.test(path) ? refuse(at, want) : path;
}

/** Two that go to one place: the workload would get one of them, and nobody could say which. */
function checkDistinct(targets: readonly string[], at: string): void {
  if (new Set(targets).size !== targets.length) refuse(at, 'each target once');
}

function readEnv(value: unknown, at: string): ProvisionedEnv {
  const item = members(value, at, ['name', 'path', 'field']);
  const name = text(item.name, `${at}.name`, /^[A-Za-z_][A-Za-z0-9_]{0,254}$/, 'a variable name');
  if (FORBIDDEN_ENV.test(name)) refuse(`${at}.name`, 'a variable that does not steer a loader');
  return {
    name,
    path: secretPath(item.path, `${at}.path`),
    field: text(item.field, `${at}.field`, FIELD, 'the name of a field'),
  };
}

function readFile(value: unknown, at: string): ProvisionedFile {
  const item = members(value, at, ['path', 'mode', 'secret_path', 'field', 'encoding']);
  return {
    path: text(item.path, `${at}.path`, FILE_PATH, 'an absolute path without . or .. segments'),
    mode: text(item.mode ?? '0600', `${at}.mode`, /^0?[46]00$/, '0600 or 0400').padStart(4, '0'),
    secret_path: secretPath(item.secret_path, `${at}.secret_path`),
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
  const env = list(root.env, 'env', readEnv);
  const files = list(root.files, 'files', readFile);
  checkDistinct(
    env.map((item) => item.name),
    'env',
  );
  checkDistinct(
    files.map((item) => item.path),
    'files',
  );
  return { env, files };
}
