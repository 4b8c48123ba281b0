// COSE_Sign1 (RFC 9052 section 4.2): bytes to structure, and whether its signature verifies. Must
// never take the algorithm, or anything else, from the unprotected header: nobody signs that.

import { type CborEntry, type CborItem, type CborLimits, parseCbor } from '../encoding/cbor.js';
import { cborArray, cborBytes, cborInteger, cborMap, cborText } from '../encoding/cbor-fields.js';
import { encodeCbor } from '../encoding/cbor-writer.js';
import { EvidenceError } from '../errors.js';
import type { CryptoProvider, SignatureAlgorithm } from '../provider.js';

/**
 * COSE algorithm to what it means here. RFC 9053 leaves the curve of ECDSA and EdDSA open; here each
 * has the one curve that JOSE ties it to.
 */
const algorithms = {
  ES256: { id: -7, algorithm: 'ecdsa-p256-sha256' },
  ES384: { id: -35, algorithm: 'ecdsa-p384-sha384' },
  ES512: { id: -36, algorithm: 'ecdsa-p521-sha512' },
  PS256: { id: -37, algorithm: 'rsa-pss-sha256' },
  PS384: { id: -38, algorithm: 'rsa-pss-sha384' },
  PS512: { id: -39, algorithm: 'rsa-pss-sha512' },
  EdDSA: { id: -8, algorithm: 'ed25519' },
} as const satisfies Record<string, { id: number; algorithm: SignatureAlgorithm }>;

export type CoseAlgorithm = keyof typeof algorithms;

