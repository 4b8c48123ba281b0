// The bytes that tie evidence to one login: docs/attested-login.md sections 2 to 4. Pure; the shim builds the same.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { invalidRequest } from '../../framework/errors.js';

export const BINDING_PROFILE = 'vouchsafe-binding-v1';
/** How the parts of composite evidence are bound: compositeBindings of the verifier over the report data. */
export const COMPOSITE_PROFILE = 'vouchsafe-composite-v1';
export const EXPORTER_LABEL = 'EXPORTER-vouchsafe-attested-login';
export const EXPORTER_BYTES = 32;
export const CHALLENGE_BYTES = 32;
const SPKI_P256_HEADER = Buffer.from(
  '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  'hex',
);
const SPKI_P256_BYTES = 91;
const SIGNATURE_BYTES = 64;

/** Each part behind its length (4 bytes, big endian), so that no two lists of parts give the same bytes. */
export function lengthPrefixed(parts: readonly (string | Uint8Array)[]): Buffer {
  const out: Buffer[] = [];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    out.push(length, bytes);
  }
  return Buffer.concat(out);
}

/** What one login is tied to. `exporter` is empty for the binding level 'key'. */
export interface LoginBinding {
  readonly challenge: Buffer;
  readonly mount: string;
  readonly role: string;
  readonly serverIdentity: Buffer;
  readonly publicKey: Buffer;
  readonly exporter: Buffer;
}

/** The 64 bytes that the evidence must carry as report data. */
export function reportData(binding: LoginBinding): Buffer {
  const text = lengthPrefixed([
    'vouchsafe/attested-login/v1',
    binding.challenge,
    binding.mount,
    binding.role,
    binding.serverIdentity,
    binding.publicKey,
    binding.exporter,
  ]);
  return createHash('sha512').update(text).digest();
}

/** What the workload signs with its fresh key, to show that it holds it now. */
export function loginProofBytes(report: Buffer): Buffer {
  return lengthPrefixed(['vouchsafe/login-proof/v1', report]);
}

/** What the server signs about a challenge, so that nobody else can hand one out in its name. */
export function challengeBytes(
  challenge: Buffer,
  mount: string,
  role: string,
  time: string,
): Buffer {
  return lengthPrefixed(['vouchsafe/challenge/v1', challenge, mount, role, time]);
}

/** The 64 bytes that the server's own evidence carries; `challenge` is empty where there is none to answer. */
export function serverReportData(challenge: Buffer, serverIdentity: Buffer): Buffer {
  const text = lengthPrefixed(['vouchsafe/server-evidence/v1', challenge, serverIdentity]);
  return createHash('sha512').update(text).digest();
}

/** SHA-256 of a SubjectPublicKeyInfo: how server and workload keys are named. */
export function keyName(spki: Buffer): Buffer {
  return createHash('sha256').update(spki).digest();
}

/** A P-256 key in the one encoding we take (RFC 5480, named curve, uncompressed). @throws ApiError */
export function parsePublicKey(spki: Buffer): KeyObject {
  const header = spki.subarray(0, SPKI_P256_HEADER.length);
  if (spki.length === SPKI_P256_BYTES && header.equals(SPKI_P256_HEADER)) {
    try {
      return createPublicKey({ key: spki, format: 'der', type: 'spki' });
    } catch {
      // Not a point of the curve: the same refusal as for any other key.
    }
  }
  throw invalidRequest(
    'public_key is not valid: want a P-256 SubjectPublicKeyInfo of 91 bytes, base64url',
    'public-key-invalid',
  );
}

/** Raw r ‖ s, SHA-256. Never throws for what the signature holds. */
export function signatureHolds(key: KeyObject, signed: Buffer, signature: Buffer): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
}
