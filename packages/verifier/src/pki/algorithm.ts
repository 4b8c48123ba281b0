// AlgorithmIdentifier and SubjectPublicKeyInfo (RFC 5280, RFC 5480, RFC 4055) to the few kinds of
// keys and signatures that vendors use. Everything else is refused by name.

import { concatBytes } from '../encoding/bytes.js';
import {
  certificateDerLimits,
  contextTag,
  type DerElement,
  DerReader,
  derTag,
} from '../encoding/der.js';
import { decodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import type { CryptoProvider, DigestAlgorithm, SignatureAlgorithm } from '../provider.js';
import { coordinateBytes } from './raw-key.js';

/** SHA-1 signs nothing that is accepted here. */
type SignatureDigest = Exclude<DigestAlgorithm, 'sha1'>;

/** What a certificate or CRL says about its own signature; the curve is in the issuer's key. */
export interface X509SignatureAlgorithm {
  readonly scheme: 'ecdsa' | 'rsa-pkcs1' | 'rsa-pss';
  readonly digest: SignatureDigest;
}

export type Curve = 'p256' | 'p384';

export type PublicKey =
  | { readonly kind: 'ec'; readonly curve: Curve; readonly spki: Uint8Array }
  | { readonly kind: 'rsa'; readonly modulusBits: number; readonly spki: Uint8Array };

const signatureOids: Readonly<Record<string, X509SignatureAlgorithm>> = {
  '1.2.840.10045.4.3.2': { scheme: 'ecdsa', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { scheme: 'ecdsa', digest: 'sha384' },
  '1.2.840.113549.1.1.11': { scheme: 'rsa-pkcs1', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { scheme: 'rsa-pkcs1', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { scheme: 'rsa-pkcs1', digest: 'sha512' },
};

const digestOids: Readonly<Record<string, SignatureDigest>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

const digestBytes = { sha256: 32, sha384: 48, sha512: 64 } as const;
const rsaPssOid = '1.2.840.113549.1.1.10';
const mgf1Oid = '1.2.840.113549.1.1.8';
const ecKeyOid = '1.2.840.10045.2.1';
const rsaKeyOid = '1.2.840.113549.1.1.1';
const curveOids: Readonly<Record<string, Curve>> = {
  '1.2.840.10045.3.1.7': 'p256',
  '1.3.132.0.34': 'p384',
};

/** RSA keys outside of this are refused: weak below, a burden above. */
const rsaBits = { min: 2048, max: 8192 } as const;

function unsupported(what: string): EvidenceError {
  return new EvidenceError('unsupported-algorithm', `${what}: not supported`);
}

function readDigest(reader: DerReader): SignatureDigest {
  const oid = reader.oid('hash algorithm');
  if (!reader.done) reader.null('hash parameters');
  reader.end();
  const digest = digestOids[oid];
  if (digest === undefined) throw unsupported(`hash ${oid}`);
  return digest;
}

/** RSASSA-PSS-params, RFC 4055 section 3.1. The SHA-1 defaults are refused. */
function readPssParameters(reader: DerReader): X509SignatureAlgorithm {
  const tagged = (number: number, field: string): DerReader | null => {
    const element = reader.optional(contextTag(number, 'constructed'), field);
    return element === null ? null : reader.inside(element, field);
  };
  const hash = tagged(0, 'hash');
  if (hash === null) throw unsupported('RSA-PSS with its default hash');
  const digest = readDigest(hash.sequence('hash'));
  hash.end();
  const mask = tagged(1, 'mask');
  if (mask === null) throw unsupported('RSA-PSS with its default mask');
  const maskSequence = mask.sequence('mask');
  mask.end();
  if (maskSequence.oid('mask algorithm') !== mgf1Oid) throw unsupported('RSA-PSS mask');
  if (readDigest(maskSequence.sequence('mask hash')) !== digest) {
    throw unsupported('RSA-PSS with two hashes');
  }
  maskSequence.end();
  const salt = tagged(2, 'salt length');
  const saltLength = salt?.smallInteger('salt length') ?? 20;
  salt?.end();
  if (saltLength !== digestBytes[digest]) throw unsupported(`RSA-PSS with salt ${saltLength}`);
  // DER would leave the default out; AMD's roots state it.
  const trailer = tagged(3, 'trailer');
  if (trailer !== null && trailer.smallInteger('trailer') !== 1) {
    throw unsupported('RSA-PSS trailer');
  }
  trailer?.end();
  reader.end();
  return { scheme: 'rsa-pss', digest };
}

/** @throws EvidenceError 'unsupported-algorithm' | 'malformed' */
export function readSignatureAlgorithm(reader: DerReader): X509SignatureAlgorithm {
  const oid = reader.oid('signature algorithm');
  if (oid === rsaPssOid) {
    const algorithm = readPssParameters(reader.sequence('parameters'));
    reader.end();
    return algorithm;
  }
  const algorithm = signatureOids[oid];
  if (algorithm === undefined) throw unsupported(`signature algorithm ${oid}`);
  // PKCS #1 has NULL (RFC 4055), which some leave out; ECDSA has none (RFC 5758), but mbed TLS, and with it
  // Gramine, wrote NULL for years.
  if (!reader.done) reader.null('parameters');
  reader.end();
  return algorithm;
}

/** What is in a SubjectPublicKeyInfo. @throws EvidenceError 'malformed' | 'trailing-data' */
function openKeyInfo(spki: Uint8Array): DerReader {
  const outer = DerReader.open(spki, 'public key', certificateDerLimits);
  const reader = outer.sequence('key info');
  outer.end();
  return reader;
}

/** Big-endian, without leading zeros. */
export interface RsaNumbers {
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
}

/** From behind the algorithm's OID to the end (RFC 8017 appendix A.1.1). */
function readRsaNumbers(algorithm: DerReader, reader: DerReader): RsaNumbers {
  algorithm.null('parameters');
  algorithm.end();
  const key = reader.nested(reader.bitStringBytes('key'), 'RSA key');
  reader.end();
  const numbers = key.sequence('numbers');
  key.end();
  const modulus = numbers.unsignedInteger('modulus');
  const exponent = numbers.unsignedInteger('exponent');
  numbers.end();
  return { modulus, exponent };
}

/**
 * The numbers of an RSA key, whatever their size.
 * @throws EvidenceError 'unsupported-algorithm' for a key of another kind, 'malformed' | 'trailing-data'
 */
export function parseRsaNumbers(spki: Uint8Array): RsaNumbers {
  const reader = openKeyInfo(spki);
  const algorithm = reader.sequence('algorithm');
  const oid = algorithm.oid('key algorithm');
  if (oid !== rsaKeyOid) throw unsupported(`key algorithm ${oid}`);
  return readRsaNumbers(algorithm, reader);
}

/** @throws EvidenceError 'public-key-invalid' | 'unsupported-algorithm' | 'malformed' */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  const reader = openKeyInfo(spki);
  const algorithm = reader.sequence('algorithm');
  const oid = algorithm.oid('key algorithm');
  if (oid === ecKeyOid) {
    const curve = curveOids[algorithm.oid('curve')];
    algorithm.end();
    if (curve === undefined) throw unsupported('elliptic curve');
    const point = reader.bitStringBytes('point');
    reader.end();
    if (point.length !== 1 + 2 * coordinateBytes[curve] || point[0] !== 4) {
      throw new EvidenceError('public-key-invalid', 'public key: want an uncompressed point');
    }
    return { kind: 'ec', curve, spki };
  }
  if (oid !== rsaKeyOid) throw unsupported(`key algorithm ${oid}`);
  const { modulus, exponent } = readRsaNumbers(algorithm, reader);
  const modulusBits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  const oddExponent = ((exponent[exponent.length - 1] ?? 0) & 1) === 1;
  if (
    modulusBits < rsaBits.min ||
    modulusBits > rsaBits.max ||
    exponent.length > 4 ||
    !oddExponent ||
    (exponent.length === 1 && exponent[0] === 1)
  ) {
    throw new EvidenceError('public-key-invalid', 'public key: RSA key out of range');
  }
  return { kind: 'rsa', modulusBits, spki };
}

/** An element in parts: its header, and what is in it. */
function elementParts(tag: number, ...contents: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return [Uint8Array.from(header), ...contents];
}

/** INTEGER of a big-endian number without leading zeros. */
function integerParts(number: Uint8Array): readonly Uint8Array[] {
  const sign = (number[0] ?? 0) >= 0x80 ? [Uint8Array.of(0)] : [];
  return elementParts(derTag.integer, ...sign, number);
}

/** AlgorithmIdentifier rsaEncryption with NULL (RFC 4055 section 1.2). */
const rsaAlgorithm = decodeHex('300d06092a864886f70d0101010500');
const rsaNumberBytesMax = 1024;

/** SubjectPublicKeyInfo of a bare RSA key, as JWKs and TPM keys carry it: big-endian numbers. */
export function rsaSpki(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  for (const number of [modulus, exponent]) {
    if (number.length === 0 || number.length > rsaNumberBytesMax || number[0] === 0) {
      throw new EvidenceError('public-key-invalid', 'public key: RSA number of the wrong length');
    }
  }
  const key = elementParts(derTag.sequence, ...integerParts(modulus), ...integerParts(exponent));
  const bits = elementParts(derTag.bitString, Uint8Array.of(0), ...key);
  return concatBytes(...elementParts(derTag.sequence, rsaAlgorithm, ...bits));
}

function fixedInteger(value: Uint8Array, length: number): Uint8Array | null {
  if (value.length > length) return null;
  const fixed = new Uint8Array(length);
  fixed.set(value, length - value.length);
  return fixed;
}

/** SEQUENCE { r, s } to r || s; null if it is not that, in strict DER, with numbers in range. */
function rawEcdsaSignature(der: Uint8Array, curve: Curve): Uint8Array | null {
  try {
    const outer = DerReader.open(der, 'signature', certificateDerLimits);
    const element: DerElement = outer.expect(derTag.sequence, 'numbers');
    outer.end();
    const numbers = outer.inside(element, 'numbers');
    const r = fixedInteger(numbers.unsignedInteger('r'), coordinateBytes[curve]);
    const s = fixedInteger(numbers.unsignedInteger('s'), coordinateBytes[curve]);
    numbers.end();
    return r === null || s === null ? null : concatBytes(r, s);
  } catch (error) {
    if (error instanceof EvidenceError) return null;
    throw error;
  }
}

/** Whether a signature of this kind can come from a key of this kind at all. */
export function signatureFits(key: PublicKey, algorithm: X509SignatureAlgorithm): boolean {
  return (key.kind === 'ec') === (algorithm.scheme === 'ecdsa');
}

function chooseAlgorithm(algorithm: X509SignatureAlgorithm, key: PublicKey): SignatureAlgorithm {
  if (algorithm.scheme === 'ecdsa' && key.kind === 'ec') {
    if (key.curve === 'p256' && algorithm.digest === 'sha256') return 'ecdsa-p256-sha256';
    if (key.curve === 'p384' && algorithm.digest === 'sha384') return 'ecdsa-p384-sha384';
    throw unsupported(`${key.curve} with ${algorithm.digest}`);
  }
  if (algorithm.scheme !== 'ecdsa' && key.kind === 'rsa') {
    return `${algorithm.scheme}-${algorithm.digest}`;
  }
  throw new EvidenceError('chain-invalid', "signature: of another kind than the issuer's key");
}

/**
 * Whether the signature of a certificate or CRL, as it stands there, was made with `key`.
 * @throws EvidenceError 'unsupported-algorithm', or 'chain-invalid' if the key is of another kind
 */
export async function verifyX509Signature(
  provider: CryptoProvider,
  key: PublicKey,
  algorithm: X509SignatureAlgorithm,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const chosen = chooseAlgorithm(algorithm, key);
  if (key.kind === 'rsa') return provider.verify(chosen, key.spki, signature, data);
  const raw = rawEcdsaSignature(signature, key.curve);
  return raw !== null && provider.verify(chosen, key.spki, raw, data);
}
