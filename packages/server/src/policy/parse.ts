// Reads an ACL policy: HCL1, its JSON form, or either in base64. What this server does not know or enforce is an
// error, so that no policy grants more than its author wrote.
import { isUtf8 } from 'node:buffer';
import { invalidRequest } from '../framework/errors.js';
import { canonicalPolicyName } from '../framework/policy-name.js';
import { parseHcl } from '../hcl/parse.js';
import {
  badValue,
  findAttribute,
  findNearest,
  type HclBlock,
  printableKey,
  readBlocks,
  readDurationSeconds,
  readMembers,
  readString,
  readStringList,
  refuseUnknownKeys,
  wrongType,
} from '../hcl/read.js';
import { HclError, type HclItem, type HclValue } from '../hcl/tree.js';
import {
  CAPABILITY_NAMES,
  type Capability,
  type CapabilitySet,
  findCapability,
  LEGACY_POLICIES,
  toCapabilitySet,
  withDeny,
} from './capability.js';
import {
  type ListedValue,
  type ParameterConstraints,
  type ParameterMap,
  parameterValue,
} from './parameters.js';
import { findPathPattern, type PathPattern } from './path-pattern.js';
import { findPathTemplate, isTemplated, type PathTemplate } from './template.js';

/** One `path "…" { … }`. */
export interface PathRule {
  /** As written, without a leading slash, templates in it. */
  readonly path: string;
  /** What the path means, or the template that a path has to be made from first. */
  readonly target: PathPattern | PathTemplate;
  readonly capabilities: CapabilitySet;
  readonly parameters: ParameterConstraints;
  /** Bounds on a response-wrapping TTL; 0: none. Any bound also means that the response must be wrapped. */
  readonly minWrappingTtlSeconds: number;
  readonly maxWrappingTtlSeconds: number;
  readonly comment: string;
  readonly line: number;
}

/** What a token may do, as one author wrote it. Immutable. */
export interface AclPolicy {
  /** Canonical. */
  readonly name: string;
  readonly rules: readonly PathRule[];
  /** Some rule needs an identity before it means anything. */
  readonly templated: boolean;
}

const TOP_KEYS = new Set(['name', 'path']);
const RULE_KEYS = new Set([
  'capabilities',
  'policy',
  'allowed_parameters',
  'denied_parameters',
  'required_parameters',
  'min_wrapping_ttl',
  'max_wrapping_ttl',
  'comment',
]);
/** Vault's and OpenBao's; to accept them and not enforce them would grant more than was written. */
const UNENFORCED_KEYS = new Set([
  'mfa_methods',
  'control_group',
  'subscribe_event_types',
  'pagination_limit',
  'expiration',
  'list_scan_response_keys_filter_path',
]);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The text of a policy body that may have been sent in base64. Text that is not base64 of UTF-8 comes back as it is. */
export function decodePolicyText(body: string): string {
  const text = body.trim();
  if (text === '' || !BASE64.test(text)) return body;
  const bytes = Buffer.from(text, 'base64');
  return isUtf8(bytes) ? bytes.toString('utf8') : body;
}

/**
 * @param text at most 1 MiB; HCL or JSON (see `decodePolicyText` for base64)
 * @throws ApiError invalid-request, code policy-malformed, policy-unknown-key, policy-bad-value, … naming line and column
 */
export function parseAclPolicy(name: string, text: string): AclPolicy {
  try {
    const items = parseHcl(text);
    refuseUnknownKeys(items, TOP_KEYS);
    const own = findAttribute(items, 'name');
    if (own !== null) readString(own);
    const rules = readBlocks(items, 'path', 1).map(readRule);
    const templated = rules.some((rule) => 'parts' in rule.target);
    return { name: canonicalPolicyName(name), rules, templated };
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    const code = error.code.replace('hcl-', 'policy-');
    throw invalidRequest(`failed to parse policy: ${error.message}`, code);
  }
}

