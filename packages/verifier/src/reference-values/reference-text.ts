// Reference values from the text of a file: our own document, or an identity of Nitride. Strict JSON: no key twice.
import { parseReferenceValues } from '../appraise/policy.js';
import { parseStrictJson } from '../encoding/strict-json.js';
import type { ReferenceValues } from '../types.js';
import { parseNitrideIdentity } from './nitride-identity.js';

const limits = { charactersMax: 4 * 1024 * 1024, depthMax: 8, valuesMax: 100_000 };

/**
 * A document without `format` but with `type` is an identity of Nitride.
 * @throws EvidenceError 'malformed' for what is not strict JSON, 'input-invalid', 'unsupported-format'
 */
export function parseReferenceText(text: string): ReferenceValues {
  const { value } = parseStrictJson(text, 'reference values', limits);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const isIdentity = isObject && 'type' in value && !('format' in value);
  return isIdentity ? parseNitrideIdentity(value) : parseReferenceValues(value);
}
