// The request headers the API acts on. The token stays bytes and is never part of what others may
// read.
import { parseDurationSeconds } from '../framework/duration.js';
import { badToken, invalidRequest } from '../framework/errors.js';
import { ENGINE_HEADERS, type WatchedHeader } from './engine/header-table.js';
import type { RequestHead } from './engine/request-head.js';

const NAMES = [
  'x-vault-token',
  'authorization',
  'x-vault-namespace',
  'x-vault-wrap-ttl',
  'x-vault-proof',
  'x-vault-request',
  'content-type',
  'origin',
  'access-control-request-method',
] as const;

/** For the engine's header table; each may stand in a request once. */
export const WATCHED_HEADERS: readonly WatchedHeader[] = NAMES.map((name) => ({
  name,
  repeatable: false,
}));

function positionOf(name: (typeof NAMES)[number]): number {
  return ENGINE_HEADERS + NAMES.indexOf(name);
}

const TOKEN = positionOf('x-vault-token');
const AUTHORIZATION = positionOf('authorization');
const NAMESPACE = positionOf('x-vault-namespace');
const WRAP_TTL = positionOf('x-vault-wrap-ttl');
export const PROOF = positionOf('x-vault-proof');
export const VAULT_REQUEST = positionOf('x-vault-request');
export const CONTENT_TYPE = positionOf('content-type');
export const ORIGIN = positionOf('origin');
export const PREFLIGHT_METHOD = positionOf('access-control-request-method');

/** Headers that hold a token: nobody but the token store sees them. */
export const SECRET_HEADERS: readonly number[] = [TOKEN, AUTHORIZATION];

const TOKEN_BYTES_MAX = 8 * 1024;
const BEARER = 'bearer ';
const NAMESPACE_BYTES_MAX = 1024;

function findBearer(head: RequestHead): Buffer | null {
  const value = head.findBytes(AUTHORIZATION);
  if (value === null || value.length <= BEARER.length) return null;
  if (value.toString('latin1', 0, BEARER.length).toLowerCase() !== BEARER) return null;
  let start = BEARER.length;
  while (value[start] === 0x20) start += 1;
  return value.subarray(start);
}

/**
 * X-Vault-Token, or else `Authorization: Bearer`. A view on the request's bytes, wiped with them;
 * null when there is none. @throws ApiError bad-token when it is longer than any token
 */
export function findToken(head: RequestHead): Buffer | null {
  const named = head.findBytes(TOKEN);
  const token = named !== null && named.length > 0 ? named : findBearer(head);
  if (token === null || token.length === 0) return null;
  if (token.length > TOKEN_BYTES_MAX) throw badToken('token-too-long');
  return token;
}

/** '' or 'a/b/'. @throws ApiError namespace-invalid */
export function readNamespace(head: RequestHead): string {
  const value = head.findText(NAMESPACE);
  if (value === null) return '';
  const name = value.replace(/^\/|\/$/g, '');
  if (name === '' || name === 'root') return '';
  const isValid = /^[\x21-\x7e]+$/.test(name) && !/(^|\/)(\.{0,2})(\/|$)/.test(name);
  if (!isValid || name.length > NAMESPACE_BYTES_MAX) {
    throw invalidRequest('namespace header is not valid', 'namespace-invalid');
  }
  return `${name}/`;
}

/**
 * Seconds; null when the answer is not to be wrapped (no header, or a duration of 0). @throws
 * ApiError
 */
export function readWrapTtlSeconds(head: RequestHead): number | null {
  const value = head.findText(WRAP_TTL);
  if (value === null) return null;
  const seconds = parseDurationSeconds(value);
  if (seconds === null) {
    throw invalidRequest('X-Vault-Wrap-TTL is not a valid duration', 'wrap-ttl-invalid');
  }
  return seconds === 0 ? null : seconds;
}
