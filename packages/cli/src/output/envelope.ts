// Shows an answer of the server as a table, and finds single fields in it, under the names Vault's command gives them.
import type { Auth, Envelope, WrapInfo } from '@vouchsafe/client';
import { cellText, goDuration, goQuotedList, goText, goTime } from './go-text.js';
import { formatPairs } from './table.js';

type Pair = readonly [string, string];
type Answer = Partial<Envelope>;

function authFields(auth: Auth): readonly (readonly [string, unknown, string])[] {
  if (auth.mfa_requirement) {
    const { mfa_request_id: id, mfa_constraints: constraints } = auth.mfa_requirement;
    return [
      ['mfa_request_id', id, id],
      ['mfa_constraints', constraints, goText(constraints)],
    ];
  }
  const ttl = auth.lease_duration;
  const list = (items: readonly string[] | null | undefined) => goQuotedList(items);
  return [
    ['token', auth.client_token, auth.client_token],
    ['token_accessor', auth.accessor, auth.accessor],
    // Nothing to count down usually means a root token.
    ['token_duration', ttl, ttl === 0 ? '∞' : goDuration(ttl)],
    ['token_renewable', auth.renewable, goText(auth.renewable)],
    ['token_policies', auth.token_policies ?? [], list(auth.token_policies)],
    ['identity_policies', auth.identity_policies ?? [], list(auth.identity_policies)],
    ['policies', auth.policies ?? [], list(auth.policies)],
    ...Object.entries(auth.metadata ?? {})
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [`token_meta_${key}`, value, goText(value)] as const),
  ];
}

function wrapFields(wrap: WrapInfo): readonly (readonly [string, unknown, string])[] {
  return [
    ['wrapping_token', wrap.token, wrap.token],
    ['wrapping_accessor', wrap.accessor, wrap.accessor],
    ['wrapping_token_ttl', wrap.ttl, goDuration(wrap.ttl)],
    ['wrapping_token_creation_time', wrap.creation_time, goTime(wrap.creation_time)],
    ['wrapping_token_creation_path', wrap.creation_path, wrap.creation_path],
    ...(wrap.wrapped_accessor
      ? [['wrapped_accessor', wrap.wrapped_accessor, wrap.wrapped_accessor] as const]
      : []),
  ];
}

/** Rows for a data object, sorted by name. */
export function dataPairs(data: Readonly<Record<string, unknown>>): Pair[] {
  return Object.keys(data)
    .sort()
    .map((key) => [key, cellText(key, data[key])]);
}

/** Rows of a whole answer; none when there is nothing to show. */
export function envelopePairs(answer: Answer): Pair[] {
  const pairs: Pair[] = [];
  const seconds = answer.lease_duration ?? 0;
  if (seconds > 0 && answer.lease_id) {
    pairs.push(['lease_id', answer.lease_id]);
    pairs.push(['lease_duration', goDuration(seconds)]);
    pairs.push(['lease_renewable', goText(answer.renewable ?? false)]);
  } else if (seconds > 0) {
    pairs.push(['refresh_interval', goDuration(seconds)]);
  }
  if (answer.auth) for (const [name, , text] of authFields(answer.auth)) pairs.push([name, text]);
  if (answer.wrap_info) {
    for (const [name, , text] of wrapFields(answer.wrap_info)) pairs.push([`${name}:`, text]);
  }
  return [...pairs, ...dataPairs(answer.data ?? {})];
}

/** '' when there is nothing to show. */
export function formatEnvelope(answer: Answer): string {
  const pairs = envelopePairs(answer);
  return pairs.length === 0 ? '' : formatPairs(pairs);
}

/** The value behind a field's name, undefined if the answer has none of that name. */
export function findField(answer: Answer, field: string): unknown {
  const name = field.trim();
  const fixed = [
    ...(answer.auth ? authFields(answer.auth) : []),
    ...(answer.wrap_info ? wrapFields(answer.wrap_info) : []),
  ].find(([candidate]) => candidate === name);
  if (fixed !== undefined) return fixed[1];
  if (name === 'refresh_interval' || name === 'lease_duration') return answer.lease_duration;
  const data = answer.data ?? {};
  if (Object.hasOwn(data, name)) return data[name];
  if (name === 'lease_id' || name === 'request_id' || name === 'data') return answer[name];
  return undefined;
}
