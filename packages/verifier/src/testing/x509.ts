// Mints X.509 certificates and CRLs with keys of one's own, good and bad. For tests and the
// simulated TEE only: nothing here checks what it signs.

import { constants, type KeyObject, sign } from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import type { SignatureAlgorithm } from '../provider.js';
import {
  derBitString,
  derBoolean,
  derExplicit,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  derTime,
  derUtf8String,
} from './der-writer.js';

export interface MintedExtension {
  readonly oid: string;
  readonly critical?: boolean;
  /** Contents of extnValue. */
  readonly value: Uint8Array;
}

/** Attribute short names to values, in their order: { CN: 'SEV-Milan', O: '…' }. */
export type MintedName = Readonly<Record<string, string>>;

export interface MintCertificateOptions {
  readonly subject: MintedName;
  readonly issuer: MintedName;
  readonly serial: number | bigint;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Bytes are a SubjectPublicKeyInfo that goes in as it is. */
  readonly publicKey: KeyObject | Uint8Array;
  readonly signingKey: KeyObject;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** true adds CA basicConstraints and keyUsage keyCertSign + cRLSign; 'bare' adds neither. */
  readonly ca: boolean | 'bare';
  readonly pathLength?: number;
  /** Replaces the keyUsage bits, most significant first: 0x06 is keyCertSign + cRLSign. */
  readonly keyUsageBits?: number;
  readonly extensions?: readonly MintedExtension[];
}

export interface MintCrlOptions {
  readonly issuer: MintedName;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly revoked: readonly { readonly serial: number | bigint; readonly date: Date }[];
  readonly number?: number | bigint;
  readonly signingKey: KeyObject;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly extensions?: readonly MintedExtension[];
}

const attributeOids: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
};

const digestOids = {
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
} as const;

type Digest = keyof typeof digestOids;

const pkcs1Oids: Readonly<Record<Digest, string>> = {
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
};

function digestOf(algorithm: SignatureAlgorithm): Digest {
  return algorithm.slice(algorithm.lastIndexOf('-') + 1) as Digest;
}

/** DER Name. */
export function derName(name: MintedName): Uint8Array {
  return derSequence(
    ...Object.entries(name).map(([attribute, value]) =>
      derSet(derSequence(derOid(attributeOids[attribute] ?? attribute), derUtf8String(value))),
    ),
  );
}

function algorithmIdentifier(algorithm: SignatureAlgorithm): Uint8Array {
  const digest = digestOf(algorithm);
  if (algorithm === 'ecdsa-p256-sha256') return derSequence(derOid('1.2.840.10045.4.3.2'));
  if (algorithm === 'ecdsa-p384-sha384') return derSequence(derOid('1.2.840.10045.4.3.3'));
  if (algorithm.startsWith('rsa-pkcs1-')) {
    return derSequence(derOid(pkcs1Oids[digest]), derNull());
  }
  const hash = derSequence(derOid(digestOids[digest]), derNull());
  const mask = derSequence(derOid('1.2.840.113549.1.1.8'), hash);
  const salt = derInteger({ sha256: 32, sha384: 48, sha512: 64 }[digest]);
  const parameters = derSequence(derExplicit(0, hash), derExplicit(1, mask), derExplicit(2, salt));
  return derSequence(derOid('1.2.840.113549.1.1.10'), parameters);
}

/** Signs in the form X.509 uses: ECDSA as DER, RSA-PSS with a salt as long as the hash. */
export function signX509(algorithm: SignatureAlgorithm, key: KeyObject, data: Uint8Array) {
  const digest = digestOf(algorithm);
  if (!algorithm.startsWith('rsa-pss-')) return new Uint8Array(sign(digest, data, key));
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return new Uint8Array(sign(digest, data, { key, padding, saltLength }));
}

function extensionList(extensions: readonly MintedExtension[]): Uint8Array {
  return derSequence(
    ...extensions.map(({ oid, critical, value }) =>
      derSequence(
        derOid(oid),
        ...(critical === true ? [derBoolean(true)] : []),
        derOctetString(value),
      ),
    ),
  );
}

function caExtensions(options: MintCertificateOptions): MintedExtension[] {
  const extensions: MintedExtension[] = [];
  if (options.ca === true) {
    const pathLength = options.pathLength === undefined ? [] : [derInteger(options.pathLength)];
    const value = derSequence(derBoolean(true), ...pathLength);
    extensions.push({ oid: '2.5.29.19', critical: true, value });
  }
  const bits = options.keyUsageBits ?? (options.ca === true ? 0x06 : null);
  if (bits !== null) {
    const unused = bits === 0 ? 0 : 31 - Math.clz32(bits & -bits);
    const value = derBitString(bits === 0 ? new Uint8Array() : Uint8Array.of(bits), unused);
    extensions.push({ oid: '2.5.29.15', critical: true, value });
  }
  return extensions;
}

function signed(tbs: Uint8Array, algorithm: SignatureAlgorithm, key: KeyObject): Uint8Array {
  const signature = derBitString(signX509(algorithm, key, tbs));
  return derSequence(tbs, algorithmIdentifier(algorithm), signature);
}

function spkiOf(key: KeyObject | Uint8Array): Uint8Array {
  return key instanceof Uint8Array
    ? key
    : new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}

/** DER of a version 3 certificate. */
export function mintCertificate(options: MintCertificateOptions): Uint8Array {
  const extensions = [...caExtensions(options), ...(options.extensions ?? [])];
  const tbs = derSequence(
    derExplicit(0, derInteger(2)),
    derInteger(options.serial),
    algorithmIdentifier(options.signatureAlgorithm),
    derName(options.issuer),
    derSequence(derTime(options.notBefore), derTime(options.notAfter)),
    derName(options.subject),
    spkiOf(options.publicKey),
    ...(extensions.length === 0 ? [] : [derExplicit(3, extensionList(extensions))]),
  );
  return signed(tbs, options.signatureAlgorithm, options.signingKey);
}

/** In portions: a call takes only so many arguments, and a list may have more entries. */
function joined(entries: readonly Uint8Array[]): Uint8Array {
  const portions: Uint8Array[] = [];
  for (let from = 0; from < entries.length; from += 1000) {
    portions.push(concatBytes(...entries.slice(from, from + 1000)));
  }
  return concatBytes(...portions);
}

/** DER of a version 2 CRL. */
export function mintCrl(options: MintCrlOptions): Uint8Array {
  const number = { oid: '2.5.29.20', value: derInteger(options.number ?? 1) };
  const entries = options.revoked.map(({ serial, date }) =>
    derSequence(derInteger(serial), derTime(date)),
  );
  const tbs = derSequence(
    derInteger(1),
    algorithmIdentifier(options.signatureAlgorithm),
    derName(options.issuer),
    derTime(options.thisUpdate),
    derTime(options.nextUpdate),
    ...(entries.length === 0 ? [] : [derSequence(joined(entries))]),
    derExplicit(0, extensionList([number, ...(options.extensions ?? [])])),
  );
  return signed(tbs, options.signatureAlgorithm, options.signingKey);
}
