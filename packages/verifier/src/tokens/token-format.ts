// What every attestation result that is one token has in common: parse, verify with pinned issuers, check the
// binding, mint. What a token says is read in the folder of its issuer; must never be read before verifyToken.

import { checkBinding, checkNonce } from '../binding.js';
import type { JsonObject } from '../encoding/strict-json.js';
import { isPlainText } from '../encoding/utf8.js';
import { EvidenceError } from '../errors.js';
import { joinClaims, type StatedClaims } from '../join-claims.js';
import { type Jws, looksLikeJws, parseJws, tokenCharactersMax } from '../jose/jws.js';
import { type TokenRules, type VerifiedToken, verifyToken } from '../jose/verify-token.js';
import { mint } from '../mint.js';
import type { CryptoProvider } from '../provider.js';
import type {
  Endorsements,
  Evidence,
  EvidenceFormat,
  EvidenceVerifier,
  ExpectedBinding,
  FormatPolicy,
  PolicyRules,
  TcbStatus,
  TrustedIssuer,
  TrustedRoot,
} from '../types.js';

/** A token that was read and not verified. */
export interface TokenEvidence extends Evidence {
  readonly jws: Jws;
}

/** Results need no endorsements: whom to believe about them is a trust input (TrustedIssuer). */
export interface NoEndorsements extends Endorsements {
  readonly format: 'none';
}

export const noEndorsements: NoEndorsements = Object.freeze({ format: 'none' });

/**
 * What ties a result to a session: the 64 bytes themselves, or the 32-byte nonce made of them. Empty
 * bytes for a result that is tied to nothing.
 */
export interface Bound {
  readonly kind: 'binding' | 'nonce';
  readonly bytes: Uint8Array;
}

export const unbound: Bound = { kind: 'binding', bytes: new Uint8Array() };

/** What a verified result says. */
export interface TokenFacts {
  readonly debug: boolean;
  readonly tcbStatus: TcbStatus | null;
  readonly advisories: readonly string[];
  readonly bound: Bound;
  /** For joinClaims. */
  readonly values: readonly StatedClaims[];
}

export interface TokenFormat<F extends EvidenceFormat, P extends FormatPolicy> {
  readonly rules: TokenRules & { readonly format: F };
  readonly policy: PolicyRules<P>;
  /** Whether a payload looks like this issuer's, to detect the format. Promises nothing. */
  recognises(payload: JsonObject): boolean;
  /** @throws EvidenceError 'claim-invalid' and others if it does not say what it must */
  read(token: VerifiedToken, provider: CryptoProvider): Promise<TokenFacts>;
}

export async function checkBound(
  bound: Bound,
  expected: ExpectedBinding,
  provider: CryptoProvider,
): Promise<'checked' | 'not-checked'> {
  return bound.kind === 'nonce'
    ? checkNonce(bound.bytes, expected, provider)
    : checkBinding(bound.bytes, expected);
}

export function issuersOf(roots: readonly TrustedRoot[]): readonly TrustedIssuer[] {
  return roots.filter((root): root is TrustedIssuer => root.kind === 'issuer');
}

/** Claims that every result carries. */
export function tokenClaims(token: VerifiedToken): StatedClaims {
  const { issuer, issuedAt, expiresAt, claims } = token;
  const time = (seconds: number) => {
    const date = new Date(seconds * 1000);
    if (Number.isNaN(date.getTime())) throw claims.invalid('exp', 'a time');
    return date.toISOString();
  };
  return {
    issuer: issuer.issuer,
    token_issued_at: time(issuedAt),
    audience: issuer.audience,
    token_id: claims.findText('jti'),
    token_expires_at: expiresAt === null ? null : time(expiresAt),
  };
}

/** Characters of a token or of JSON around tokens. @throws EvidenceError 'malformed' */
export function tokenText(bytes: Uint8Array): string {
  if (bytes.length > 2 * tokenCharactersMax || !isPlainText(bytes)) {
    throw new EvidenceError('malformed', 'token: too long, or not plain text');
  }
  return new TextDecoder().decode(bytes);
}

function recognisesBytes(bytes: Uint8Array, recognises: (payload: JsonObject) => boolean): boolean {
  if (!looksLikeJws(bytes)) return false;
  try {
    return recognises(parseJws(tokenText(bytes)).payload);
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

/** The verifier of results that are one compact token. */
export function tokenVerifier<F extends EvidenceFormat, P extends FormatPolicy>(
  own: TokenFormat<F, P>,
): EvidenceVerifier<TokenEvidence & { readonly format: F }, NoEndorsements, P> {
  const { rules, policy } = own;
  const { format } = rules;
  return {
    format,
    endorsementFormat: 'none',
    encoding: 'text',
    pinnedRoots: [],
    policy,
    looksLike: (bytes) => recognisesBytes(bytes, (payload) => own.recognises(payload)),
    parse: (bytes) => ({ format, jws: parseJws(tokenText(bytes)) }),
    endorsementsFor: () => [],
    async verify({ evidence, roots, expectedBinding, now, provider }) {
      const issuers = issuersOf(roots);
      const token = await verifyToken({ jws: evidence.jws, rules, issuers, now, provider });
      const facts = await own.read(token, provider);
      return mint({
        format,
        debug: facts.debug,
        binding: await checkBound(facts.bound, expectedBinding, provider),
        tcbStatus: facts.tcbStatus,
        advisories: facts.advisories,
        endorsementAges: { token: token.ageSeconds },
        verifiedAt: now.toISOString(),
        values: joinClaims(tokenClaims(token), ...facts.values, { debug: facts.debug }),
      });
    },
  };
}
