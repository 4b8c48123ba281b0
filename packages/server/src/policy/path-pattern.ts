// What a rule's path means: exact, prefix (trailing '*') or with whole segments open ('+'). Patterns are compared
// by code unit, never turned into regular expressions. Paths are canonical before they come here.

/** @property text as written, without a leading slash. */
export type PathPattern =
  | { readonly kind: 'exact'; readonly text: string }
  | { readonly kind: 'prefix'; readonly text: string; readonly prefix: string }
  | {
      readonly kind: 'segments';
      readonly text: string;
      /** Text before the first '+' segment: a quick first check. */
      readonly head: string;
      /** '+' for any one segment. Without the trailing '*'. */
      readonly segments: readonly string[];
      /** The pattern ended in '*': the last segment is a prefix and anything may follow. */
      readonly open: boolean;
    };

export type WildcardPattern = Exclude<PathPattern, { kind: 'exact' }>;

const ANY_SEGMENT = '+';

/** Null for '+*', which has no meaning. '*' that is not last and '+' inside a segment are literal. */
export function findPathPattern(written: string): PathPattern | null {
  const text = written.startsWith('/') ? written.slice(1) : written;
  if (text.includes('+*')) return null;
  const open = text.endsWith('*');
  const body = open ? text.slice(0, -1) : text;
  const segments = body.split('/');
  const first = segments.indexOf(ANY_SEGMENT);
  if (first >= 0) {
    const head = segments.slice(0, first).map((segment) => `${segment}/`);
    return { kind: 'segments', text, head: head.join(''), segments, open };
  }
  return open ? { kind: 'prefix', text, prefix: body } : { kind: 'exact', text };
}

/** `segments` is `path` cut at '/', made once per check. An empty segment does not count as one. */
export function matchesSegments(
  pattern: Extract<PathPattern, { kind: 'segments' }>,
  path: string,
  segments: readonly string[],
): boolean {
  if (!path.startsWith(pattern.head)) return false;
  const wanted = pattern.segments;
  const last = wanted.length - 1;
  if (pattern.open ? segments.length <= last : segments.length !== wanted.length) return false;
  for (let i = 0; i <= last; i += 1) {
    const want = wanted[i] ?? '';
    const got = segments[i] ?? '';
    if (pattern.open && i === last) return got.startsWith(want);
    if (want === ANY_SEGMENT ? got === '' : got !== want) return false;
  }
  return true;
}

function firstWildcard(pattern: WildcardPattern): number {
  return pattern.kind === 'prefix' ? pattern.prefix.length : pattern.head.length;
}

function anySegments(pattern: WildcardPattern): number {
  if (pattern.kind === 'prefix') return 0;
  return pattern.segments.reduce((count, segment) => count + (segment === ANY_SEGMENT ? 1 : 0), 0);
}

function isOpen(pattern: WildcardPattern): boolean {
  return pattern.kind === 'prefix' || pattern.open;
}

/**
 * Sorts the pattern that wins first. Left loses if, in order: its first wildcard is earlier; it alone ends in '*';
 * it has more '+' segments; it is shorter; it is lexicographically smaller.
 */
export function comparePriority(left: WildcardPattern, right: WildcardPattern): number {
  const wildcard = firstWildcard(right) - firstWildcard(left);
  if (wildcard !== 0) return wildcard;
  if (isOpen(left) !== isOpen(right)) return isOpen(left) ? 1 : -1;
  const segments = anySegments(left) - anySegments(right);
  if (segments !== 0) return segments;
  const length = right.text.length - left.text.length;
  if (length !== 0) return length;
  return left.text === right.text ? 0 : left.text < right.text ? 1 : -1;
}

/**
 * Whether the pattern matches something at or below `prefix` (a folder, ending in '/'; the folder without its slash
 * counts, lists fall back on it), or everything there, or nothing.
 */
export function reachesBelow(pattern: PathPattern, prefix: string): 'below' | 'covers' | 'no' {
  if (pattern.kind === 'exact') {
    return pattern.text.startsWith(prefix) || `${pattern.text}/` === prefix ? 'below' : 'no';
  }
  if (pattern.kind === 'prefix') {
    if (pattern.prefix.startsWith(prefix)) return 'below';
    return prefix.startsWith(pattern.prefix) ? 'covers' : 'no';
  }
  const folders = prefix.split('/').slice(0, -1);
  const wanted = pattern.segments;
  for (const [index, folder] of folders.entries()) {
    const want = wanted[index];
    if (want === undefined) return 'no';
    const isLast = index === wanted.length - 1;
    if (isLast && pattern.open) return folder.startsWith(want) ? 'covers' : 'no';
    if (want !== ANY_SEGMENT && want !== folder) return 'no';
  }
  return wanted.length >= folders.length ? 'below' : 'no';
}
