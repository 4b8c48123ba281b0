// Proof of possession for tokens that are bound to a key: a stolen token alone opens nothing. Checks a signature over
// this very request; knows nothing of HTTP. The client and the shim sign the same bytes (packages/client).
//
// Header value:  base64url(SPKI) '.' base64url(timestamp) '.' base64url(signature)          no padding anywhere
//   SPKI       SubjectPublicKeyInfo, DER, 91 bytes: P-256, named curve, uncompressed point (RFC 5480 section 2)
//   timestamp  8 bytes, big endian, milliseconds since the epoch, at most 60 s away from the server's clock
//   signature  ECDSA with SHA-256, r ‖ s, 64 bytes (IEEE P1363, what WebCrypto makes), over boundRequestBytes()
// A proof can be replayed for the very same request within its minute.
import { createHash, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import type { BoundKey } from '../framework/backend.js';

export const PROOF_SKEW_MS_MAX = 60_000;
/** 122 + 1 + 11 + 1 + 86 characters: every valid proof has exactly this length. */
export const PROOF_LENGTH = 221;
const DOMAIN = 'vouchsafe token binding v1';
const SPKI_P256_HEADER = Buffer.from(
  '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  'hex',
);
const SPKI_BYTES = 91;
const SHAPE = /^([A-Za-z0-9_-]{122})\.([A-Za-z0-9_-]{11})\.([A-Za-z0-9_-]{86})$/;

/** One request as both sides see it. */
export interface BoundRequest {
  /** 'read', 'list', 'scan', 'update' (POST and PUT alike), 'patch', 'delete', 'help'. */
  readonly operation: string;
  /** Below /v1/, canonical, as ApiRequest.path: LIST and SCAN paths end in '/'. */
  readonly path: string;
  /** What follows the '?', as sent; '' when there is nothing. */
  readonly query: string;
  readonly tokenSha256: Buffer;
  /** Of the body as sent; of the empty string when there is none. */
  readonly bodySha256: Buffer;
  readonly timestampMs: number;
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/**
 * What is signed: domain, operation, path and query, each behind its length (4 bytes, big endian), then the token's SHA-256,
 * the body's SHA-256 and the timestamp (8 bytes, big endian).
 */
export function boundRequestBytes(request: BoundRequest): Buffer {
  const timestamp = Buffer.alloc(8);
  timestamp.writeBigUInt64BE(BigInt(request.timestampMs));
  return Buffer.concat([
    lengthPrefixed(DOMAIN),
    lengthPrefixed(request.operation),
    lengthPrefixed(request.path),
    lengthPrefixed(request.query),
    request.tokenSha256,
    request.bodySha256,
    timestamp,
  ]);
}

/** How a key is named on a token: base64url of the SHA-256 of its SPKI. */
export function boundKeyOf(spki: Buffer): BoundKey {
  return { spkiSha256: createHash('sha256').update(spki).digest('base64url') };
}

function decodeExactly(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}

/** Null unless it is a point of P-256 in the one encoding that we take. */
function findPublicKey(spki: Buffer): KeyObject | null {
  const header = spki.subarray(0, SPKI_P256_HEADER.length);
  if (spki.length !== SPKI_BYTES || !header.equals(SPKI_P256_HEADER)) return null;
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

/** What a proof is checked against. Every member is required; token and body stay the caller's. */
export interface ProofContext {
  readonly boundKey: BoundKey;
  readonly operation: string;
  readonly path: string;
  readonly query: string;
  readonly token: Buffer;
  readonly body: Buffer;
  readonly now: number;
}

/** Why a proof does not hold; for the audit record and the operator, not for the caller. */
export type ProofFault = 'absent' | 'malformed' | 'other-key' | 'stale' | 'bad-signature';

/** Null when the proof holds. Never throws: whatever is wrong with `proof` is a fault. */
export function findProofFault(proof: string | null, context: ProofContext): ProofFault | null {
  if (proof === null || proof === '') return 'absent';
  if (proof.length !== PROOF_LENGTH) return 'malformed';
  const shape = SHAPE.exec(proof);
  if (shape === null) return 'malformed';
  const [spki, stamp, signature] = [shape[1], shape[2], shape[3]].map((part) =>
    decodeExactly(part ?? ''),
  );
  if (!spki || !stamp || !signature) return 'malformed';
  const want = Buffer.from(context.boundKey.spkiSha256, 'base64url');
  const got = createHash('sha256').update(spki).digest();
  if (want.length !== got.length || !timingSafeEqual(want, got)) return 'other-key';
  const timestampMs = Number(stamp.readBigUInt64BE());
  if (!(Math.abs(timestampMs - context.now) <= PROOF_SKEW_MS_MAX)) return 'stale';
  const key = findPublicKey(spki);
  if (key === null) return 'malformed';
  const signed = boundRequestBytes({
    operation: context.operation,
    path: context.path,
    query: context.query,
    tokenSha256: createHash('sha256').update(context.token).digest(),
    bodySha256: createHash('sha256').update(context.body).digest(),
    timestampMs,
  });
  const holds = verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
  return holds ? null : 'bad-signature';
}
