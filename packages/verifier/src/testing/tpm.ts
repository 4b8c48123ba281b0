// A TPM in software: attestation keys, quotes, the certificates that an issuer of such keys makes, and
// the container they travel in; good and bad. For tests and the simulated TEE only.

import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { type Bank, bankBytes } from '../eventlog/event-log.js';
import { coordinateBytes, spkiOf } from '../pki/raw-key.js';
import { type MintedExtension, mintCertificate } from './x509.js';

export type TpmKeyKind = 'rsassa' | 'rsapss' | 'ecdsa-p256' | 'ecdsa-p384';

const hashIds: Readonly<Record<Bank, number>> = {
  sha1: 0x4,
  sha256: 0xb,
  sha384: 0xc,
  sha512: 0xd,
};
const schemeIds = { rsassa: 0x14, rsapss: 0x16, ecdsa: 0x18 } as const;
/** fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign. */
export const akAttributes = 0x00050072;

export interface TpmKeyOptions {
  readonly kind: TpmKeyKind;
  readonly attributes?: number;
  readonly nameHash?: Bank;
  readonly schemeHash?: Bank;
  /** Replaces the scheme's number; 0x10 is none. */
  readonly schemeId?: number;
  /** 0x10 is none, as a signing key has it. */
  readonly symmetricId?: number;
  readonly modulusBits?: number;
  /** Replaces x || y of a key on a curve; its certificate has them too. */
  readonly coordinates?: Uint8Array;
  readonly exponent?: number;
}

export interface SoftwareAk {
  readonly kind: TpmKeyKind;
  readonly hash: Bank;
  readonly privateKey: KeyObject;
  /** TPMT_PUBLIC. */
  readonly publicArea: Uint8Array;
  readonly spki: Uint8Array;
}

