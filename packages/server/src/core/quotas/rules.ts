// Rate limit quotas as they are stored and found: one document, bounded, and for each path the one quota that is most
// specific. Counts nothing.
import { ApiError } from '../../framework/errors.js';
import type { JsonValue } from '../../framework/json/value.js';

/** One quota. Durations in seconds. */
export interface RateLimitRule {
  readonly name: string;
  /** '' for all, 'kv/' for a mount, 'kv/data/a' for one path, 'kv/data/*' for those that begin so. Canonical. */
  readonly path: string;
  /** '' or the role of logins at the auth mount `path`. */
  readonly role: string;
  /** Requests of one client address in one interval. */
  readonly rate: number;
  readonly intervalSeconds: number;
  /** How long a client that went over is refused altogether; 0: until the interval ends. */
  readonly blockSeconds: number;
}

export interface QuotaConfig {
  readonly auditRefusals: boolean;
  readonly responseHeaders: boolean;
  /** Paths, or beginnings of paths with a '*' behind them, that no quota counts. */
  readonly exemptPaths: readonly string[];
}

export interface QuotaTable {
  readonly config: QuotaConfig;
  /** By name, sorted by it. */
  readonly rules: readonly RateLimitRule[];
}

/** Bounds the document, which is one entry of storage, and what a request is compared with. */
export const RULES_MAX = 500;
export const EXEMPT_PATHS_MAX = 256;

/** As Vault has it: what an operator needs while clients flood the server. */
export const DEFAULT_EXEMPT_PATHS: readonly string[] = [
  'sys/generate-recovery-token/attempt',
  'sys/generate-recovery-token/update',
  'sys/generate-root/attempt',
  'sys/generate-root/update',
  'sys/health',
  'sys/seal-status',
  'sys/unseal',
];

const FORMAT = 1;
const NEW_TABLE: QuotaTable = {
  config: { auditRefusals: false, responseHeaders: false, exemptPaths: DEFAULT_EXEMPT_PATHS },
  rules: [],
};

export function decodeQuotaTable(stored: unknown): QuotaTable {
  if (stored === null) return NEW_TABLE;
  const { format, config, rules } = stored as { readonly format: unknown } & QuotaTable;
  if (format === FORMAT) return { config, rules };
  throw new ApiError('internal', 'stored quotas are not readable', { code: 'quotas-unreadable' });
}

export function encodeQuotaTable({ config, rules }: QuotaTable): JsonValue {
  return { format: FORMAT, config: { ...config }, rules: rules.map((rule) => ({ ...rule })) };
}

/** A trailing '*' stands for any rest, everywhere else it is itself. */
function isGlob(path: string): boolean {
  return path.endsWith('*');
}

function roleKey(path: string, role: string): string {
  return `${path}\n${role}`;
}

/** What a request is looked up by. `path` is canonical, a list's with its trailing slash. */
export class RuleIndex {
  readonly #global: RateLimitRule | null;
  /** Mounts end in a slash, so they never meet exact paths. */
  readonly #byPath: ReadonlyMap<string, RateLimitRule>;
  /** Longest beginning first. */
  readonly #globs: readonly RateLimitRule[];
  readonly #byRole: ReadonlyMap<string, RateLimitRule>;
  readonly #mountsWithRoles: ReadonlySet<string>;
  readonly #exempt: ReadonlySet<string>;
  readonly #exemptBeginnings: readonly string[];

  constructor({ rules, config }: QuotaTable) {
    const plain = rules.filter((rule) => rule.role === '');
    const ofRoles = rules.filter((rule) => rule.role !== '');
    this.#global = plain.find((rule) => rule.path === '') ?? null;
    this.#byPath = new Map(plain.map((rule) => [rule.path, rule]));
    this.#globs = plain
      .filter((rule) => isGlob(rule.path))
      .sort((a, b) => b.path.length - a.path.length);
    this.#byRole = new Map(ofRoles.map((rule) => [roleKey(rule.path, rule.role), rule]));
    this.#mountsWithRoles = new Set(ofRoles.map((rule) => rule.path));
    this.#exempt = new Set(config.exemptPaths.filter((path) => !isGlob(path)));
    this.#exemptBeginnings = config.exemptPaths.filter(isGlob).map((path) => path.slice(0, -1));
  }

  isExempt(path: string): boolean {
    return (
      this.#exempt.has(withoutSlash(path)) ||
      this.#exemptBeginnings.some((beginning) => path.startsWith(beginning))
    );
  }

  /** Whether the path is below a mount where a role has a quota of its own. */
  isBelowRoles(path: string): boolean {
    if (this.#mountsWithRoles.size === 0) return false;
    return beginnings(path).some((mount) => this.#mountsWithRoles.has(mount));
  }

  findForRole(mount: string, role: string): RateLimitRule | null {
    return this.#byRole.get(roleKey(mount, role)) ?? null;
  }

  /** The path itself, else the longest beginning, else the mount, else the quota for everything. */
  find(path: string): RateLimitRule | null {
    const exact = this.#byPath.get(withoutSlash(path));
    if (exact !== undefined) return exact;
    for (const rule of this.#globs) {
      if (path.startsWith(rule.path.slice(0, -1))) return rule;
    }
    for (const mount of beginnings(path)) {
      const rule = this.#byPath.get(mount);
      if (rule !== undefined) return rule;
    }
    return this.#byPath.get(`${path}/`) ?? this.#global;
  }
}

/** What could be the path of the mount. */
function beginnings(path: string): string[] {
  const found: string[] = [];
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    found.push(path.slice(0, slash + 1));
  }
  return found;
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
