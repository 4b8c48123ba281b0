// Proof of possession for tokens that are bound to a key (RFC 9449 has the idea): signs one request with the key that
// the token was handed out for. The server checks the same bytes in tokens/binding.ts. Must never keep a token.
import { createHash, type KeyObject, sign } from 'node:crypto';

/** Request header that carries the proof. */
export const tokenProofHeader = 'X-Vault-Proof';

const domain = 'vouchsafe token binding v1';

/** One request as the server sees it. */
export interface ProvenRequest {
  /** 'read', 'list', 'scan', 'update' (POST and PUT alike), 'patch', 'delete' or 'help'. */
  readonly operation: string;
  /** Below /v1/, decoded; LIST and SCAN paths end in '/'. */
  readonly path: string;
  /** What follows the '?', as sent; '' when there is nothing. */
  readonly query: string;
  readonly tokenSha256: Uint8Array;
  /** Of the body as sent; of no bytes when there is none. */
  readonly bodySha256: Uint8Array;
  readonly timestampMs: number;
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** What is signed: domain, operation, path and query behind their lengths, two digests, and the time. */
export function provenRequestBytes(request: ProvenRequest): Buffer {
  const timestamp = Buffer.alloc(8);
  timestamp.writeBigUInt64BE(BigInt(request.timestampMs));
  return Buffer.concat([
    lengthPrefixed(domain),
    lengthPrefixed(request.operation),
    lengthPrefixed(request.path),
    lengthPrefixed(request.query),
    request.tokenSha256,
    request.bodySha256,
    timestamp,
  ]);
}

/** The key that a token is bound to. */
export interface ProofKey {
  /** P-256. */
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo of it, DER. */
  readonly spki: Buffer;
}

/** What a proof is made over; token and body stay the caller's. */
export interface ProofInput {
  readonly operation: string;
  readonly path: string;
  readonly query: string;
  readonly token: Uint8Array;
  readonly body: Uint8Array;
  /** Milliseconds since the epoch; the server takes a minute of difference. */
  readonly now: number;
}

/** Value of the X-Vault-Proof header, 221 characters. Good for this request alone, for a minute. */
export function tokenProof(key: ProofKey, input: ProofInput): string {
  const signed = provenRequestBytes({
    operation: input.operation,
    path: input.path,
    query: input.query,
    tokenSha256: createHash('sha256').update(input.token).digest(),
    bodySha256: createHash('sha256').update(input.body).digest(),
    timestampMs: input.now,
  });
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(input.now));
  const signature = sign('sha256', signed, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return [key.spki, stamp, signature].map((part) => part.toString('base64url')).join('.');
}