export function u16be(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

export function u32be(value: number): Uint8Array {
  return concatBytes(u16be(value >>> 16), u16be(value & 0xffff));
}

function u64be(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/** TPM2B: a length of two bytes and the bytes. */
export function tpm2b(bytes: Uint8Array): Uint8Array {
  return concatBytes(u16be(bytes.length), bytes);
}

function generate(kind: TpmKeyKind, modulusLength: number): KeyObject {
  if (kind === 'ecdsa-p256') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  if (kind === 'ecdsa-p384') return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  return generateKeyPairSync('rsa', { modulusLength }).privateKey;
}

function uniqueAndCurve(kind: TpmKeyKind, key: KeyObject, coordinates?: Uint8Array) {
  const exported = new Uint8Array(key.export({ type: 'spki', format: 'der' }));
  if (kind === 'ecdsa-p256' || kind === 'ecdsa-p384') {
    const curve = kind === 'ecdsa-p256' ? 'p256' : 'p384';
    const length = coordinateBytes[curve];
    const point = coordinates ?? exported.subarray(-2 * length);
    return {
      curve: curve === 'p256' ? 3 : 4,
      unique: [point.slice(0, length), point.slice(length)],
      spki: spkiOf(curve, point),
    };
  }
  const modulus = Buffer.from(String(key.export({ format: 'jwk' }).n), 'base64url');
  return { curve: 0, unique: [new Uint8Array(modulus)], spki: exported };
}

/** A key as TPM2_Create makes it; any field of its public area can be another. */
export function createSoftwareAk(options: TpmKeyOptions): SoftwareAk {
  const { kind, modulusBits = 2048 } = options;
  const privateKey = generate(kind, modulusBits);
  const publicKey = createPublicKey(privateKey);
  const hash = options.schemeHash ?? (kind === 'ecdsa-p384' ? 'sha384' : 'sha256');
  const { curve, unique, spki } = uniqueAndCurve(kind, publicKey, options.coordinates);
  const ecc = curve !== 0;
  const schemeId = options.schemeId ?? schemeIds[ecc ? 'ecdsa' : (kind as 'rsassa' | 'rsapss')];
  const publicArea = concatBytes(
    u16be(ecc ? 0x23 : 0x1),
    u16be(hashIds[options.nameHash ?? 'sha256']),
    u32be(options.attributes ?? akAttributes),
    tpm2b(new Uint8Array()),
    u16be(options.symmetricId ?? 0x10),
    u16be(schemeId),
    ...(schemeId === 0x10 ? [] : [u16be(hashIds[hash])]),
    ...(ecc ? [u16be(curve), u16be(0x10)] : [u16be(modulusBits), u32be(options.exponent ?? 0)]),
    ...unique.map(tpm2b),
  );
  return { kind, hash, privateKey, publicArea, spki };
}

export interface QuoteFields {
  readonly bank: Bank;
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  readonly extraData: Uint8Array;
  readonly magic?: number;
  readonly type?: number;
  readonly resetCount?: number;
  readonly restartCount?: number;
  readonly safe?: number;
  /** Replaces the selection: TPML_PCR_SELECTION. */
  readonly selection?: Uint8Array;
  readonly pcrDigest?: Uint8Array;
  /** With which the digest is made; default that of the key. */
  readonly digestHash?: Bank;
  readonly trailing?: Uint8Array;
}

/** TPML_PCR_SELECTION of one bank. */
export function pcrSelection(bank: Bank, pcrs: Iterable<number>): Uint8Array {
  const bitmap = new Uint8Array(3);
  for (const pcr of pcrs) bitmap[pcr >> 3] = (bitmap[pcr >> 3] ?? 0) | (1 << (pcr & 7));
  return concatBytes(u32be(1), u16be(hashIds[bank]), Uint8Array.of(3), bitmap);
}

/** TPMS_ATTEST. */
export function mintAttest(fields: QuoteFields, keyHash: Bank): Uint8Array {
  const ascending = [...fields.pcrs].sort(([a], [b]) => a - b).map(([, value]) => value);
  const digest = createHash(fields.digestHash ?? keyHash)
    .update(concatBytes(...ascending))
    .digest();
  return concatBytes(
    u32be(fields.magic ?? 0xff544347),
    u16be(fields.type ?? 0x8018),
    tpm2b(concatBytes(u16be(0xb), new Uint8Array(32).fill(0x9a))),
    tpm2b(fields.extraData),
    u64be(123_456n),
    u32be(fields.resetCount ?? 7),
    u32be(fields.restartCount ?? 2),
    Uint8Array.of(fields.safe ?? 1),
    u64be(0x2019_1023_0016_3636n),
    fields.selection ?? pcrSelection(fields.bank, fields.pcrs.keys()),
    tpm2b(fields.pcrDigest ?? new Uint8Array(digest)),
    fields.trailing ?? new Uint8Array(),
  );
}

/** The signature's numbers, without the structure around them. */
export function signAttest(ak: SoftwareAk, attest: Uint8Array): Uint8Array[] {
  const { privateKey: key, hash, kind } = ak;
  if (kind === 'rsassa') return [new Uint8Array(sign(hash, attest, key))];
  if (kind === 'rsapss') {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
    return [new Uint8Array(sign(hash, attest, { key, padding, saltLength }))];
  }
  const raw = new Uint8Array(sign(hash, attest, { key, dsaEncoding: 'ieee-p1363' }));
  return [raw.slice(0, raw.length / 2), raw.slice(raw.length / 2)];
}

/** TPMT_SIGNATURE. */
export function tpmSignature(ak: SoftwareAk, numbers: readonly Uint8Array[]): Uint8Array {
  const scheme = ak.kind === 'rsassa' || ak.kind === 'rsapss' ? ak.kind : 'ecdsa';
  return concatBytes(u16be(schemeIds[scheme]), u16be(hashIds[ak.hash]), ...numbers.map(tpm2b));
}

export interface ContainerFields {
  readonly type?: unknown;
  readonly quote: Uint8Array;
  readonly signature: Uint8Array;
  readonly akPublic: Uint8Array;
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  readonly akCertificates?: readonly Uint8Array[];
  readonly eventLog?: Uint8Array;
  readonly imaLog?: Uint8Array;
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** The container as an object, for tests that spoil it. */
export function tpmContainer(fields: ContainerFields): Record<string, unknown> {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  return {
    type: fields.type ?? 'tpm2-quote',
    quote: base64(fields.quote),
    signature: base64(fields.signature),
    ak_public: base64(fields.akPublic),
    pcrs: Object.fromEntries([...fields.pcrs].map(([pcr, value]) => [String(pcr), hex(value)])),
    ...(fields.akCertificates && { ak_certificates: fields.akCertificates.map(base64) }),
    ...(fields.eventLog && { event_log: base64(fields.eventLog) }),
    ...(fields.imaLog && { ima_log: base64(fields.imaLog) }),
  };
}

/** PCRs that nothing was measured into, but one: 7 is all sevens. */
export function somePcrs(bank: Bank, pcrs: readonly number[]): Map<number, Uint8Array> {
  return new Map(pcrs.map((pcr) => [pcr, new Uint8Array(bankBytes[bank]).fill(pcr === 7 ? 7 : 0)]));
}

export interface SoftwareAkCa {
  readonly root: { readonly der: Uint8Array; readonly key: KeyObject };
  readonly intermediate: { readonly der: Uint8Array; readonly key: KeyObject };
}

export const akCaNames = {
  root: { CN: 'Software AK Root' },
  intermediate: { CN: 'Software AK CA' },
} as const;

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Who certifies attestation keys: a root and an intermediate, on P-256. */
export function createSoftwareAkCa(validity: Validity, intermediate?: Validity): SoftwareAkCa {
  const keys = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const [root, middle] = keys;
  if (root === undefined || middle === undefined) throw new Error('no keys');
  const both = {
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ca: true,
    signingKey: root.privateKey,
  } as const;
  const rootDer = mintCertificate({
    subject: akCaNames.root,
    issuer: akCaNames.root,
    serial: 1,
    publicKey: root.publicKey,
    ...both,
    ...validity,
  });
  const middleDer = mintCertificate({
    subject: akCaNames.intermediate,
    issuer: akCaNames.root,
    serial: 2,
    publicKey: middle.publicKey,
    ...both,
    ...(intermediate ?? validity),
  });
  return {
    root: { der: rootDer, key: root.privateKey },
    intermediate: { der: middleDer, key: middle.privateKey },
  };
}

/** The certificate of an attestation key. */
export function mintAkCertificate(
  ca: SoftwareAkCa,
  ak: SoftwareAk,
  options: Validity & {
    readonly ca?: boolean;
    readonly keyUsageBits?: number;
    readonly extensions?: readonly MintedExtension[];
  },
): Uint8Array {
  return mintCertificate({
    subject: { CN: 'Software TPM' },
    issuer: akCaNames.intermediate,
    serial: 77,
    publicKey: ak.spki,
    signingKey: ca.intermediate.key,
    signatureAlgorithm: 'ecdsa-p256-sha256',
    notBefore: options.notBefore,
    notAfter: options.notAfter,
    ca: options.ca ?? 'bare',
    keyUsageBits: options.keyUsageBits ?? 0x80,
    extensions: options.extensions ?? [],
  });
}
