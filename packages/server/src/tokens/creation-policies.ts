// Which policies a created token gets: pure. The one place where a token could gain more than its maker has.
import { invalidRequest } from '../framework/errors.js';
import {
  canonicalPolicies,
  findNotAssignable,
  isSubset,
  matchesGlob,
  withDefaultPolicy,
} from './policies.js';
import type { TokenRole } from './role.js';

export interface PolicyWish {
  /** Empty: none asked for. */
  readonly requested: readonly string[];
  readonly parent: readonly string[];
  readonly noDefaultPolicy: boolean;
  readonly hasSudo: boolean;
  readonly role: TokenRole | null;
}

function hasPolicyLists(role: TokenRole): boolean {
  const lists = [
    role.allowedPolicies,
    role.disallowedPolicies,
    role.allowedPoliciesGlob,
    role.disallowedPoliciesGlob,
  ];
  return lists.some((list) => list.length > 0);
}

function isDisallowed(role: TokenRole, name: string): boolean {
  if (canonicalPolicies(role.disallowedPolicies).includes(name)) return true;
  return role.disallowedPoliciesGlob.some((glob) => matchesGlob(glob.toLowerCase(), name));
}

/** The role's lists replace the rule that a child has no more than its parent. */
function policiesByRole(role: TokenRole, wish: PolicyWish): readonly string[] {
  const addDefault =
    !wish.noDefaultPolicy && !role.noDefaultPolicy && !isDisallowed(role, 'default');
  const finish = (names: readonly string[]): readonly string[] =>
    addDefault ? withDefaultPolicy(canonicalPolicies(names)) : canonicalPolicies(names);
  const allowed = finish(role.allowedPolicies);
  let result = finish(wish.requested.length > 0 ? wish.requested : wish.parent);
  if (role.allowedPolicies.length > 0 || role.allowedPoliciesGlob.length > 0) {
    if (wish.requested.length === 0) result = allowed;
    const isAllowed = (name: string): boolean =>
      allowed.includes(name) ||
      role.allowedPoliciesGlob.some((glob) => matchesGlob(glob.toLowerCase(), name));
    if (!result.every(isAllowed)) {
      const list = (names: readonly string[]): string =>
        names.map((name) => JSON.stringify(name)).join(' ');
      throw invalidRequest(
        `token policies ([${list(result)}]) must be subset of the role's allowed policies ([${list(allowed)}])`,
        'policies-not-allowed-by-role',
      );
    }
  }
  const bad = result.find((name) => isDisallowed(role, name));
  if (bad !== undefined) {
    throw invalidRequest(`token policy "${bad}" is disallowed by this role`, 'policy-disallowed');
  }
  return result;
}

function policiesByParent(wish: PolicyWish): readonly string[] {
  const parent = canonicalPolicies(wish.parent);
  // What the parent has, and not "default" on top of it: a child never has more.
  if (wish.requested.length === 0) return parent;
  const requested = canonicalPolicies(wish.requested);
  const noDefault = wish.noDefaultPolicy || (wish.role?.noDefaultPolicy ?? false);
  if (wish.hasSudo) return noDefault ? requested : withDefaultPolicy(requested);
  if (!isSubset(requested, parent)) {
    throw invalidRequest('child policies must be subset of parent', 'policies-not-subset');
  }
  return noDefault || !parent.includes('default') ? requested : withDefaultPolicy(requested);
}

/** Canonical policies of the new token. @throws ApiError invalid-request */
export function planPolicies(wish: PolicyWish): readonly string[] {
  const { role } = wish;
  const result =
    role !== null && hasPolicyLists(role) ? policiesByRole(role, wish) : policiesByParent(wish);
  const reserved = findNotAssignable(result);
  if (reserved !== null) {
    throw invalidRequest(`cannot assign policy "${reserved}"`, 'policy-not-assignable');
  }
  if (result.includes('root') && !canonicalPolicies(wish.parent).includes('root')) {
    throw invalidRequest(
      'root tokens may not be created without parent token being root',
      'root-needs-root',
    );
  }
  return result;
}
