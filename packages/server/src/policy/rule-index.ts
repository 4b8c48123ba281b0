// The rules of all policies of a token, merged by path and laid out for lookup: a map for exact paths, a sorted
// array with parent links for prefixes, groups in priority order for paths with open segments.
import type { CapabilitySet } from './capability.js';
import { withDeny } from './capability.js';
import { mergeConstraints, type ParameterConstraints } from './parameters.js';
import type { AclPolicy, PathRule } from './parse.js';
import {
  comparePriority,
  findPathPattern,
  matchesSegments,
  type PathPattern,
  type WildcardPattern,
} from './path-pattern.js';
import { expandTemplate, type TemplateIdentity } from './template.js';

/** One rule of one policy that went into a merged one. */
export interface RuleSource {
  readonly policy: string;
  readonly line: number;
  readonly capabilities: CapabilitySet;
  readonly comment: string;
}

/** What all policies together say about one path. */
export interface MergedRule {
  readonly pattern: PathPattern;
  readonly capabilities: CapabilitySet;
  /** Null when no rule limits any field. */
  readonly parameters: ParameterConstraints | null;
  readonly minWrappingTtlSeconds: number;
  readonly maxWrappingTtlSeconds: number;
  readonly sources: readonly RuleSource[];
  /** Among wildcard rules: the lower wins. */
  readonly rank: number;
}

/** A templated rule that means nothing for this identity. */
export interface SkippedRule {
  readonly policy: string;
  readonly line: number;
  readonly path: string;
  readonly why: 'unresolved' | 'unsafe-value';
}

type PrefixRule = MergedRule & { readonly pattern: Extract<PathPattern, { kind: 'prefix' }> };
type SegmentRule = MergedRule & { readonly pattern: Extract<PathPattern, { kind: 'segments' }> };

/** `parent`: index of the longest other prefix that this one starts with, or -1. */
interface PrefixNode {
  readonly rule: PrefixRule;
  readonly parent: number;
}

/** The smaller of two bounds; 0 is no bound. */
function smaller(left: number, right: number): number {
  return left === 0 || right === 0 ? left + right : Math.min(left, right);
}

function merge(before: MergedRule | undefined, pattern: PathPattern, rule: PathRule): MergedRule {
  const limits = rule.parameters;
  const none = limits.allowed === null && limits.denied === null && limits.required.length === 0;
  const parameters = none ? null : limits;
  if (before === undefined) {
    return { ...rule, pattern, parameters, sources: [], rank: 0 };
  }
  return {
    pattern,
    capabilities: withDeny(before.capabilities | rule.capabilities),
    parameters:
      before.parameters === null || parameters === null
        ? (before.parameters ?? parameters)
        : mergeConstraints(before.parameters, parameters),
    minWrappingTtlSeconds: smaller(before.minWrappingTtlSeconds, rule.minWrappingTtlSeconds),
    maxWrappingTtlSeconds: smaller(before.maxWrappingTtlSeconds, rule.maxWrappingTtlSeconds),
    sources: before.sources,
    rank: 0,
  };
}

