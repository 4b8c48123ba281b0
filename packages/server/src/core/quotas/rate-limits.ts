// The rate limit quotas of an unsealed server: the stored rules, and who may ask now. Knows nothing of tokens: it has to
// hold against callers without one.
import { findAddress } from '../../framework/address.js';
import { ApiError, invalidRequest } from '../../framework/errors.js';
import type { Storage } from '../../framework/storage.js';
import { LiveDocument } from '../live-document.js';
import { type AddressBudget, RateLimiter, type Taken } from './rate-limiter.js';
import {
  decodeQuotaTable,
  EXEMPT_PATHS_MAX,
  encodeQuotaTable,
  type QuotaConfig,
  type QuotaTable,
  type RateLimitRule,
  RULES_MAX,
  RuleIndex,
} from './rules.js';

/** A login with a role, which may have a quota of its own. `mount` is 'auth/x/'. */
export interface Login {
  readonly mount: string;
  readonly role: string;
}

/** What is asked about: a canonical path, from where, when (milliseconds). */
export interface Asking {
  readonly path: string;
  readonly remoteAddress: string;
  readonly now: number;
  /** Null for everything else, and where no role has a quota. */
  readonly login: Login | null;
}

const KEY = 'rate-limit';

export class RateLimits {
  readonly #document: LiveDocument<QuotaTable>;
  readonly #budget: AddressBudget = { taken: 0 };
  #limiters: ReadonlyMap<string, RateLimiter> = new Map();
  #made: QuotaTable | null = null;
  /** Null while there is no quota: all that a request then asks. */
  #index: RuleIndex | null = null;

  /** @param storage the view `sys/quotas/` */
  constructor(storage: Storage) {
    this.#document = new LiveDocument(storage, KEY, {
      decode: decodeQuotaTable,
      encode: encodeQuotaTable,
    });
  }

  get table(): QuotaTable {
    return this.#document.current;
  }

  get index(): RuleIndex | null {
    return this.#index;
  }

  /** Takes up changes of other processes. Once before the first request, then every second or so. */
  async refresh(now: number): Promise<void> {
    await this.#document.refresh();
    this.#apply();
    for (const limiter of this.#limiters.values()) limiter.forgetIdle(now);
  }

  /** Null where no quota counts this request. */
  take(asking: Asking): Taken | null {
    const index = this.#index;
    if (index === null || index.isExempt(asking.path)) return null;
    const { login } = asking;
    const ofRole = login === null ? null : index.findForRole(login.mount, login.role);
    const rule = ofRole ?? index.find(asking.path);
    if (rule === null) return null;
    return this.#limiters.get(rule.name)?.take(clientOf(asking.remoteAddress), asking.now) ?? null;
  }

  /** Written anew under its name. @throws ApiError quota-similar, quotas-too-many */
  async put(rule: RateLimitRule): Promise<void> {
    await this.#change(({ config, rules }) => {
      const others = rules.filter((each) => each.name !== rule.name);
      const similar = others.find((each) => each.path === rule.path && each.role === rule.role);
      if (similar !== undefined) {
        const text = `quota rule with similar properties exists under the name "${similar.name}"`;
        throw invalidRequest(text, 'quota-similar');
      }
      if (others.length >= RULES_MAX) {
        throw invalidRequest(`more than ${RULES_MAX} quotas`, 'quotas-too-many');
      }
      return { config, rules: [...others, rule].sort(byName) };
    });
  }

  /** No error when there is none. */
  async delete(name: string): Promise<void> {
    await this.#keepRules((rule) => rule.name !== name);
  }

  /** Of a mount that is gone, as in Vault: another one at that path begins without. */
  async forgetMount(mount: string): Promise<void> {
    await this.#keepRules((rule) => !rule.path.startsWith(mount));
  }

  /** Quotas go where their mount goes. */
  async moveMount(from: string, to: string): Promise<void> {
    await this.#change((before) => {
      if (!before.rules.some((rule) => rule.path.startsWith(from))) return before;
      const rules = before.rules.map((rule) =>
        rule.path.startsWith(from) ? { ...rule, path: to + rule.path.slice(from.length) } : rule,
      );
      return { config: before.config, rules };
    });
  }

  /** Members that are null stay as they are. @throws ApiError quota-exempt-too-many */
  async configure(given: { readonly [K in keyof QuotaConfig]: QuotaConfig[K] | null }) {
    if ((given.exemptPaths?.length ?? 0) > EXEMPT_PATHS_MAX) {
      throw invalidRequest(`more than ${EXEMPT_PATHS_MAX} exempt paths`, 'quota-exempt-too-many');
    }
    await this.#change(({ config, rules }) => ({
      config: {
        auditRefusals: given.auditRefusals ?? config.auditRefusals,
        responseHeaders: given.responseHeaders ?? config.responseHeaders,
        exemptPaths: given.exemptPaths ?? config.exemptPaths,
      },
      rules,
    }));
  }

  async #keepRules(keep: (rule: RateLimitRule) => boolean): Promise<void> {
    await this.#change((before) => {
      const rules = before.rules.filter(keep);
      return rules.length === before.rules.length ? before : { config: before.config, rules };
    });
  }

  async #change(edit: (before: QuotaTable) => QuotaTable): Promise<void> {
    await this.#document.change(edit);
    this.#apply();
  }

  /** A quota that says the same as before goes on counting where it was. */
  #apply(): void {
    const table = this.#document.current;
    if (table === this.#made) return;
    const limiters = new Map<string, RateLimiter>();
    for (const rule of table.rules) {
      const before = this.#limiters.get(rule.name);
      const isSame = before !== undefined && JSON.stringify(before.rule) === JSON.stringify(rule);
      limiters.set(rule.name, isSame ? before : new RateLimiter(rule, this.#budget));
    }
    for (const [name, before] of this.#limiters) {
      if (limiters.get(name) !== before) before.close();
    }
    this.#limiters = limiters;
    this.#index = table.rules.length === 0 ? null : new RuleIndex(table);
    this.#made = table;
  }
}

const IPV6_CLIENT_BYTES = 8;

/**
 * What a client is counted as: an IPv4 address, or the /64 of an IPv6 address, since whoever has one address of it has
 * all of them; the same however the address is written.
 */
function clientOf(remoteAddress: string): string {
  const address = findAddress(remoteAddress);
  return address === null ? remoteAddress : address.toString('hex', 0, IPV6_CLIENT_BYTES);
}

function byName(a: RateLimitRule, b: RateLimitRule): number {
  return a.name < b.name ? -1 : 1;
}

/** 429 with Vault's text. */
export function rateLimited(path: string): ApiError {
  const text = `request path "${path}": rate limit quota exceeded`;
  return new ApiError('rate-limited', text, { code: 'rate-limit-exceeded' });
}
