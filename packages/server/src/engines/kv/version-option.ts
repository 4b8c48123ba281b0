// The mount option that chooses between KV v1 and v2.
import { invalidRequest } from '../../framework/errors.js';

/** 1 when not given. @throws ApiError kv-version-unknown */
export function parseVersionOption(options: Readonly<Record<string, string>>): 1 | 2 {
  const version = options.version ?? '1';
  if (version === '1' || version === '') return 1;
  if (version === '2') return 2;
  throw invalidRequest('option "version" is not valid: want "1" or "2"', 'kv-version-unknown');
}

/** For tune, whose options may leave it out. */
export function checkVersionOption(options: Readonly<Record<string, string>>): void {
  if (options.version !== undefined) parseVersionOption(options);
}