function readRule(block: HclBlock): PathRule {
  for (const item of block.items) {
    if (!UNENFORCED_KEYS.has(item.key)) continue;
    const detail = `"${item.key}" is not enforced by this server: remove it`;
    throw new HclError('hcl-unknown-key', item.at, detail);
  }
  refuseUnknownKeys(block.items, RULE_KEYS);
  const find = (key: string): HclItem | null => findAttribute(block.items, key);
  const minimum = find('min_wrapping_ttl');
  const maximum = find('max_wrapping_ttl');
  const minWrappingTtlSeconds = minimum === null ? 0 : readDurationSeconds(minimum);
  const maxWrappingTtlSeconds = maximum === null ? 0 : readDurationSeconds(maximum);
  if (maximum !== null && maxWrappingTtlSeconds > 0) {
    if (maxWrappingTtlSeconds < minWrappingTtlSeconds) {
      throw badValue(maximum, 'want at least min_wrapping_ttl');
    }
  }
  const comment = find('comment');
  return {
    ...readTarget(block),
    capabilities: readCapabilities(find('capabilities'), find('policy')),
    parameters: {
      allowed: readParameterMap(find('allowed_parameters')),
      denied: readParameterMap(find('denied_parameters')),
      required: readRequired(find('required_parameters')),
    },
    minWrappingTtlSeconds,
    maxWrappingTtlSeconds,
    comment: comment === null ? '' : readString(comment),
    line: block.at.line,
  };
}

function readTarget(block: HclBlock): Pick<PathRule, 'path' | 'target'> {
  const written = block.labels[0] ?? '';
  const path = written.startsWith('/') ? written.slice(1) : written;
  if (isTemplated(path)) {
    const target = findPathTemplate(path);
    if (target === null) {
      throw new HclError('hcl-bad-value', block.at, 'path has a template that is not known');
    }
    refuseDanglingWildcard(findPathPattern(path), block);
    return { path, target };
  }
  const target = findPathPattern(path);
  return { path, target: refuseDanglingWildcard(target, block) };
}

function refuseDanglingWildcard(pattern: PathPattern | null, block: HclBlock): PathPattern {
  if (pattern !== null) return pattern;
  throw new HclError('hcl-bad-value', block.at, 'path contains "+*": want "+" or "*"');
}

function readCapabilities(listed: HclItem | null, legacy: HclItem | null): CapabilitySet {
  const names = listed === null ? [] : readStringList(listed);
  const known = names.map((name): Capability => {
    const capability = findCapability(name);
    if (capability !== null) return capability;
    const nearest = findNearest(name, CAPABILITY_NAMES);
    const hint = nearest === null ? '' : `: did you mean "${nearest}"?`;
    const detail = `unknown capability "${printableKey(name)}"${hint}`;
    throw new HclError('hcl-bad-value', listed?.value.at ?? { line: 1, column: 1 }, detail);
  });
  const set = toCapabilitySet(known);
  if (legacy === null) return set;
  const more = LEGACY_POLICIES.get(readString(legacy));
  if (more === undefined) throw badValue(legacy, 'want "read", "write", "sudo" or "deny"');
  return withDeny(set | more);
}

function readParameterMap(item: HclItem | null): ParameterMap | null {
  if (item === null) return null;
  const map = new Map<string, ReturnType<typeof parameterValue>[]>();
  for (const member of readMembers(item)) {
    const name = member.key.toLowerCase();
    if (map.has(name)) {
      const detail = `"${printableKey(member.key)}" is set twice`;
      throw new HclError('hcl-duplicate-key', member.at, detail);
    }
    const values = member.value.kind === 'list' ? member.value.items : [member.value];
    map.set(
      name,
      values.map((value) => parameterValue(readListed(member, value))),
    );
  }
  return map.size === 0 ? null : map;
}

function readListed(item: HclItem, value: HclValue): ListedValue {
  if (value.kind === 'object') throw wrongType(item, 'a list of strings, numbers or lists', value);
  if (value.kind === 'list') return value.items.map((inner) => readListed(item, inner));
  return value.value;
}

function readRequired(item: HclItem | null): readonly string[] {
  if (item === null) return [];
  return [...new Set(readStringList(item).map((name) => name.toLowerCase()))];
}
