// Answers "may this token do this operation on this path", and why. Deny is the answer to everything that no rule
// grants. Never sees a token, and keeps nothing of a request.
import type { Operation } from '../framework/backend.js';
import type { RawField } from '../framework/field.js';
import {
  CAPABILITY_BITS,
  type Capability,
  capabilityNames,
  isDenied,
  requiredCapability,
} from './capability.js';
import { type Explanation, explainRules } from './explain.js';
import { ROOT_POLICY } from './name.js';
import { findParameterFault } from './parameters.js';
import type { AclPolicy } from './parse.js';
import { reachesBelow } from './path-pattern.js';
import { type MergedRule, RuleIndex, type SkippedRule } from './rule-index.js';
import type { TemplateIdentity } from './template.js';

export interface AccessRequest {
  /** Canonical, below /v1/, without a leading slash: the string that is routed and audited. */
  readonly path: string;
  readonly operation: Operation;
  readonly parameters: ReadonlyMap<string, RawField>;
  /** Null: the response is not to be wrapped. */
  readonly wrapTtlSeconds: number | null;
  /** The path is protected: it needs the sudo capability beside the operation's own. */
  readonly sudoRequired: boolean;
}

export type DecisionReason =
  | 'granted'
  | 'root'
  /** No rule of any policy matches the path. */
  | 'no-rule'
  | 'denied'
  | 'capability-missing'
  | 'sudo-required'
  | 'wrapping-required'
  | 'wrapping-ttl-out-of-bounds'
  | 'parameter-required'
  | 'parameter-denied'
  | 'parameter-not-allowed';

/** As the audit log names them. */
export interface GrantingPolicy {
  readonly name: string;
  readonly type: 'acl';
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: DecisionReason;
  /** Empty unless allowed. */
  readonly grantingPolicies: readonly GrantingPolicy[];
  /** Path of the rule that decided, as written; null when there was none. */
  readonly matchedPath: string | null;
  /** Name of the field at fault, for the parameter-… reasons. */
  readonly parameter: string | null;
}

/** What the UI asks for. Prefixes without their '*'. */
export interface ResultantAcl {
  readonly root: boolean;
  readonly exact_paths: Readonly<Record<string, { readonly capabilities: readonly string[] }>>;
  readonly glob_paths: Readonly<Record<string, { readonly capabilities: readonly string[] }>>;
}

const PARAMETER_OPERATIONS: ReadonlySet<Operation> = new Set(['create', 'update', 'patch', 'read']);
const FOLDER_OPERATIONS: ReadonlySet<Operation> = new Set(['list', 'scan']);
const NO_POLICIES: readonly GrantingPolicy[] = [];
const ROOT_GRANT: Decision = {
  allowed: true,
  reason: 'root',
  grantingPolicies: [{ name: ROOT_POLICY, type: 'acl' }],
  matchedPath: null,
  parameter: null,
};
const NO_RULE: Decision = {
  allowed: false,
  reason: 'no-rule',
  grantingPolicies: NO_POLICIES,
  matchedPath: null,
  parameter: null,
};

function refuse(rule: MergedRule, reason: DecisionReason, parameter: string | null): Decision {
  const matchedPath = rule.pattern.text;
  return { allowed: false, reason, grantingPolicies: NO_POLICIES, matchedPath, parameter };
}

/** The policies of one token, compiled. Immutable; share it between requests. */
export class Acl {
  readonly isRoot: boolean;
  readonly #index: RuleIndex;
  readonly #grants = new Map<MergedRule, Map<Capability, Decision>>();

  constructor(
    policies: readonly AclPolicy[],
    identity: TemplateIdentity | null,
    options: { readonly isRoot: boolean },
  ) {
    this.#index = new RuleIndex(policies, identity);
    this.isRoot = options.isRoot;
  }

  /** Templated rules that this token's identity leaves without meaning. */
  get skippedRules(): readonly SkippedRule[] {
    return this.#index.skipped;
  }

  check(request: AccessRequest): Decision {
    if (this.isRoot) return ROOT_GRANT;
    const rule = this.#select(request.path, FOLDER_OPERATIONS.has(request.operation));
    if (rule === null) return NO_RULE;
    const reason = findRefusal(rule, request);
    if (reason !== null) return refuse(rule, reason, null);
    if (rule.parameters !== null && PARAMETER_OPERATIONS.has(request.operation)) {
      const fault = findParameterFault(rule.parameters, request.parameters);
      if (fault !== null) return refuse(rule, fault.code, fault.parameter);
    }
    return this.#grant(rule, requiredCapability(request.operation));
  }

  /** Sorted names; `['root']` for root, `['deny']` for nothing. */
  capabilities(path: string): readonly string[] {
    if (this.isRoot) return ['root'];
    const rule = this.#select(path, true);
    return rule === null ? ['deny'] : capabilityNames(rule.capabilities);
  }

