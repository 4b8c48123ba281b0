// Renewal of tokens from an attested login: how long an attestation carries, and what ends it early. Without every
// piece of what the login left behind there is no renewal.
import { createHash } from 'node:crypto';
import type { RenewEvent, RenewedAuth } from '../../framework/backend.js';
import { ApiError } from '../../framework/errors.js';
import { type AttestRole, findRole } from './role.js';

/** Clocks of two nodes may differ by this much; an attestation from further in the future is not believed. */
const SKEW_MS_MAX = 60_000;

/** What a role asked of the login. A token made under other terms is not renewed. */
function termsOf(role: AttestRole): string {
  const { policy, referenceValues, formats, requiredBinding, tokenBinding, composition } = role;
  const alone = [policy, referenceValues, formats, requiredBinding, tokenBinding];
  // Tokens from before there were compositions stay what they were.
  const terms = composition === null ? alone : [...alone, composition];
  return createHash('sha256').update(JSON.stringify(terms)).digest('base64url');
}

/** Kept with the token, and handed back when it is renewed. */
export function internalOf(role: AttestRole, now: number): Readonly<Record<string, string>> {
  return { role: role.name, attested_at: String(now), terms: termsOf(role) };
}

function refuse(code: string, message: string): ApiError {
  return new ApiError('permission-denied', message, { code, data: { code } });
}

/** Without fresh evidence a token lives no longer than the role's re-attestation period. @throws ApiError */
export async function renewAuth(event: RenewEvent): Promise<RenewedAuth> {
  const { role: name, attested_at: attestedAt, terms } = event.internal;
  if (name === undefined || terms === undefined || !/^[0-9]{1,15}$/.test(attestedAt ?? '')) {
    throw refuse('reattestation-required', 'this token does not say when it was attested');
  }
  const role = await findRole(event.storage, name);
  if (role === null) throw refuse('role-unknown', 'the role of this token is gone');
  const ageMs = event.now - Number(attestedAt);
  const periodMs = role.reattestPeriodSeconds * 1000;
  const isFresh = ageMs >= -SKEW_MS_MAX && (periodMs === 0 || ageMs < periodMs);
  if (!isFresh) {
    throw refuse(
      'reattestation-required',
      'attestation is too old: log in again with fresh evidence',
    );
  }
  if (terms !== termsOf(role)) {
    throw refuse(
      'reattestation-required',
      'the role asks for something else now: log in again with fresh evidence',
    );
  }
  return {
    ttlSeconds: role.token.ttlSeconds,
    maxTtlSeconds: role.token.maxTtlSeconds,
    periodSeconds: role.token.periodSeconds,
    policies: role.token.policies,
  };
}
