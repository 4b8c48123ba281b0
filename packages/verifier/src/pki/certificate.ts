// One X.509 certificate (RFC 5280), read by our own DER reader. Parsing trusts nothing: see chain.ts.
// Must never hand input to crypto.X509Certificate, which prefers PEM text that it finds inside DER.

import { certificateDerLimits, contextTag, DerReader, derTag } from '../encoding/der.js';
import { encodeHex } from '../encoding/hex.js';
import { type PemLimits, parsePem } from '../encoding/pem.js';
import { EvidenceError } from '../errors.js';
import { type PublicKey, parsePublicKey } from './algorithm.js';
import { type AuthorityKey, readAuthorityKey, readSubjectKeyId } from './key-identifiers.js';
import { type Name, readName } from './name.js';
import { parseSigned, type X509Signed } from './signed.js';

export interface Extension {
  readonly critical: boolean;
  /** Contents of extnValue: for most extensions, DER. */
  readonly value: Uint8Array;
}

export type Extensions = ReadonlyMap<string, Extension>;

export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly';

const keyUsages: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

/** A parsed certificate, NOT trusted. All byte strings are views on `raw`. */
export interface Certificate extends X509Signed {
  /** Lower-case hex of the INTEGER's contents: the key for looking it up in a CRL. */
  readonly serial: string;
  readonly issuerRaw: Uint8Array;
  readonly issuer: Name;
  readonly subjectRaw: Uint8Array;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: PublicKey;
  readonly extensions: Extensions;
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | null } | null;
  readonly keyUsage: ReadonlySet<KeyUsage> | null;
  readonly subjectKeyId: Uint8Array | null;
  readonly authorityKey: AuthorityKey | null;
}

const extensionsMax = 40;
const basicConstraintsOid = '2.5.29.19';
const keyUsageOid = '2.5.29.15';

/** SEQUENCE OF Extension. Also for CRLs, whose extensions have the same form. */
export function readExtensions(list: DerReader): Extensions {
  const extensions = new Map<string, Extension>();
  do {
    const reader = list.sequence('extension');
    const oid = reader.oid('extension id');
    // DER leaves FALSE out; some vendors write it, and it means the same.
    const critical = reader.peek() === derTag.boolean ? reader.boolean('critical') : false;
    const value = reader.octetString('extension value');
    reader.end();
    if (extensions.has(oid)) throw new EvidenceError('malformed', `extension ${oid}: twice`);
    if (extensions.size >= extensionsMax) {
      throw new EvidenceError('malformed', `extensions: more than ${extensionsMax}`);
    }
    extensions.set(oid, { critical, value });
  } while (!list.done);
  return extensions;
}

/** Extensions of a certificate or CRL, which are optional and have this tag. */
export function readTaggedExtensions(reader: DerReader, tag: number): Extensions {
  const field = reader.optional(contextTag(tag, 'constructed'), 'extensions');
  if (field === null) return new Map();
  const wrapped = reader.inside(field, 'extensions');
  const extensions = readExtensions(wrapped.sequence('extensions'));
  wrapped.end();
  return extensions;
}

function readBasicConstraints(extensions: Extensions): Certificate['basicConstraints'] {
  const extension = extensions.get(basicConstraintsOid);
  if (extension === undefined) return null;
  const outer = DerReader.open(extension.value, 'basicConstraints', certificateDerLimits);
  const reader = outer.sequence('constraints');
  outer.end();
  const ca = reader.peek() === derTag.boolean ? reader.boolean('cA') : false;
  const pathLength = reader.done ? null : reader.smallInteger('pathLenConstraint');
  reader.end();
  return { ca, pathLength };
}

function readKeyUsage(extensions: Extensions): ReadonlySet<KeyUsage> | null {
  const extension = extensions.get(keyUsageOid);
  if (extension === undefined) return null;
  const reader = DerReader.open(extension.value, 'keyUsage', certificateDerLimits);
  const { bytes } = reader.bitString('bits');
  reader.end();
  if (bytes.length > 2) throw new EvidenceError('malformed', 'keyUsage: too long');
  return new Set(
    keyUsages.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0),
  );
}

/**
 * A serial number as the key of a revocation list. RFC 5280 allows 20 bytes with the sign; Intel
 * issues 20 bytes of magnitude and a zero before them.
 */
export function readSerial(reader: DerReader): string {
  const serial = reader.integer('serialNumber');
  if (serial.length > 21 || (serial.length === 21 && serial[0] !== 0)) {
    throw new EvidenceError('malformed', 'certificate: serialNumber out of range');
  }
  return encodeHex(serial);
}

function readTbs(reader: DerReader) {
  const versionField = reader.expect(contextTag(0, 'constructed'), 'version');
  const versionReader = reader.inside(versionField, 'version');
  const version = versionReader.smallInteger('version');
  versionReader.end();
  if (version !== 2) {
    throw new EvidenceError('unsupported-version', `certificate: version ${version + 1}, want 3`);
  }
  const serial = readSerial(reader);
  const algorithmRaw = reader.expect(derTag.sequence, 'signature').raw;
  const issuer = reader.expect(derTag.sequence, 'issuer');
  const validity = reader.sequence('validity');
  const notBefore = validity.time('notBefore');
  const notAfter = validity.time('notAfter');
  validity.end();
  const subject = reader.expect(derTag.sequence, 'subject');
  const spki = reader.expect(derTag.sequence, 'subjectPublicKeyInfo').raw;
  const extensions = readTaggedExtensions(reader, 3);
  reader.end();
  return {
    algorithmRaw,
    fields: {
      serial,
      issuerRaw: issuer.raw,
      issuer: readName(reader.inside(issuer, 'issuer')),
      subjectRaw: subject.raw,
      subject: readName(reader.inside(subject, 'subject')),
      notBefore,
      notAfter,
      publicKey: parsePublicKey(spki),
      extensions,
      basicConstraints: readBasicConstraints(extensions),
      keyUsage: readKeyUsage(extensions),
      subjectKeyId: readSubjectKeyId(extensions),
      authorityKey: readAuthorityKey(extensions),
    },
  };
}

/**
 * Reads exactly one certificate, version 3, at most 16 KiB. The input is copied first.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-version' |
 *   'unsupported-algorithm' | 'public-key-invalid'
 */
export function parseCertificate(der: Uint8Array): Certificate {
  return parseSigned(der, 'certificate', certificateDerLimits, readTbs);
}

const pemLimits: PemLimits = { label: 'CERTIFICATE', blocksMax: 8, bytesMax: 131_072 };

/** At most 8 certificates of PEM text, in its order. @throws EvidenceError as parseCertificate */
export function parseCertificatesPem(pem: Uint8Array | string): Certificate[] {
  return parsePem(pem, pemLimits).map(parseCertificate);
}
