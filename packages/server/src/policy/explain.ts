// Says in words that an operator can act on which rule decided about a path and why the others did not.
import type { Operation } from '../framework/backend.js';
import type { Decision } from './acl.js';
import { capabilityNames } from './capability.js';
import type { ParameterConstraints } from './parameters.js';
import type { MergedRule, RuleIndex, RuleSource, SkippedRule } from './rule-index.js';

/** One rule of one policy. */
export interface ExplainedSource {
  readonly policy: string;
  /** In the policy's text. */
  readonly line: number;
  readonly capabilities: readonly string[];
  readonly comment: string;
}

export interface ExplainedRule {
  /** As written, templates filled in. */
  readonly path: string;
  /** All sources together; `['deny']` if one of them denies. */
  readonly capabilities: readonly string[];
  readonly sources: readonly ExplainedSource[];
  /** Names only; '*' is any. */
  readonly allowedParameters: readonly string[];
  readonly deniedParameters: readonly string[];
  readonly requiredParameters: readonly string[];
  /** 0: no bound. */
  readonly minWrappingTtlSeconds: number;
  readonly maxWrappingTtlSeconds: number;
}

export interface Explanation {
  readonly path: string;
  readonly operation: Operation;
  /** For a request without fields, not wrapped, on a path that needs no sudo. */
  readonly allowed: boolean;
  readonly reason: Decision['reason'];
  /** One sentence. */
  readonly summary: string;
  readonly decidedBy: ExplainedRule | null;
  /** Rules that match too but lose, the next in line first. */
  readonly overruled: readonly (ExplainedRule & { readonly because: string })[];
  readonly skipped: readonly SkippedRule[];
}

const REASONS: Readonly<Record<Decision['reason'], string>> = {
  granted: 'the rule grants it',
  root: 'the token has the root policy',
  'no-rule': 'no rule of any policy of the token matches this path',
  denied: 'a policy denies this path, and deny wins over every grant for the same path',
  'capability-missing': 'the rule that decides does not have the capability',
  'sudo-required': 'the rule that decides does not have sudo',
  'wrapping-required': 'the rule asks for a wrapped response',
  'wrapping-ttl-out-of-bounds': 'the wrapping TTL is outside the bounds of the rule',
  'parameter-required': 'the rule requires a parameter that is missing',
  'parameter-denied': 'the rule denies a parameter',
  'parameter-not-allowed': 'the rule does not allow a parameter',
};

function explainSource(source: RuleSource): ExplainedSource {
  const { policy, line, comment } = source;
  return { policy, line, comment, capabilities: capabilityNames(source.capabilities) };
}

function parameterNames(map: ParameterConstraints['allowed'] | undefined): readonly string[] {
  return [...(map?.keys() ?? [])];
}

function explainRule(rule: MergedRule): ExplainedRule {
  return {
    path: rule.pattern.text,
    capabilities: capabilityNames(rule.capabilities),
    sources: rule.sources.map(explainSource),
    allowedParameters: parameterNames(rule.parameters?.allowed),
    deniedParameters: parameterNames(rule.parameters?.denied),
    requiredParameters: rule.parameters?.required ?? [],
    minWrappingTtlSeconds: rule.minWrappingTtlSeconds,
    maxWrappingTtlSeconds: rule.maxWrappingTtlSeconds,
  };
}

function becauseOf(winner: MergedRule): string {
  return winner.pattern.kind === 'exact'
    ? `the exact path "${winner.pattern.text}" comes before any wildcard`
    : `"${winner.pattern.text}" is more specific`;
}

function summarize(path: string, operation: Operation, decision: Decision): string {
  const verdict = decision.allowed ? 'allowed' : 'denied';
  const by = decision.matchedPath === null ? '' : ` by the rule for "${decision.matchedPath}"`;
  return `${operation} on "${path}" is ${verdict}${by}: ${REASONS[decision.reason]}`;
}

/** @param input.rule the one that decided, null for root and for no rule */
export function explainRules(input: {
  readonly path: string;
  readonly operation: Operation;
  readonly decision: Decision;
  readonly rule: MergedRule | null;
  readonly index: RuleIndex;
}): Explanation {
  const { path, operation, decision, rule, index } = input;
  const matches = new Set(index.listMatches(path));
  if (path.endsWith('/')) for (const m of index.listMatches(path.slice(0, -1))) matches.add(m);
  const overruled = rule === null ? [] : [...matches].filter((match) => match !== rule);
  return {
    path,
    operation,
    allowed: decision.allowed,
    reason: decision.reason,
    summary: summarize(path, operation, decision),
    decidedBy: rule === null ? null : explainRule(rule),
    overruled: overruled.map((match) => ({
      ...explainRule(match),
      because: rule === null ? '' : becauseOf(rule),
    })),
    skipped: index.skipped,
  };
}
