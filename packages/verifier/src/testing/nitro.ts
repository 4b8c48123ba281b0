// A software AWS: a Nitro root with its authorities, and the documents that a hypervisor would sign under
// them, good and bad. For tests and the simulated TEE only: nothing here checks what it signs.

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { type CborValue, encodeCbor } from '../encoding/cbor-writer.js';
import { EvidenceError } from '../errors.js';
import type { NitroDocumentKind } from '../nitro/parse.js';
import { type MintCoseOptions, mintCoseSign1 } from './cose.js';
import { readSavedKey, savedMember, savedText, saveKey } from './saved-keys.js';
import { type MintCertificateOptions, type MintedName, mintCertificate } from './x509.js';

type KeyPair = ReturnType<typeof newKey>;
type CertificateChange = Partial<MintCertificateOptions>;

/** From the root down, as AWS has them: partition, region, zone, instance. */
export const nitroAuthorities = ['root', 'regional', 'zonal', 'instance'] as const;
export type NitroAuthority = (typeof nitroAuthorities)[number];

export interface SoftwareNitroOptions {
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Spoils one of the certificates. */
  readonly change?: Readonly<Partial<Record<NitroAuthority, CertificateChange>>>;
}

export interface SoftwareNitro {
  /** DER of the root to pin. */
  readonly root: Uint8Array;
  /** DER, root first: a document's `cabundle`. */
  readonly cabundle: readonly Uint8Array[];
  readonly instanceName: MintedName;
  readonly instanceKey: KeyObject;
}

const signatureAlgorithm = 'ecdsa-p384-sha384';

function newKey(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-384' });
}

function nameOf(CN: string): MintedName {
  return { C: 'US', O: 'Amazon', OU: 'AWS', CN };
}

const names: Readonly<Record<NitroAuthority, MintedName>> = {
  root: nameOf('aws.nitro-enclaves'),
  regional: nameOf('0123456789abcdef.us-east-1.aws.nitro-enclaves'),
  zonal: nameOf('fedcba9876543210.zonal.us-east-1.aws.nitro-enclaves'),
  instance: nameOf('i-0123456789abcdef0.us-east-1.aws.nitro-enclaves'),
};

/** The path lengths that AWS states: none for the root, then 2, 1 and 0. */
const pathLengths: Readonly<Record<NitroAuthority, number | null>> = {
  root: null,
  regional: 2,
  zonal: 1,
  instance: 0,
};

export function createSoftwareNitro(options: SoftwareNitroOptions): SoftwareNitro {
  const { notBefore, notAfter, change = {} } = options;
  let issuer: { readonly name: MintedName; readonly key: KeyPair } | null = null;
  const cabundle: Uint8Array[] = [];
  for (const [index, kind] of nitroAuthorities.entries()) {
    const key = newKey();
    const name = names[kind];
    const { name: issuerName, key: issuerKey } = issuer ?? { name, key };
    const pathLength = pathLengths[kind];
    const der = mintCertificate({
      subject: name,
      issuer: issuerName,
      serial: index + 1,
      notBefore,
      notAfter,
      publicKey: key.publicKey,
      signingKey: issuerKey.privateKey,
      signatureAlgorithm,
      ca: true,
      ...(pathLength === null ? {} : { pathLength }),
      ...change[kind],
    });
    cabundle.push(der);
    issuer = { name, key };
  }
  const [root] = cabundle;
  if (root === undefined || issuer === null) throw new TypeError('no authorities');
  return { root, cabundle, instanceName: issuer.name, instanceKey: issuer.key.privateKey };
}

/** The authorities' certificates and the one key that signs; for another process to mint documents. */
export function saveSoftwareNitro(ca: SoftwareNitro): string {
  const { cabundle, instanceKey } = ca;
  const [der = ca.root] = cabundle.slice(-1);
  return JSON.stringify({
    instance: saveKey({ der, privateKey: instanceKey }),
    cabundle: cabundle.map(encodeBase64),
  });
}