/** A parsed message, NOT trusted. Byte strings are views on what was parsed. */
export interface CoseSign1 {
  readonly algorithm: CoseAlgorithm;
  /** Contents of the protected header's byte string, as the signature covers them. */
  readonly protectedRaw: Uint8Array;
  readonly protectedHeader: readonly CborEntry[];
  /** Signed by nobody: good for hints such as a certificate chain that is verified on its own. */
  readonly unprotectedHeader: readonly CborEntry[];
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export interface CoseLimits extends CborLimits {
  readonly payloadBytesMax: number;
}

/** Header labels of RFC 9052 section 3.1. */
const label = { algorithm: 1n, critical: 2n } as const;
const sign1Tag = 18n;
const headerEntries = { min: 0, max: 16 };
/** From Ed25519 to RSA with 8192 bits. */
const signatureBytes = { min: 64, max: 1024 };

function malformed(what: string, why: string): EvidenceError {
  return new EvidenceError('malformed', `${what}: ${why}`);
}

function find(entries: readonly CborEntry[], key: bigint | string): CborItem | null {
  return entries.find((entry) => entry.key === key)?.value ?? null;
}

/** RFC 9052 section 3: an empty map is written as no bytes at all; an encoded one is read too. */
function readProtected(raw: Uint8Array, what: string, limits: CoseLimits): readonly CborEntry[] {
  if (raw.length === 0) return [];
  const header = parseCbor(raw, `${what} protected header`, {
    ...limits,
    indefiniteMaps: 'refused',
  });
  return cborMap(header, `${what} protected header`, headerEntries);
}

function readAlgorithm(header: readonly CborEntry[], what: string): CoseAlgorithm {
  const item = find(header, label.algorithm);
  if (item === null) throw malformed(what, 'no algorithm in the protected header');
  const id = cborInteger(item, `${what} algorithm`, { min: -65_536, max: 65_535 });
  for (const [name, known] of Object.entries(algorithms)) {
    if (known.id === id) return name as CoseAlgorithm;
  }
  throw new EvidenceError('unsupported-algorithm', `${what}: COSE algorithm ${id}`);
}

/**
 * What is marked critical must be understood, and beyond the algorithm nothing is. A `crit` that
 * names the algorithm alone is allowed by RFC 9052, though of no use.
 */
function checkCritical(header: readonly CborEntry[], what: string): void {
  const item = find(header, label.critical);
  if (item === null) return;
  for (const each of cborArray(item, `${what} crit`, { min: 1, max: headerEntries.max })) {
    const name =
      each.type === 'text'
        ? cborText(each, `${what} crit label`, { min: 0, max: 64 })
        : each.type === 'integer'
          ? each.value
          : null;
    if (name === null || find(header, name) === null) throw malformed(what, 'crit names nothing');
    if (name !== label.algorithm) {
      throw new EvidenceError('header-not-allowed', `${what}: unknown critical header ${name}`);
    }
  }
}

function checkUnprotected(message: Omit<CoseSign1, 'algorithm'>, what: string): void {
  for (const { key } of message.unprotectedHeader) {
    if (key === label.algorithm || key === label.critical) {
      throw malformed(what, 'algorithm or crit in the unprotected header');
    }
    if (find(message.protectedHeader, key) !== null) {
      throw malformed(what, `header ${key} is both protected and unprotected`);
    }
  }
}

/**
 * Reads a COSE_Sign1 with its payload in it, with or without the tag 18. Detached payloads are refused:
 * no format here has them.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-algorithm' |
 *   'header-not-allowed'
 */
export function parseCoseSign1(bytes: Uint8Array, what: string, limits: CoseLimits): CoseSign1 {
  const document = parseCbor(bytes, what, limits);
  if (document.type === 'tag' && document.tag !== sign1Tag) {
    throw malformed(what, `tag ${document.tag}, want ${sign1Tag}`);
  }
  const array = document.type === 'tag' ? document.content : document;
  const [first, second, third, fourth] = cborArray(array, what, { min: 4, max: 4 });
  if (!first || !second || !third || !fourth) throw malformed(what, 'want four items');
  const any = { min: 0, max: limits.bytesMax };
  const protectedRaw = cborBytes(first, `${what} protected header`, any);
  const protectedHeader = readProtected(protectedRaw, what, limits);
  const payloadLength = { min: 0, max: limits.payloadBytesMax };
  const message = {
    protectedRaw,
    protectedHeader,
    unprotectedHeader: cborMap(second, `${what} unprotected header`, headerEntries),
    payload: cborBytes(third, `${what} payload`, payloadLength),
    signature: cborBytes(fourth, `${what} signature`, signatureBytes),
  };
  checkUnprotected(message, what);
  checkCritical(protectedHeader, what);
  return { ...message, algorithm: readAlgorithm(protectedHeader, what) };
}

export interface VerifyCoseInput {
  readonly message: CoseSign1;
  /** Whose signature it must be: DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** What both sides know and the message does not carry; empty where the format has none. */
  readonly externalAad: Uint8Array;
  /** Those that this use takes: a header may not choose beyond them. */
  readonly algorithms: readonly CoseAlgorithm[];
  readonly provider: CryptoProvider;
}

/** What is signed: Sig_structure of RFC 9052 section 4.4, over the bytes as they came. */
export function coseToBeSigned(
  protectedRaw: Uint8Array,
  externalAad: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  return encodeCbor(['Signature1', protectedRaw, externalAad, payload]);
}

/**
 * @throws EvidenceError 'signature-invalid', 'unsupported-algorithm' if the header's algorithm is none
 *   of the accepted ones, 'public-key-invalid' if the key is of another kind
 */
export async function verifyCoseSign1(input: VerifyCoseInput): Promise<void> {
  const { message, provider } = input;
  if (!input.algorithms.includes(message.algorithm)) {
    const wanted = input.algorithms.join(' or ');
    throw new EvidenceError('unsupported-algorithm', `COSE: ${message.algorithm}, want ${wanted}`);
  }
  const { algorithm } = algorithms[message.algorithm];
  const signed = coseToBeSigned(message.protectedRaw, input.externalAad, message.payload);
  if (!(await provider.verify(algorithm, input.spki, message.signature, signed))) {
    throw new EvidenceError('signature-invalid', 'COSE: signature does not verify');
  }
}