  /** Which rule of which policy decides, and which others match and lose. Parameters and wrapping are only listed. */
  explain(path: string, operation: Operation): Explanation {
    const decision = this.check({
      path,
      operation,
      parameters: new Map(),
      wrapTtlSeconds: null,
      sudoRequired: false,
    });
    const rule = this.isRoot ? null : this.#select(path, FOLDER_OPERATIONS.has(operation));
    return explainRules({ path, operation, decision, rule, index: this.#index });
  }

  resultant(): ResultantAcl {
    const exact_paths = Object.create(null) as Record<string, { capabilities: readonly string[] }>;
    const glob_paths = Object.create(null) as Record<string, { capabilities: readonly string[] }>;
    for (const { pattern, capabilities } of this.isRoot ? [] : this.#index.rules()) {
      const entry = { capabilities: capabilityNames(capabilities) };
      if (pattern.kind === 'exact') exact_paths[pattern.text] = entry;
      else glob_paths[pattern.kind === 'prefix' ? pattern.prefix : pattern.text] = entry;
    }
    return { root: this.isRoot, exact_paths, glob_paths };
  }

  /**
   * True if there may be a path at or below `prefix` (a mount, ending in '/') on which some capability is granted.
   * Never false where one is.
   */
  anyAccessBelow(prefix: string): boolean {
    if (this.isRoot) return true;
    let covered = false;
    for (const { pattern, capabilities } of this.#index.rules()) {
      if (capabilities === 0 || isDenied(capabilities)) continue;
      const reach = reachesBelow(pattern, prefix);
      if (reach === 'below') return true;
      covered ||= reach === 'covers';
    }
    return covered && !this.#isClosed(prefix);
  }

  /** The rule that decides about all of `prefix` denies it: what covers it more broadly does not count. */
  #isClosed(prefix: string): boolean {
    const rule = this.#index.findWildcard(prefix);
    if (rule === null || rule.pattern.kind !== 'prefix') return false;
    return rule.capabilities === 0 || isDenied(rule.capabilities);
  }

  /**
   * Exact rules beat wildcard rules. A path ending in '/' is also looked up without it: there a deny always counts
   * (CVE-2026-12624), and a grant does for lists, if the path with the slash has no rule of that kind.
   */
  #select(path: string, isFolder: boolean): MergedRule | null {
    const index = this.#index;
    if (!path.endsWith('/')) return index.findExact(path) ?? index.findWildcard(path);
    const bare = path.slice(0, -1);
    const exact = index.findExact(path);
    const exactBare = index.findExact(bare);
    if (exactBare !== null && isDenied(exactBare.capabilities)) return exactBare;
    if (exact !== null) return exact;
    if (exactBare !== null && isFolder) return exactBare;
    const wildcard = index.findWildcard(path);
    const wildcardBare = index.findWildcard(bare);
    if (wildcardBare === null) return wildcard;
    if (wildcard === null) {
      return isFolder || isDenied(wildcardBare.capabilities) ? wildcardBare : null;
    }
    const outranked = wildcardBare.rank < wildcard.rank && isDenied(wildcardBare.capabilities);
    return outranked ? wildcardBare : wildcard;
  }

  /** Made once per rule and capability: a grant then costs no allocation. */
  #grant(rule: MergedRule, capability: Capability): Decision {
    let byCapability = this.#grants.get(rule);
    if (byCapability === undefined) {
      byCapability = new Map();
      this.#grants.set(rule, byCapability);
    }
    const known = byCapability.get(capability);
    if (known !== undefined) return known;
    const bit = CAPABILITY_BITS[capability];
    const granting = rule.sources.filter((source) => (source.capabilities & bit) !== 0);
    const names = [...new Set(granting.map((source) => source.policy))];
    const decision: Decision = {
      allowed: true,
      reason: 'granted',
      grantingPolicies: names.map((name) => ({ name, type: 'acl' })),
      matchedPath: rule.pattern.text,
      parameter: null,
    };
    byCapability.set(capability, decision);
    return decision;
  }
}

/** Everything but parameters. */
function findRefusal(rule: MergedRule, request: AccessRequest): DecisionReason | null {
  const { capabilities, minWrappingTtlSeconds: min, maxWrappingTtlSeconds: max } = rule;
  if (isDenied(capabilities)) return 'denied';
  const bit = CAPABILITY_BITS[requiredCapability(request.operation)];
  if ((capabilities & bit) === 0) return 'capability-missing';
  if (request.sudoRequired && (capabilities & CAPABILITY_BITS.sudo) === 0) return 'sudo-required';
  if (min === 0 && max === 0) return null;
  const ttl = request.wrapTtlSeconds;
  if (ttl === null) return 'wrapping-required';
  const inBounds = ttl >= min && (max === 0 || ttl <= max);
  return inBounds ? null : 'wrapping-ttl-out-of-bounds';
}

/**
 * @param policies parsed; the order does not matter
 * @param identity for templated paths; null skips those rules
 */
export function compileAcl(
  policies: readonly AclPolicy[],
  identity: TemplateIdentity | null = null,
): Acl {
  return new Acl(policies, identity, { isRoot: false });
}

/** May do everything. For tokens that have the root policy, and for nothing else. */
export function compileRootAcl(): Acl {
  return new Acl([], null, { isRoot: true });
}
