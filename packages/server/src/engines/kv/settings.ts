// Checks of the settings that config and metadata share, and of custom metadata.
import { parseDurationSeconds } from '../../framework/duration.js';
import { invalidRequest } from '../../framework/errors.js';
import { type Field, field } from '../../framework/field.js';
import { MAX_VERSIONS_MAX } from './metadata.js';

const CUSTOM_KEYS_MAX = 64;
const CUSTOM_KEY_BYTES_MAX = 128;
const CUSTOM_VALUE_BYTES_MAX = 512;
/** Whatever is no letter, mark, number, punctuation, symbol or the plain space. */
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** Whole seconds; -1 for every negative duration, which switches the feature off. Null when absent. */
export function signedDuration(description: string): Field<number | null> {
  const text = field.optionalString(description);
  return {
    type: 'duration',
    description,
    parse: (raw, name) => {
      const value = text.parse(raw, name);
      if (value === null) return null;
      const isNegative = value.startsWith('-');
      const seconds = parseDurationSeconds(isNegative ? value.slice(1) : value);
      if (seconds === null) {
        throw invalidRequest(
          `field "${name}" is not valid: want a duration such as 90, "90s" or "1h30m"`,
          'field-invalid',
        );
      }
      return isNegative && seconds > 0 ? -1 : seconds;
    },
  };
}

/** 'reset' for an explicit null, which in a merge patch means "back to the default". */
export function resettable<T>(inner: Field<T>): Field<T | 'reset'> {
  return {
    type: inner.type,
    description: inner.description,
    parse: (raw, name) =>
      raw?.kind === 'json' && raw.value.bytes.toString('latin1', 0, 4) === 'null'
        ? 'reset'
        : inner.parse(raw, name),
  };
}

/** @throws ApiError field-invalid */
export function checkMaxVersions(maxVersions: number | null): number | null {
  if (maxVersions !== null && (maxVersions < 0 || maxVersions > MAX_VERSIONS_MAX)) {
    throw invalidRequest(
      `field "max_versions" is not valid: want 0 to ${MAX_VERSIONS_MAX}`,
      'field-invalid',
    );
  }
  return maxVersions;
}

function refuse(why: string): never {
  throw invalidRequest(`custom_metadata validation failed: ${why}`, 'kv-custom-metadata');
}

/** @throws ApiError kv-custom-metadata */
export function checkCustomMetadata(
  entries: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const checked = Object.create(null) as Record<string, string>;
  const keys = Object.keys(entries);
  if (keys.length > CUSTOM_KEYS_MAX) {
    refuse(`payload must contain at most ${CUSTOM_KEYS_MAX} keys, provided ${keys.length}`);
  }
  for (const key of keys) {
    const value = entries[key];
    if (typeof value !== 'string') refuse('values must be strings');
    const keyBytes = Buffer.byteLength(key);
    if (keyBytes === 0) refuse('keys must not be empty');
    if (UNPRINTABLE.test(key)) refuse('key contains unprintable characters');
    if (keyBytes > CUSTOM_KEY_BYTES_MAX) {
      refuse(`length of key is ${keyBytes} but max allowed is ${CUSTOM_KEY_BYTES_MAX}`);
    }
    const valueBytes = Buffer.byteLength(value);
    if (valueBytes === 0) refuse('values must not be empty');
    if (UNPRINTABLE.test(value)) refuse('value contains unprintable characters');
    if (valueBytes > CUSTOM_VALUE_BYTES_MAX) {
      refuse(`length of value is ${valueBytes} but max allowed is ${CUSTOM_VALUE_BYTES_MAX}`);
    }
    checked[key] = value;
  }
  return checked;
}
