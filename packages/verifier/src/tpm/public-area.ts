// What every TPMT_PUBLIC has in common, bytes to fields (TPM 2.0 Library part 2, 12.2), and the Name that stands for
// it. Trusts nothing: whether the key is fit for its use is for attestation-key.ts and endorsement-key.ts.

import { concatBytes, copyBytes } from '../encoding/bytes.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import { type PublicKey, parsePublicKey, rsaSpki } from '../pki/algorithm.js';
import { coordinateBytes, spkiOf } from '../pki/raw-key.js';
import type { CryptoProvider, DigestAlgorithm } from '../provider.js';
import { strongHashOf, tpmAlgorithm } from './algorithm.js';

/** What precedes a key's parameters. */
export interface PublicAreaHead {
  readonly raw: Uint8Array;
  readonly kind: 'rsa' | 'ecc';
  readonly nameAlgorithm: Exclude<DigestAlgorithm, 'sha1'>;
  readonly nameAlgorithmId: number;
  readonly attributes: number;
}

/** TPMA_OBJECT, part 2 table 31. */
export const attribute = {
  fixedTpm: 1 << 1,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
} as const;

const publicBytesMax = 1_200;
const curves = { 3: 'p256', 4: 'p384' } as const;
const defaultExponent = 65_537;

function sized(reader: ByteReader, field: string): Uint8Array {
  return reader.bytes(reader.u16be(`${field} size`), field);
}

function trimmed(number: Uint8Array): Uint8Array {
  const start = number.findIndex((byte) => byte !== 0);
  return start < 0 ? new Uint8Array() : number.subarray(start);
}

function padded(number: Uint8Array, length: number): Uint8Array {
  const value = trimmed(number);
  if (value.length > length) throw new EvidenceError('public-key-invalid', 'TPM: coordinate');
  return concatBytes(new Uint8Array(length - value.length), value);
}

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/**
 * Reads up to the key's parameters; the input is copied first. The reader that comes back stands before them.
 * @throws EvidenceError 'malformed' | 'unsupported-algorithm'
 */
export function openPublicArea(input: Uint8Array): { head: PublicAreaHead; reader: ByteReader } {
  if (input.length > publicBytesMax) throw new EvidenceError('malformed', 'TPM key: too long');
  const raw = copyBytes(input);
  const reader = new ByteReader(raw, 'TPM key');
  const type = reader.u16be('type');
  if (type !== tpmAlgorithm.rsa && type !== tpmAlgorithm.ecc) {
    throw new EvidenceError('unsupported-algorithm', `TPM: key type ${type}`);
  }
  const nameAlgorithmId = reader.u16be('name algorithm');
  const nameAlgorithm = strongHashOf(nameAlgorithmId);
  const attributes = reader.u32be('attributes');
  sized(reader, 'policy');
  const kind = type === tpmAlgorithm.rsa ? 'rsa' : 'ecc';
  return { head: { raw, kind, nameAlgorithm, nameAlgorithmId, attributes }, reader };
}

function readRsa(reader: ByteReader): PublicKey {
  const bits = reader.u16be('key bits');
  const exponent = reader.u32be('exponent') || defaultExponent;
  const modulus = trimmed(sized(reader, 'modulus'));
  const publicKey = parsePublicKey(rsaSpki(modulus, trimmed(bigEndian(exponent))));
  if (publicKey.kind !== 'rsa' || publicKey.modulusBits !== bits) {
    throw new EvidenceError('public-key-invalid', 'TPM: modulus of another length than stated');
  }
  return publicKey;
}

function readEcc(reader: ByteReader): PublicKey {
  const id = reader.u16be('curve');
  const curve = id === 3 || id === 4 ? curves[id] : null;
  if (curve === null) throw new EvidenceError('unsupported-algorithm', `TPM: curve ${id}`);
  if (reader.u16be('KDF') !== tpmAlgorithm.null) {
    throw new EvidenceError('unsupported-algorithm', 'TPM: a key derivation scheme');
  }
  const length = coordinateBytes[curve];
  const x = padded(sized(reader, 'x'), length);
  const y = padded(sized(reader, 'y'), length);
  return parsePublicKey(spkiOf(curve, concatBytes(x, y)));
}

/**
 * What follows the symmetric algorithm and the scheme: size or curve, and the key itself, to the end.
 * RSA of 2048 bits and up, P-256 or P-384.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-algorithm' | 'public-key-invalid'
 */
export function readPublicKey(reader: ByteReader, kind: PublicAreaHead['kind']): PublicKey {
  const publicKey = kind === 'rsa' ? readRsa(reader) : readEcc(reader);
  reader.end();
  return publicKey;
}

/** The key's Name (part 1, section 16): its algorithm's number and the hash of its public area. */
export async function nameOf(area: PublicAreaHead, provider: CryptoProvider): Promise<Uint8Array> {
  const { nameAlgorithm, nameAlgorithmId, raw } = area;
  const id = Uint8Array.of(nameAlgorithmId >> 8, nameAlgorithmId & 0xff);
  return concatBytes(id, await provider.digest(nameAlgorithm, raw));
}
