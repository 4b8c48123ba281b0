// TPMT_PUBLIC of an attestation key, bytes to fields (TPM 2.0 Library part 2, 12.2). Whether it is a
// key that can only quote is checked here; whether it is in a TPM is for ak-certificate.ts and others.

import { concatBytes, copyBytes } from '../encoding/bytes.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import { ecSpki, type PublicKey, parsePublicKey, rsaSpki } from '../pki/algorithm.js';
import type { CryptoProvider, DigestAlgorithm } from '../provider.js';
import { type SignatureScheme, schemeOf, strongHashOf, tpmAlgorithm } from './algorithm.js';

export interface TpmPublicArea {
  readonly raw: Uint8Array;
  readonly nameAlgorithm: Exclude<DigestAlgorithm, 'sha1'>;
  readonly nameAlgorithmId: number;
  readonly attributes: number;
  /** What the key signs with, and nothing else: a restricted key has its scheme fixed. */
  readonly scheme: SignatureScheme;
  readonly hash: Exclude<DigestAlgorithm, 'sha1'>;
  readonly publicKey: PublicKey;
}

/** TPMA_OBJECT, part 2 table 31. */
const attribute = {
  fixedTpm: 1 << 1,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
} as const;
const wanted = ['fixedTpm', 'fixedParent', 'sensitiveDataOrigin', 'restricted', 'sign'] as const;

const publicBytesMax = 1_200;
const curves = { 3: 'p256', 4: 'p384' } as const;
const coordinateBytes = { p256: 32, p384: 48 } as const;
const defaultExponent = 65_537;

function unfit(why: string): EvidenceError {
  return new EvidenceError('attestation-key-unfit', `TPM attestation key: ${why}`);
}

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

/** A signing key has no symmetric algorithm, and a restricted one has its scheme. */
function readScheme(reader: ByteReader) {
  if (reader.u16be('symmetric') !== tpmAlgorithm.null) throw unfit('it is a storage key');
  const id = reader.u16be('scheme');
  if (id === tpmAlgorithm.null) throw unfit('it signs by any scheme');
  return { scheme: schemeOf(id), hash: strongHashOf(reader.u16be('scheme hash')) };
}

function readRsa(reader: ByteReader) {
  const scheme = readScheme(reader);
  const bits = reader.u16be('key bits');
  const exponent = reader.u32be('exponent') || defaultExponent;
  const modulus = trimmed(sized(reader, 'modulus'));
  const publicKey = parsePublicKey(rsaSpki(modulus, trimmed(bigEndian(exponent))));
  if (publicKey.kind !== 'rsa' || publicKey.modulusBits !== bits) {
    throw new EvidenceError('public-key-invalid', 'TPM: modulus of another length than stated');
  }
  return { ...scheme, publicKey };
}

function readEcc(reader: ByteReader) {
  const scheme = readScheme(reader);
  const id = reader.u16be('curve');
  const curve = id === 3 || id === 4 ? curves[id] : null;
  if (curve === null) throw new EvidenceError('unsupported-algorithm', `TPM: curve ${id}`);
  if (reader.u16be('KDF') !== tpmAlgorithm.null) throw unfit('it has a key derivation scheme');
  const length = coordinateBytes[curve];
  const x = padded(sized(reader, 'x'), length);
  const y = padded(sized(reader, 'y'), length);
  return { ...scheme, publicKey: parsePublicKey(ecSpki(curve, concatBytes(x, y))) };
}

/**
 * Reads exactly one public area of a key that can only sign what its TPM made: restricted, signing,
 * not decrypting, made in the TPM and bound to it; RSA of 2048 bits and up, P-256 or P-384.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-algorithm' |
 *   'public-key-invalid' | 'attestation-key-unfit'
 */
export function parseAttestationKey(input: Uint8Array): TpmPublicArea {
  if (input.length > publicBytesMax) throw new EvidenceError('malformed', 'TPM key: too long');
  const raw = copyBytes(input);
  const reader = new ByteReader(raw, 'TPM key');
  const type = reader.u16be('type');
  const nameAlgorithmId = reader.u16be('name algorithm');
  const nameAlgorithm = strongHashOf(nameAlgorithmId);
  const attributes = reader.u32be('attributes');
  for (const name of wanted) {
    if ((attributes & attribute[name]) === 0) throw unfit(`${name} is not set`);
  }
  if ((attributes & attribute.decrypt) !== 0) throw unfit('decrypt is set');
  sized(reader, 'policy');
  if (type !== tpmAlgorithm.rsa && type !== tpmAlgorithm.ecc) {
    throw new EvidenceError('unsupported-algorithm', `TPM: key type ${type}`);
  }
  const key = type === tpmAlgorithm.rsa ? readRsa(reader) : readEcc(reader);
  reader.end();
  return { raw, nameAlgorithm, nameAlgorithmId, attributes, ...key };
}

/** The key's Name (part 1, section 16): its algorithm's number and the hash of its public area. */
export async function nameOf(area: TpmPublicArea, provider: CryptoProvider): Promise<Uint8Array> {
  const { nameAlgorithm, nameAlgorithmId, raw } = area;
  const id = Uint8Array.of(nameAlgorithmId >> 8, nameAlgorithmId & 0xff);
  return concatBytes(id, await provider.digest(nameAlgorithm, raw));
}
