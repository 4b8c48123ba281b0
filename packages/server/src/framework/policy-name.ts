// The one function that says when two policy names are the same. Whatever stores, attaches or compares a name goes
// through it: a second spelling of "root" must not exist (CVE-2025-5999, CVE-2025-54996, CVE-2025-64761).

/** Lower case and without white space around it. Idempotent. Does not say whether the name is allowed. */
export function canonicalPolicyName(name: string): string {
  return name.trim().toLowerCase();
}

/** Canonical, each once, sorted by code unit; empty names dropped. What a token stores. */
export function canonicalPolicyNames(names: readonly string[]): readonly string[] {
  const unique = new Set(names.map(canonicalPolicyName));
  unique.delete('');
  return [...unique].sort();
}