/** Reads what saveSoftwareNitro wrote. @throws EvidenceError 'malformed', or what node throws on keys */
export function readSoftwareNitro(text: string): SoftwareNitro {
  const saved: unknown = JSON.parse(text);
  const cabundle = Object.values(savedMember(saved, 'cabundle') ?? {}).map((each) =>
    decodeBase64(savedText(each)),
  );
  const [root] = cabundle;
  if (root === undefined) throw new EvidenceError('malformed', 'software AWS: no authorities');
  const { privateKey: instanceKey } = readSavedKey(savedMember(saved, 'instance'));
  return { root, cabundle, instanceName: names.instance, instanceKey };
}

/** What a document can say. */
export interface NitroDocumentFields {
  readonly kind?: NitroDocumentKind;
  readonly moduleId?: string;
  readonly timestamp: Date;
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  readonly userData: Uint8Array | null;
  readonly nonce?: Uint8Array | null;
  readonly publicKey?: Uint8Array | null;
}

export interface MintNitroOptions {
  readonly fields: NitroDocumentFields;
  /** Spoils the certificate whose key signs the document. Without a change it lives three hours. */
  readonly leaf?: CertificateChange;
  readonly cabundle?: readonly Uint8Array[];
  /** Fields of the payload: replaced, added, or with undefined left out. */
  readonly payload?: Readonly<Record<string, CborValue | undefined>>;
  /** Replaces the payload's bytes. */
  readonly payloadRaw?: Uint8Array;
  readonly cose?: Partial<MintCoseOptions>;
}

const hourMs = 3_600_000;
/** A map of indefinite length, as newer modules write it. */
function indefinite(entries: ReadonlyMap<string, CborValue>): Uint8Array {
  const parts = [...entries].flatMap(([key, value]) => [...encodeCbor(key), ...encodeCbor(value)]);
  return Uint8Array.of(0xbf, ...parts, 0xff);
}

function payloadOf(options: MintNitroOptions, certificate: Uint8Array, bundle: CborValue) {
  const { fields } = options;
  const registers = fields.kind === 'nitrotpm' ? 'nitrotpm_pcrs' : 'pcrs';
  const entries = new Map<string, CborValue | undefined>([
    ['module_id', fields.moduleId ?? 'i-0123456789abcdef0-enc0123456789abcdef'],
    ['digest', 'SHA384'],
    ['timestamp', fields.timestamp.getTime()],
    [registers, fields.pcrs],
    ['certificate', certificate],
    ['cabundle', bundle],
    ['public_key', fields.publicKey ?? null],
    ['user_data', fields.userData],
    ['nonce', fields.nonce ?? null],
    ...Object.entries(options.payload ?? {}),
  ]);
  const present = [...entries].filter((entry): entry is [string, CborValue] => {
    return entry[1] !== undefined;
  });
  return indefinite(new Map(present));
}

/** A document with a certificate and a key of its own, as a hypervisor makes one. */
export function mintNitroDocument(ca: SoftwareNitro, options: MintNitroOptions): Uint8Array {
  const key = newKey();
  const at = options.fields.timestamp.getTime();
  const moduleId = options.fields.moduleId ?? 'i-0123456789abcdef0-enc0123456789abcdef';
  const certificate = mintCertificate({
    subject: nameOf(`${moduleId}.us-east-1.aws`),
    issuer: ca.instanceName,
    serial: 99,
    notBefore: new Date(at - 3_000),
    notAfter: new Date(at + 3 * hourMs),
    publicKey: key.publicKey,
    signingKey: ca.instanceKey,
    signatureAlgorithm,
    ca: 'bare',
    keyUsageBits: 0x80,
    ...options.leaf,
  });
  const bundle = [...(options.cabundle ?? ca.cabundle)];
  return mintCoseSign1({
    algorithm: -35,
    signingKey: key.privateKey,
    payload: options.payloadRaw ?? payloadOf(options, certificate, bundle),
    ...options.cose,
  });
}
