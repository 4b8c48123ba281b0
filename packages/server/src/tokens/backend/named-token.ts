// The three ways in which a request names a token: its bytes, its accessor, or the caller's own.
import type { Request } from '../../framework/backend.js';
import { asMultiError, invalidRequest } from '../../framework/errors.js';
import type { TokenEntry } from '../entry.js';
import { isBatchToken } from '../token-format.js';
import type { TokenParts } from './parts.js';

/** @property token null when named by accessor: the answer must not hold it. */
export interface NamedToken {
  readonly entry: TokenEntry;
  readonly token: Buffer | null;
}

export function ownToken(parts: TokenParts, request: Request): NamedToken {
  return {
    entry: parts.core.callerEntry(request),
    token: parts.core.presentedToken(request),
  };
}

/** Null when there is no such usable token. @throws ApiError 'missing token ID' */
export async function findByToken(
  parts: TokenParts,
  request: Request,
  token: Buffer | null,
): Promise<NamedToken | null> {
  if (token === null || token.length === 0) {
    throw invalidRequest('missing token ID', 'token-missing');
  }
  const entry = await parts.store.lookup(request.own(token), request.now);
  return entry === null ? null : { entry, token };
}

/** @throws ApiError accessor-missing, accessor-unknown with Vault's texts */
export async function getByAccessor(
  parts: TokenParts,
  request: Request,
  accessor: string,
): Promise<NamedToken> {
  if (accessor === '') throw invalidRequest(asMultiError('missing accessor'), 'accessor-missing');
  const entry = await parts.store.lookupByAccessor(accessor, request.now);
  if (entry === null) throw invalidRequest(asMultiError('invalid accessor'), 'accessor-unknown');
  return { entry, token: null };
}

/** @throws ApiError: nothing is stored of a batch token, so nothing can be revoked */
export function refuseBatch(token: Buffer): void {
  if (isBatchToken(token)) {
    throw invalidRequest('batch tokens cannot be revoked', 'batch-not-revocable');
  }
}
