// Policy names on tokens, made canonical before anything is compared or stored.
import { canonicalPolicyNames } from '../framework/policy-name.js';

/** Names that only the server itself may put on a token. */
const NOT_ASSIGNABLE: ReadonlySet<string> = new Set(['response-wrapping', 'control-group']);

/** See policy-name; and 'root' stands alone. */
export function canonicalPolicies(names: readonly string[]): readonly string[] {
  const canonical = canonicalPolicyNames(names);
  return canonical.includes('root') ? ['root'] : canonical;
}

/** Adds 'default' unless it is there or 'root' is. */
export function withDefaultPolicy(policies: readonly string[]): readonly string[] {
  if (policies.includes('root') || policies.includes('default')) return policies;
  return canonicalPolicies([...policies, 'default']);
}

export function findNotAssignable(policies: readonly string[]): string | null {
  return policies.find((name) => NOT_ASSIGNABLE.has(name)) ?? null;
}

export function isSubset(inner: readonly string[], outer: readonly string[]): boolean {
  return inner.every((name) => outer.includes(name));
}

/** '*' stands for any run of characters, as in token roles. Linear: no backtracking over untrusted patterns. */
export function matchesGlob(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return pattern === name;
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (name.length < first.length + last.length) return false;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
