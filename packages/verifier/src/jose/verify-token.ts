// Is this token from an issuer that the caller pinned, for this audience, and current? JWT as RFC 7519 and
// RFC 8725 (best current practices) want it checked. Must never take a key, an algorithm, an issuer or an
// audience from the token itself.

import { EvidenceError } from '../errors.js';
import { parseCertificate } from '../pki/certificate.js';
import { verifyChain } from '../pki/chain.js';
import type { CryptoProvider } from '../provider.js';
import type { EvidenceFormat, TrustedIssuer } from '../types.js';
import { acceptAlgorithm, algorithmFor, type JwsAlgorithm } from './algorithm.js';
import { ClaimReader } from './claim-reader.js';
import { getKey, type TokenKey } from './jwk.js';
import type { Jws } from './jws.js';

/** How far an issuer's clock may be ahead of ours, in seconds. Expiry gets no such grace. */
export const tokenSkewSeconds = 60;

/** What one kind of token looks like, as its issuer documents it. */
export interface TokenRules {
  readonly format: EvidenceFormat;
  readonly algorithms: readonly JwsAlgorithm[];
  /** `typ` of the header; null if it may be left out. */
  readonly types: readonly (string | null)[];
  /** Whether a token may go without `exp`. */
  readonly expires: 'always' | 'maybe';
  /** The issuer's name where the token has no `iss`; null if it must have one. */
  readonly findIssuer: ((claims: ClaimReader) => string | null) | null;
}

export interface VerifyTokenInput {
  readonly jws: Jws;
  readonly rules: TokenRules;
  readonly issuers: readonly TrustedIssuer[];
  readonly now: Date;
  readonly provider: CryptoProvider;
}

export interface VerifiedToken {
  readonly claims: ClaimReader;
  readonly issuer: TrustedIssuer;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number | null;
  /** From `iat` to `now`, in whole seconds; not below 0. */
  readonly ageSeconds: number;
}

function readIssuer(claims: ClaimReader, rules: TokenRules): string {
  const issuer = claims.findText('iss') ?? rules.findIssuer?.(claims) ?? null;
  if (issuer === null || issuer === '') {
    throw new EvidenceError('issuer-untrusted', 'token: says not who issued it');
  }
  return issuer;
}

/** `aud` as one string or a list of one: a token for others besides us could be replayed by them. */
function readAudience(claims: ClaimReader): string | null {
  if (!claims.has('aud')) return null;
  const value = claims.object.aud;
  const audiences = typeof value === 'string' ? [value] : (claims.findTexts('aud') ?? []);
  const [audience] = audiences;
  if (audiences.length !== 1 || audience === undefined) {
    throw new EvidenceError('audience-mismatch', 'token: want exactly one audience');
  }
  return audience;
}

/** @throws EvidenceError 'issuer-untrusted' | 'audience-mismatch' | 'input-invalid' */
function chooseIssuer({ jws, rules, issuers }: VerifyTokenInput): TrustedIssuer {
  const claims = new ClaimReader(jws.payload, 'token');
  const name = readIssuer(claims, rules);
  const known = issuers.filter(({ format, issuer }) => format === rules.format && issuer === name);
  if (known.length === 0) {
    throw new EvidenceError('issuer-untrusted', 'token: its issuer is none of those trusted');
  }
  const audience = readAudience(claims);
  const [chosen, ...others] = known.filter((issuer) => issuer.audience === audience);
  if (chosen === undefined) {
    throw new EvidenceError('audience-mismatch', 'token: made for another audience, or for none');
  }
  if (others.length > 0) {
    throw new EvidenceError('input-invalid', 'trusted issuers: two of one name and audience');
  }
  return chosen;
}

async function chooseKey(issuer: TrustedIssuer, input: VerifyTokenInput): Promise<TokenKey> {
  const { header } = input.jws;
  if (issuer.keys.kind === 'jwks') return getKey(issuer.keys.keys, header.kid, header.alg);
  if (header.x5c === null) {
    throw new EvidenceError(
      'key-unknown',
      'token: brings no certificates, and its issuer is a PKI',
    );
  }
  const { leaf } = await verifyChain({
    chain: header.x5c.map(parseCertificate),
    trustedRoots: issuer.keys.roots,
    revocation: issuer.keys.revocation,
    now: input.now,
    provider: input.provider,
  });
  if (leaf.basicConstraints?.ca === true || leaf.keyUsage?.has('digitalSignature') === false) {
    throw new EvidenceError('chain-invalid', 'token: its certificate is not one to sign with');
  }
  return leaf.publicKey;
}

/** @throws EvidenceError 'token-expired' | 'token-not-yet-valid' | 'claim-invalid' */
function checkTimes(claims: ClaimReader, rules: TokenRules, now: Date) {
  const seconds = now.getTime() / 1000;
  const expiresAt = rules.expires === 'always' ? claims.getCount('exp') : claims.findCount('exp');
  const issuedAt = claims.getCount('iat');
  const notBefore = claims.findCount('nbf');
  if (expiresAt !== null && seconds >= expiresAt) {
    throw new EvidenceError('token-expired', 'token: expired');
  }
  if (Math.max(issuedAt, notBefore ?? 0) > seconds + tokenSkewSeconds) {
    throw new EvidenceError('token-not-yet-valid', 'token: from the future');
  }
  if (expiresAt !== null && expiresAt <= issuedAt) {
    throw new EvidenceError('claim-invalid', 'token: expires before it was issued');
  }
  return { issuedAt, expiresAt, ageSeconds: Math.max(0, Math.floor(seconds - issuedAt)) };
}

/**
 * Checks, in this order: `typ` and `alg` against the rules, issuer and audience against those pinned,
 * the key, the signature, and the times at `now`.
 * @throws EvidenceError at the first fault
 */
export async function verifyToken(input: VerifyTokenInput): Promise<VerifiedToken> {
  const { jws, rules, now, provider } = input;
  if (Number.isNaN(now.getTime())) throw new EvidenceError('input-invalid', 'now: not a time');
  if (!rules.types.includes(jws.header.typ)) {
    throw new EvidenceError('token-type', 'token: of another type than its format has');
  }
  const alg = acceptAlgorithm(jws.header.alg, rules.algorithms);
  const issuer = chooseIssuer(input);
  const key = await chooseKey(issuer, input);
  const algorithm = algorithmFor(alg, key);
  if (!(await provider.verify(algorithm, key.spki, jws.signature, jws.signingInput))) {
    throw new EvidenceError('signature-invalid', 'token: signature does not verify');
  }
  const claims = new ClaimReader(jws.payload, 'token');
  return { claims, issuer, ...checkTimes(claims, rules, now) };
}