function byCodeUnit(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/** Immutable once built. Lookups do not allocate, except to cut a path at '/' when segment rules could match. */
export class RuleIndex {
  readonly skipped: readonly SkippedRule[];
  readonly #byPath: ReadonlyMap<string, MergedRule>;
  readonly #exact: ReadonlyMap<string, MergedRule>;
  readonly #prefixes: readonly PrefixNode[];
  /** By the text before the first '+'; each group in priority order. */
  readonly #segments: ReadonlyMap<string, readonly SegmentRule[]>;
  /** Longest of those texts: no longer folder of a path needs to be looked up. */
  readonly #headLengthMax: number;

  constructor(policies: readonly AclPolicy[], identity: TemplateIdentity | null) {
    const skipped: SkippedRule[] = [];
    const merged = mergeByPath(policies, identity, skipped);
    rankWildcards(merged);
    const rules = [...merged.values()];
    this.skipped = skipped;
    this.#byPath = merged;
    this.#exact = new Map([...merged].filter(([, rule]) => rule.pattern.kind === 'exact'));
    this.#prefixes = linkPrefixes(
      rules.filter((rule): rule is PrefixRule => rule.pattern.kind === 'prefix'),
    );
    this.#segments = groupByHead(
      rules.filter((rule): rule is SegmentRule => rule.pattern.kind === 'segments'),
    );
    let headLengthMax = 1;
    for (const head of this.#segments.keys()) headLengthMax = Math.max(headLengthMax, head.length);
    this.#headLengthMax = headLengthMax;
  }

  rules(): Iterable<MergedRule> {
    return this.#byPath.values();
  }

  findExact(path: string): MergedRule | null {
    return this.#exact.get(path) ?? null;
  }

  /** The wildcard rule that decides about `path`, or null. */
  findWildcard(path: string): MergedRule | null {
    const prefix = this.#findPrefix(path);
    const segment = this.#findSegments(path);
    if (prefix === null || segment === null) return prefix ?? segment;
    return prefix.rank < segment.rank ? prefix : segment;
  }

  /** All rules that match, the one that decides first. For explanations; not fast. */
  listMatches(path: string): readonly MergedRule[] {
    const parts = path.split('/');
    const exact = this.findExact(path);
    const wildcards = [...this.rules()].filter(({ pattern }) => {
      if (pattern.kind === 'exact') return false;
      if (pattern.kind === 'prefix') return path.startsWith(pattern.prefix);
      return matchesSegments(pattern, path, parts);
    });
    wildcards.sort((left, right) => left.rank - right.rank);
    return exact === null ? wildcards : [exact, ...wildcards];
  }

  /**
   * The greatest prefix that sorts before `path` either matches, or every prefix that does match is one it starts
   * with itself: what lies between a prefix of the path and the path starts with that prefix.
   */
  #findPrefix(path: string): MergedRule | null {
    let low = 0;
    let high = this.#prefixes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const prefix = this.#prefixes[middle]?.rule.pattern.prefix ?? '';
      if (prefix <= path) low = middle + 1;
      else high = middle;
    }
    for (let at = low - 1; at >= 0; ) {
      const node = this.#prefixes[at];
      if (node === undefined) return null;
      if (path.startsWith(node.rule.pattern.prefix)) return node.rule;
      at = node.parent;
    }
    return null;
  }

  /**
   * Only rules whose text before the first '+' is a folder of the path can match, and those with the longest such
   * text win over the others: so folders are tried from the inside out, beginning with the longest that any rule has
   * (a path of a million slashes must not cost a million comparisons of its length).
   */
  #findSegments(path: string): MergedRule | null {
    if (this.#segments.size === 0) return null;
    let parts: readonly string[] | null = null;
    let end = Math.min(path.length, this.#headLengthMax);
    while (end > 0) {
      end = path.lastIndexOf('/', end - 1) + 1;
      for (const rule of this.#segments.get(path.slice(0, end)) ?? []) {
        parts ??= path.split('/');
        if (matchesSegments(rule.pattern, path, parts)) return rule;
      }
      end -= 1;
    }
    return null;
  }
}

function groupByHead(rules: readonly SegmentRule[]): ReadonlyMap<string, readonly SegmentRule[]> {
  const groups = new Map<string, SegmentRule[]>();
  for (const rule of [...rules].sort((left, right) => left.rank - right.rank)) {
    const group = groups.get(rule.pattern.head);
    if (group === undefined) groups.set(rule.pattern.head, [rule]);
    else group.push(rule);
  }
  return groups;
}

function mergeByPath(
  policies: readonly AclPolicy[],
  identity: TemplateIdentity | null,
  skipped: SkippedRule[],
): Map<string, MergedRule> {
  const merged = new Map<string, MergedRule>();
  for (const { name, rules } of policies) {
    for (const rule of rules) {
      const { line } = rule;
      let pattern: PathPattern | null;
      if ('parts' in rule.target) {
        const expansion = expandTemplate(rule.target, identity);
        if (!expansion.ok) {
          skipped.push({ policy: name, line, path: rule.path, why: expansion.why });
          continue;
        }
        pattern = findPathPattern(expansion.path);
      } else pattern = rule.target;
      if (pattern === null) {
        skipped.push({ policy: name, line, path: rule.path, why: 'unsafe-value' });
        continue;
      }
      const { capabilities, comment } = rule;
      const next = merge(merged.get(pattern.text), pattern, rule);
      const source = { policy: name, line, capabilities, comment };
      merged.set(pattern.text, { ...next, sources: [...next.sources, source] });
    }
  }
  return merged;
}

function rankWildcards(merged: Map<string, MergedRule>): void {
  const wildcards: (MergedRule & { readonly pattern: WildcardPattern })[] = [];
  for (const rule of merged.values()) {
    if (rule.pattern.kind !== 'exact') wildcards.push({ ...rule, pattern: rule.pattern });
  }
  wildcards.sort((left, right) => comparePriority(left.pattern, right.pattern));
  wildcards.forEach((rule, rank) => {
    merged.set(rule.pattern.text, { ...rule, rank });
  });
}

function linkPrefixes(rules: readonly PrefixRule[]): readonly PrefixNode[] {
  const sorted = [...rules].sort((left, right) =>
    byCodeUnit(left.pattern.prefix, right.pattern.prefix),
  );
  const open: number[] = [];
  return sorted.map((rule, index) => {
    const { prefix } = rule.pattern;
    while (open.length > 0) {
      const candidate = sorted[open.at(-1) ?? -1];
      if (candidate !== undefined && prefix.startsWith(candidate.pattern.prefix)) break;
      open.pop();
    }
    const parent = open.at(-1) ?? -1;
    open.push(index);
    return { rule, parent };
  });
}
