// A fake issuer of attestation results: its keys, its JWKS or its PKI, and tokens signed by it, good and bad. For
// tests and the simulated TEE only: nothing here checks what it signs.

import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { encodeBase64, encodeBase64Url } from '../encoding/base64.js';
import type { JwsAlgorithm } from '../jose/algorithm.js';
import { parseJwks } from '../jose/jwk.js';
import type { IssuerKeys } from '../types.js';
import { mintCertificate } from './x509.js';

export type TokenMembers = Readonly<Record<string, unknown>>;

export interface TokenIssuer {
  readonly algorithm: JwsAlgorithm;
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** The public key, as a key set in JSON. */
  readonly jwks: string;
  /** That key set, as a trust input. */
  readonly keys: IssuerKeys;
}

const curves: Partial<Record<JwsAlgorithm, string>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
};

function newKeys(algorithm: JwsAlgorithm) {
  const namedCurve = curves[algorithm];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve });
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

export function createTokenIssuer(algorithm: JwsAlgorithm, kid = 'software-1'): TokenIssuer {
  const { privateKey, publicKey } = newKeys(algorithm);
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' };
  const jwks = JSON.stringify({ keys: [jwk] });
  return {
    algorithm,
    kid,
    privateKey,
    jwks,
    keys: { kind: 'jwks', keys: parseJwks(jwks) },
  };
}

/** Signs in the form of RFC 7518: ECDSA as r || s, RSA-PSS with a salt as long as the hash. */
export function signJws(algorithm: JwsAlgorithm, key: KeyObject, data: Uint8Array): Uint8Array {
  if (algorithm === 'EdDSA') return new Uint8Array(sign(null, data, key));
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm.startsWith('ES')) {
    return new Uint8Array(sign(hash, data, { key, dsaEncoding: 'ieee-p1363' }));
  }
  const padding = algorithm.startsWith('PS')
    ? constants.RSA_PKCS1_PSS_PADDING
    : constants.RSA_PKCS1_PADDING;
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return new Uint8Array(sign(hash, data, { key, padding, saltLength }));
}

/** A segment as it is sent: base64url of this JSON, or of this text if it is one already. */
export function tokenSegment(members: TokenMembers | string): string {
  const text = typeof members === 'string' ? members : JSON.stringify(members);
  return encodeBase64Url(new TextEncoder().encode(text));
}

/** A compact token. The members of `header` are added to, or replace, `alg`, `kid` and `typ`; undefined removes. */
export function mintToken(
  issuer: TokenIssuer,
  payload: TokenMembers | string,
  header: TokenMembers | string = {},
): string {
  const members =
    typeof header === 'string'
      ? header
      : { alg: issuer.algorithm, kid: issuer.kid, typ: 'JWT', ...header };
  const input = `${tokenSegment(members)}.${tokenSegment(payload)}`;
  const bytes = new TextEncoder().encode(input);
  return `${input}.${encodeBase64Url(signJws(issuer.algorithm, issuer.privateKey, bytes))}`;
}

export interface TokenPki {
  readonly issuer: TokenIssuer;
  /** Leaf, intermediate and root, as a token's header carries them. */
  readonly x5c: readonly string[];
  /** DER. */
  readonly root: Uint8Array;
}

export interface TokenPkiOptions {
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** keyUsage bits of the leaf; digitalSignature unless given. */
  readonly leafKeyUsageBits?: number;
  readonly leafIsCa?: boolean;
}

/** An issuer whose tokens bring their chain in the header, as Google Confidential Space's PKI tokens do. */
export function createTokenPki(options: TokenPkiOptions): TokenPki {
  const { notBefore, notAfter, leafIsCa = false } = options;
  const issuer = createTokenIssuer('RS256', 'software-leaf');
  const rootKeys = newKeys('ES256');
  const middleKeys = newKeys('ES256');
  const validity = { notBefore, notAfter, signatureAlgorithm: 'ecdsa-p256-sha256' } as const;
  const root = mintCertificate({
    ...validity,
    subject: { CN: 'software token root' },
    issuer: { CN: 'software token root' },
    serial: 1,
    publicKey: rootKeys.publicKey,
    signingKey: rootKeys.privateKey,
    ca: true,
  });
  const middle = mintCertificate({
    ...validity,
    subject: { CN: 'software token intermediate' },
    issuer: { CN: 'software token root' },
    serial: 2,
    publicKey: middleKeys.publicKey,
    signingKey: rootKeys.privateKey,
    ca: true,
  });
  const leaf = mintCertificate({
    ...validity,
    subject: { CN: 'software token leaf' },
    issuer: { CN: 'software token intermediate' },
    serial: 3,
    publicKey: createPublicKey(issuer.privateKey),
    signingKey: middleKeys.privateKey,
    ca: leafIsCa,
    keyUsageBits: options.leafKeyUsageBits ?? (leafIsCa ? 0x86 : 0x80),
  });
  return { issuer, x5c: [leaf, middle, root].map(encodeBase64), root };
}
