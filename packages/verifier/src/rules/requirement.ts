// What a policy or a reference set may ask of one claim, and whether a claim meets it.
// A claim that is missing or of another type than the requirement speaks of never meets it.
import type { ClaimValue, ReferenceSet, Requirement } from '../types.js';
import { readHex, readList, readMap, readObject, readText, refuse } from './fields.js';

/** @throws EvidenceError 'input-invalid' */
export function parseReferenceSet(value: unknown, path: string): ReferenceSet {
  return readMap(value, path, parseRequirement);
}

function parseRequirement(value: unknown, path: string): Requirement {
  if (Array.isArray(value)) {
    if (value.length === 0) throw refuse(path, 'a list of no values can never be met');
    return readList(value, path, parseAllowed);
  }
  const known = ['min', 'max', 'set', 'clear', 'subset_of'];
  const object = readObject(value, path, known);
  const has = (key: string): boolean => Object.hasOwn(object, key);
  if (has('subset_of') && Object.keys(object).length === 1) {
    return Object.freeze({ subset_of: readList(object.subset_of, `${path}.subset_of`, readText) });
  }
  const numeric = has('min') || has('max');
  const bits = has('set') || has('clear');
  if (numeric === bits || has('subset_of')) {
    throw refuse(path, 'want a list, {min, max}, {set, clear} or {subset_of}');
  }
  return numeric
    ? Object.freeze({
        ...(has('min') ? { min: readNumber(object.min, `${path}.min`) } : {}),
        ...(has('max') ? { max: readNumber(object.max, `${path}.max`) } : {}),
      })
    : Object.freeze({
        ...(has('set') ? { set: readHex(object.set, `${path}.set`) } : {}),
        ...(has('clear') ? { clear: readHex(object.clear, `${path}.clear`) } : {}),
      });
}

function parseAllowed(value: unknown, path: string): string | number | boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return readNumber(value, path);
  const text = readText(value, path);
  // Measurements are compared as the claims spell them; people paste them in upper case too.
  return /^(?:[0-9a-fA-F]{2}){8,}$/.test(text) ? text.toLowerCase() : text;
}

function readNumber(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw refuse(path, 'want a whole number');
  }
  return value;
}

/** Not constant time: claims and reference values are public. */
export function meets(requirement: Requirement, claim: ClaimValue | undefined): boolean {
  if (claim === undefined) return false;
  if (isAllowList(requirement)) return typeof claim !== 'object' && requirement.includes(claim);
  if ('subset_of' in requirement) {
    const { subset_of: allowed } = requirement;
    return typeof claim === 'object' && claim.every((item) => allowed.includes(item));
  }
  if ('set' in requirement || 'clear' in requirement) {
    return (
      typeof claim === 'string' &&
      bitsAre(claim, requirement.set, true) &&
      bitsAre(claim, requirement.clear, false)
    );
  }
  const { min, max } = requirement as { readonly min?: number; readonly max?: number };
  if (min === undefined && max === undefined) return false;
  if (typeof claim !== 'number') return false;
  return (min === undefined || claim >= min) && (max === undefined || claim <= max);
}

function isAllowList(
  requirement: Requirement,
): requirement is readonly (string | number | boolean)[] {
  return Array.isArray(requirement);
}

function bitsAre(claim: string, mask: string | undefined, wanted: boolean): boolean {
  if (mask === undefined) return true;
  if (mask.length !== claim.length || !/^[0-9a-f]*$/.test(claim)) return false;
  for (let i = 0; i < mask.length; i++) {
    const bits = Number.parseInt(mask.charAt(i), 16);
    const seen = Number.parseInt(claim.charAt(i), 16) & bits;
    if (seen !== (wanted ? bits : 0)) return false;
  }
  return true;
}

/** For people: what a requirement asks. */
export function describeRequirement(requirement: Requirement): string {
  return isAllowList(requirement)
    ? requirement.map(String).join(' or ')
    : JSON.stringify(requirement);
}

/** For people: what a claim says. */
export function describeClaim(claim: ClaimValue | undefined): string {
  if (claim === undefined) return 'no such claim';
  return typeof claim === 'object' ? claim.join(', ') : String(claim);
}
