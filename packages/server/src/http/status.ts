// The only place where an error or an outcome becomes an HTTP status code.
import type { ErrorKind } from '../framework/errors.js';

export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  'invalid-request': 400,
  'permission-denied': 403,
  'not-found': 404,
  'unsupported-path': 404,
  'unsupported-operation': 405,
  'precondition-failed': 412,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'rate-limited': 429,
  internal: 500,
  // As Vault answers an unseal call before init; everything else is 'sealed' then.
  'not-initialized': 400,
  sealed: 503,
  unavailable: 503,
  timeout: 504,
};

export const OK = 200;
export const ACCEPTED = 202;
export const NO_CONTENT = 204;
export const NOT_MODIFIED = 304;
export const NOT_FOUND = 404;
export const METHOD_NOT_ALLOWED = 405;
export const INTERNAL = 500;
