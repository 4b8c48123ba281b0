// allowed_, denied_ and required_parameters: what a rule says about the fields of a request. Values are compared
// only where a rule lists some; those become JavaScript strings for as long as the comparison takes.
// Every spelling that a field's reader would take for the same value counts as that value.
import type { RawField } from '../framework/field.js';
import { parseRawJson } from '../framework/json/decode.js';

/** One listed value, with each way in which a request may spell it. */
export interface ParameterValue {
  /** What a text must be; '*' at either end is open. Null for a list. */
  readonly text: TextPattern | null;
  readonly boolean: boolean | null;
  readonly number: number | null;
  /** JSON text of a listed list: the request's must be equal to it. */
  readonly list: string | null;
}

interface TextPattern {
  readonly body: string;
  readonly openStart: boolean;
  readonly openEnd: boolean;
}

export type ListedValue = string | number | boolean | readonly ListedValue[];

/** By lower-case name; '*' is any name. An empty list is any value. */
export type ParameterMap = ReadonlyMap<string, readonly ParameterValue[]>;

export interface ParameterConstraints {
  /** Null: everything is allowed. */
  readonly allowed: ParameterMap | null;
  readonly denied: ParameterMap | null;
  /** Lower case. */
  readonly required: readonly string[];
}

/** @property parameter lower-case name of the field at fault; never its value. */
export interface ParameterFault {
  readonly code: 'parameter-required' | 'parameter-denied' | 'parameter-not-allowed';
  readonly parameter: string;
}

const TRUE_SPELLINGS = new Set(['true', '1', 't']);
const FALSE_SPELLINGS = new Set(['false', '0', 'f', '']);
const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;
/** Request values nested deeper than this match no listed value, and count as denied where values are denied. */
const DEPTH_MAX = 16;

export function parameterValue(listed: ListedValue): ParameterValue {
  if (typeof listed === 'object') {
    return { text: null, boolean: null, number: null, list: JSON.stringify(listed) };
  }
  const text = String(listed);
  const openStart = text.startsWith('*');
  const openEnd = text.length > 1 && text.endsWith('*');
  return {
    text: {
      body: text.slice(openStart ? 1 : 0, openEnd ? -1 : undefined),
      openStart,
      openEnd,
    },
    boolean: text === 'true' ? true : text === 'false' ? false : null,
    number: NUMBER.test(text) ? Number(text) : null,
    list: null,
  };
}

function matchesText(pattern: TextPattern, text: string): boolean {
  if (pattern.openStart && pattern.openEnd) return text.includes(pattern.body);
  if (pattern.openStart) return text.endsWith(pattern.body);
  return pattern.openEnd ? text.startsWith(pattern.body) : text === pattern.body;
}

function matchesScalar(value: ParameterValue, got: string | number | boolean): boolean {
  const text = String(got);
  if (value.text !== null && matchesText(value.text, text)) return true;
  if (value.boolean !== null) {
    const spellings = value.boolean ? TRUE_SPELLINGS : FALSE_SPELLINGS;
    if (spellings.has(text.toLowerCase())) return true;
  }
  return value.number !== null && NUMBER.test(text) && Number(text) === value.number;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function cutAtCommas(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

/**
 * Many fields take "a,b" for a list. So a text with commas passes an open pattern only if each of its parts does:
 * otherwise "dev-*" would allow "dev-a,admin".
 */
function allowsText(values: readonly ParameterValue[], text: string): boolean {
  const whole = values.filter((value) => matchesScalar(value, text));
  if (whole.length === 0) return false;
  const literal = whole.some((value) => value.text?.openStart === false && !value.text.openEnd);
  if (literal || !text.includes(',')) return true;
  return cutAtCommas(text).every((part) => values.some((value) => matchesScalar(value, part)));
}

/** A list is allowed if it is listed as it is, or holds nothing but allowed values and at least one. */
function allows(values: readonly ParameterValue[], got: unknown): boolean {
  if (typeof got === 'string') return allowsText(values, got);
  if (isScalar(got)) return values.some((value) => matchesScalar(value, got));
  if (!Array.isArray(got)) return false;
  const text = JSON.stringify(got);
  if (values.some((value) => value.list === text)) return true;
  return got.length > 0 && got.every((item) => isScalar(item) && allows(values, item));
}

/** Denied if the value, a part of it between commas, or anything inside it is listed. */
function denies(values: readonly ParameterValue[], got: unknown, depth: number): boolean {
  if (isScalar(got)) {
    const parts = typeof got === 'string' ? [got, ...cutAtCommas(got)] : [got];
    return parts.some((part) => values.some((value) => matchesScalar(value, part)));
  }
  if (typeof got !== 'object' || got === null) return false;
  if (depth >= DEPTH_MAX) return true;
  if (Array.isArray(got)) {
    const text = JSON.stringify(got);
    if (values.some((value) => value.list === text)) return true;
  }
  return Object.values(got).some((item) => denies(values, item, depth + 1));
}

function read(field: RawField): unknown {
  return field.kind === 'text' ? field.value : parseRawJson(field.value);
}

function isFieldDenied(map: ParameterMap, name: string, field: RawField): boolean {
  if (map.has('*')) return true;
  const values = map.get(name);
  return values !== undefined && (values.length === 0 || denies(values, read(field), 0));
}

function isFieldAllowed(map: ParameterMap, name: string, field: RawField): boolean {
  const values = map.get(name) ?? map.get('*');
  return values !== undefined && (values.length === 0 || allows(values, read(field)));
}

/** The first fault, or null. Denied wins over allowed; names are compared in lower case. */
export function findParameterFault(
  constraints: ParameterConstraints,
  fields: ReadonlyMap<string, RawField>,
): ParameterFault | null {
  const { allowed, denied, required } = constraints;
  if (required.length > 0) {
    const present = new Set([...fields.keys()].map((name) => name.toLowerCase()));
    const parameter = required.find((name) => !present.has(name));
    if (parameter !== undefined) return { code: 'parameter-required', parameter };
  }
  for (const [written, field] of fields) {
    const parameter = written.toLowerCase();
    if (denied !== null && isFieldDenied(denied, parameter, field)) {
      return { code: 'parameter-denied', parameter };
    }
    if (allowed !== null && !isFieldAllowed(allowed, parameter, field)) {
      return { code: 'parameter-not-allowed', parameter };
    }
  }
  return null;
}

function mergeMaps(left: ParameterMap | null, right: ParameterMap | null): ParameterMap | null {
  if (left === null || right === null) return left ?? right;
  const merged = new Map(left);
  for (const [name, values] of right) {
    const before = merged.get(name);
    const any = values.length === 0 || before?.length === 0;
    merged.set(name, any ? [] : [...(before ?? []), ...values]);
  }
  return merged;
}

/** For one path in several rules: maps and required names are united; "any value" outweighs a list. */
export function mergeConstraints(
  left: ParameterConstraints,
  right: ParameterConstraints,
): ParameterConstraints {
  return {
    allowed: mergeMaps(left.allowed, right.allowed),
    denied: mergeMaps(left.denied, right.denied),
    required: [...new Set([...left.required, ...right.required])],
  };
}
