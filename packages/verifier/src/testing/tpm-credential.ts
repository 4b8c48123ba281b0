// A software TPM's endorsement key, good and bad, and what such a TPM does with a credential: written apart from the
// code that makes credentials, on the platform's own HMAC, CFB and OAEP. For tests and the simulated TEE only.

import {
  constants,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { derOid, derSequence } from './der-writer.js';
import { akCaNames, type SoftwareAkCa, tpm2b, u16be, u32be, type Validity } from './tpm.js';
import { type MintedExtension, mintCertificate } from './x509.js';

export type SoftwareEkKind = 'rsa-2048' | 'rsa-3072' | 'ecc-p256' | 'ecc-p384';
type EkHash = 'sha256' | 'sha384';

/** fixedTPM, fixedParent, sensitiveDataOrigin, adminWithPolicy, restricted, decrypt. */
export const ekAttributes = 0x000300b2;
const hashIds = { sha1: 0x4, sha256: 0xb, sha384: 0xc } as const;

export interface SoftwareEkOptions {
  readonly kind: SoftwareEkKind;
  readonly attributes?: number;
  readonly nameHash?: keyof typeof hashIds;
  /** Replaces symmetric algorithm, bits, mode and scheme: AES, 128 or 256, CFB, none. */
  readonly parameters?: readonly number[];
  /** Replaces the curve's number or the modulus' bits. */
  readonly sizeOrCurve?: number;
  /** Another key than a new one. */
  readonly privateKey?: KeyObject;
}

export interface SoftwareEk {
  readonly kind: SoftwareEkKind;
  readonly hash: EkHash;
  readonly symmetricBits: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** TPMT_PUBLIC. */
  readonly publicArea: Uint8Array;
}

function generate(kind: SoftwareEkKind): KeyObject {
  if (kind === 'ecc-p256') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  if (kind === 'ecc-p384') return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const modulusLength = kind === 'rsa-2048' ? 2048 : 3072;
  return generateKeyPairSync('rsa', { modulusLength }).privateKey;
}

function member(key: KeyObject, name: 'n' | 'x' | 'y'): Uint8Array {
  return new Uint8Array(Buffer.from(String(key.export({ format: 'jwk' })[name]), 'base64url'));
}

/** A key as TPM2_CreatePrimary makes it of the templates of the EK Credential Profile, annex B. */
export function createSoftwareEk(options: SoftwareEkOptions): SoftwareEk {
  const { kind } = options;
  const privateKey = options.privateKey ?? generate(kind);
  const publicKey = createPublicKey(privateKey);
  const high = kind === 'rsa-3072' || kind === 'ecc-p384';
  const hash = high ? 'sha384' : 'sha256';
  const symmetricBits = high ? 256 : 128;
  const parameters = options.parameters ?? [0x6, symmetricBits, 0x43, 0x10];
  const key = kind.startsWith('rsa')
    ? [u16be(options.sizeOrCurve ?? Number(kind.slice(4))), u32be(0), tpm2b(member(publicKey, 'n'))]
    : [
        u16be(options.sizeOrCurve ?? (high ? 4 : 3)),
        u16be(0x10),
        ...(['x', 'y'] as const).map((name) => tpm2b(member(publicKey, name))),
      ];
  const publicArea = concatBytes(
    u16be(kind.startsWith('rsa') ? 0x1 : 0x23),
    u16be(hashIds[options.nameHash ?? hash]),
    u32be(options.attributes ?? ekAttributes),
    tpm2b(new Uint8Array(high ? 48 : 32).fill(0x83)),
    ...parameters.map(u16be),
    ...key,
  );
  return { kind, hash, symmetricBits, privateKey, publicKey, publicArea };
}

/** TPM2B at `at`: its contents and what follows. */
function unwrap(bytes: Uint8Array): [contents: Uint8Array, rest: Uint8Array] {
  const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (bytes.length < 2 + length) throw new Error('TPM_RC_SIZE');
  return [bytes.subarray(2, 2 + length), bytes.subarray(2 + length)];
}

function kdfA(hash: EkHash, key: Uint8Array, label: string, context: Uint8Array, bits: number) {
  const data = concatBytes(u32be(1), Buffer.from(`${label}\0`), context, u32be(bits));
  return createHmac(hash, key)
    .update(data)
    .digest()
    .subarray(0, bits / 8);
}

function recoverSeed(ek: SoftwareEk, sealed: Uint8Array): Uint8Array {
  const { hash: oaepHash, privateKey: key } = ek;
  if (ek.kind.startsWith('rsa')) {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    return privateDecrypt({ key, padding, oaepHash, oaepLabel: Buffer.from('IDENTITY\0') }, sealed);
  }
  const [x, rest] = unwrap(sealed);
  const [y] = unwrap(rest);
  const crv = ek.kind === 'ecc-p256' ? 'P-256' : 'P-384';
  const text = (number: Uint8Array) => Buffer.from(number).toString('base64url');
  const jwk = { kty: 'EC', crv, x: text(x), y: text(y) };
  const shared = diffieHellman({
    privateKey: key,
    publicKey: createPublicKey({ key: jwk, format: 'jwk' }),
  });
  const data = concatBytes(
    u32be(1),
    shared,
    Buffer.from('IDENTITY\0'),
    x,
    member(ek.publicKey, 'x'),
  );
  return createHash(oaepHash).update(data).digest();
}

/**
 * TPM2_ActivateCredential for an object with this Name. @throws Error as a TPM that refuses: nothing is told of a
 * credential whose integrity does not hold
 */
export function activateCredential(
  ek: SoftwareEk,
  name: Uint8Array,
  credential: { readonly idObject: Uint8Array; readonly encryptedSeed: Uint8Array },
): Uint8Array {
  const [sealed] = unwrap(credential.encryptedSeed);
  const seed = recoverSeed(ek, sealed);
  const [integrity, identity] = unwrap(unwrap(credential.idObject)[0]);
  const digestBits = ek.hash === 'sha256' ? 256 : 384;
  const integrityKey = kdfA(ek.hash, seed, 'INTEGRITY', new Uint8Array(), digestBits);
  const expected = createHmac(ek.hash, integrityKey).update(identity).update(name).digest();
  if (!expected.equals(integrity)) throw new Error('TPM_RC_INTEGRITY');
  const key = kdfA(ek.hash, seed, 'STORAGE', name, ek.symmetricBits);
  const cipher = createDecipheriv(`aes-${ek.symmetricBits}-cfb`, key, new Uint8Array(16));
  return unwrap(concatBytes(cipher.update(identity), cipher.final()))[0];
}

const ekPurpose = '2.23.133.8.1';

/** extendedKeyUsage of these purposes. */
export function purposes(...oids: readonly string[]): MintedExtension {
  return { oid: '2.5.29.37', value: derSequence(...oids.map(derOid)) };
}

/** The certificate of an endorsement key, by the intermediate of the CA that certifies attestation keys too. */
export function mintEkCertificate(
  ca: SoftwareAkCa,
  publicKey: KeyObject,
  options: Validity & {
    readonly ca?: boolean;
    readonly keyUsageBits?: number;
    readonly extensions?: readonly MintedExtension[];
  },
): Uint8Array {
  const usage = publicKey.asymmetricKeyType === 'rsa' ? 0x20 : 0x08;
  return mintCertificate({
    subject: { CN: 'Software TPM EK' },
    issuer: akCaNames.intermediate,
    serial: 78,
    publicKey,
    signingKey: ca.intermediate.key,
    signatureAlgorithm: 'ecdsa-p256-sha256',
    notBefore: options.notBefore,
    notAfter: options.notAfter,
    ca: options.ca ?? 'bare',
    keyUsageBits: options.keyUsageBits ?? usage,
    extensions: options.extensions ?? [purposes(ekPurpose)],
  });
}
