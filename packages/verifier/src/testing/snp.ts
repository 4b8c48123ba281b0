// A software AMD: mints ARK, ASK, ASVK, VCEKs, VLEKs, CRLs and SEV-SNP reports in the genuine binary
// formats, good and bad. For tests and the simulated TEE only: nothing here checks what it signs.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { productTitles, type SnpProduct, type SnpSigner } from '../snp/product.js';
import { encodeTcb, type TcbPart, tcbLayoutOf } from '../snp/tcb.js';
import { derIa5String, derInteger } from './der-writer.js';
import {
  type MintCertificateOptions,
  type MintCrlOptions,
  mintCertificate,
  mintCrl,
} from './x509.js';

type Levels = Readonly<Partial<Record<TcbPart, number>>>;
type CertificateChange = Partial<MintCertificateOptions>;

export interface MintedAuthority {
  readonly der: Uint8Array;
  readonly privateKey: KeyObject;
  readonly name: Readonly<Record<string, string>>;
}

export interface SoftwareAmd {
  readonly product: SnpProduct;
  /** The root to pin. */
  readonly ark: MintedAuthority;
  readonly ask: MintedAuthority;
  readonly asvk: MintedAuthority;
}

export interface SoftwareAmdOptions {
  readonly product: SnpProduct;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** In the authorities' names instead of AMD. */
  readonly organisation?: string;
  /** Spoils one of the certificates. */
  readonly change?: Readonly<Partial<Record<'ark' | 'ask' | 'asvk', CertificateChange>>>;
}

export interface MintVekOptions {
  readonly signer: SnpSigner;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Levels that are not given are 0. */
  readonly levels: Levels;
  /** 64 bytes, or 8 for Turin. Goes into VCEKs only. */
  readonly hwid: Uint8Array;
  /** Goes into VLEKs only. */
  readonly cspId?: string;
  readonly productName?: string;
  readonly change?: CertificateChange;
  /** Extensions by OID: replaced, or with null left out. */
  readonly extensions?: Readonly<Record<string, Uint8Array | null>>;
}

export interface MintedVek {
  readonly der: Uint8Array;
  readonly privateKey: KeyObject;
}

const signatureAlgorithm = 'rsa-pss-sha384';
const levelOids: Readonly<Record<TcbPart, string>> = {
  bootloader: '1.3.6.1.4.1.3704.1.3.1',
  tee: '1.3.6.1.4.1.3704.1.3.2',
  snp: '1.3.6.1.4.1.3704.1.3.3',
  microcode: '1.3.6.1.4.1.3704.1.3.8',
  fmc: '1.3.6.1.4.1.3704.1.3.9',
};

function nameOf(CN: string, O = 'Advanced Micro Devices'): Record<string, string> {
  return { OU: 'Engineering', C: 'US', L: 'Santa Clara', ST: 'CA', O, CN };
}

/** A root with its two authorities. AMD's keys have 4096 bits; these have 2048, to be made quickly. */
export function createSoftwareAmd(options: SoftwareAmdOptions): SoftwareAmd {
  const title = productTitles[options.product];
  const { notBefore, notAfter, organisation, change = {} } = options;
  const newKey = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
  const arkKey = newKey();
  const arkName = nameOf(`ARK-${title}`, organisation);
  const mintAuthority = (
    kind: 'ark' | 'ask' | 'asvk',
    name: Record<string, string>,
    serial: number,
    key: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  ): MintedAuthority => ({
    name,
    privateKey: key.privateKey,
    der: mintCertificate({
      subject: name,
      issuer: arkName,
      serial,
      notBefore,
      notAfter,
      publicKey: key.publicKey,
      signingKey: arkKey.privateKey,
      signatureAlgorithm,
      ca: true,
      // As AMD's: the root signs certificates and CRLs, the authorities only certificates.
      ...(kind === 'ark' ? {} : { pathLength: 0, keyUsageBits: 0x04 }),
      ...change[kind],
    }),
  });
  let asvk: MintedAuthority | null = null;
  return {
    product: options.product,
    ark: mintAuthority('ark', arkName, 0x10000, arkKey),
    ask: mintAuthority('ask', nameOf(`SEV-${title}`, organisation), 0x10001, newKey()),
    // RSA keys take long, and few ask for this one.
    get asvk() {
      const name = nameOf(`SEV-VLEK-${title}`, organisation);
      asvk ??= mintAuthority('asvk', name, 0x10101, newKey());
      return asvk;
    },
  };
}

function vekExtensions(product: SnpProduct, options: MintVekOptions): Map<string, Uint8Array> {
  const layout = tcbLayoutOf(product);
  const extensions = new Map<string, Uint8Array>([
    ['1.3.6.1.4.1.3704.1.1', derInteger(product === 'turin' ? 1 : 0)],
    ['1.3.6.1.4.1.3704.1.2', derIa5String(options.productName ?? productTitles[product])],
  ]);
  for (const [part, oid] of Object.entries(levelOids)) {
    if (!Object.hasOwn(layout, part)) continue;
    extensions.set(oid, derInteger(options.levels[part as TcbPart] ?? 0));
  }
  for (const number of [4, 5, 6, 7]) {
    extensions.set(`1.3.6.1.4.1.3704.1.3.${number}`, derInteger(0));
  }
  if (options.signer === 'vcek') extensions.set('1.3.6.1.4.1.3704.1.4', options.hwid);
  else {
    const cspId = derIa5String(options.cspId ?? 'CN=cc-test.example.com');
    extensions.set('1.3.6.1.4.1.3704.1.5', cspId);
  }
  for (const [oid, value] of Object.entries(options.extensions ?? {})) {
    if (value === null) extensions.delete(oid);
    else extensions.set(oid, value);
  }
  return extensions;
}

/** A VCEK or VLEK: a key of its own and its certificate. */
export function mintVek(amd: SoftwareAmd, options: MintVekOptions): MintedVek {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const authority = options.signer === 'vcek' ? amd.ask : amd.asvk;
  const extensions = [...vekExtensions(amd.product, options)];
  const der = mintCertificate({
    subject: nameOf(options.signer === 'vcek' ? 'SEV-VCEK' : 'SEV-VLEK'),
    issuer: authority.name,
    serial: 0,
    notBefore: options.notBefore,
    notAfter: options.notAfter,
    publicKey,
    signingKey: authority.privateKey,
    signatureAlgorithm,
    ca: 'bare',
    extensions: extensions.map(([oid, value]) => ({ oid, value })),
    ...options.change,
  });
  return { der, privateKey };
}

/** A CRL of the root, or of another authority. */
export function mintAmdCrl(
  issuer: MintedAuthority,
  options: Pick<MintCrlOptions, 'thisUpdate' | 'nextUpdate' | 'revoked'>,
): Uint8Array {
  const { name, privateKey: signingKey } = issuer;
  return mintCrl({ issuer: name, signingKey, signatureAlgorithm, ...options });
}

/** What a report can say. All byte strings have the length of their field. */
export interface SnpReportFields {
  readonly version: 2 | 3 | 5;
  readonly product: SnpProduct;
  readonly signer: SnpSigner;
  readonly reportData: Uint8Array;
  readonly measurement: Uint8Array;
  readonly chipId: Uint8Array;
  readonly levels: Levels;
  readonly hostData?: Uint8Array;
  readonly guestSvn?: number;
  /** Default 0x30000: SMT allowed and the bit that must be one. */
  readonly policy?: bigint;
  readonly vmpl?: number;
  /** Default 0x25: SMT, ECC, alias check complete. */
  readonly platformInfo?: bigint;
  /** Committed, current and launch levels where they differ from `levels`. */
  readonly otherLevels?: Readonly<Partial<Record<'committed' | 'current' | 'launch', Levels>>>;
  /** Written over the finished report before it is signed: for reports that no firmware makes. */
  readonly overwrite?: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

const cpuids = { milan: [0x19, 0x01, 1], genoa: [0x19, 0x11, 1], turin: [0x1a, 0x02, 1] } as const;

function encodeReport(fields: SnpReportFields): Uint8Array {
  const body = new Uint8Array(0x2a0);
  const view = new DataView(body.buffer);
  const layout = tcbLayoutOf(fields.product);
  const tcb = (name: 'committed' | 'current' | 'launch') =>
    encodeTcb(fields.otherLevels?.[name] ?? fields.levels, layout);
  view.setUint32(0x00, fields.version, true);
  view.setUint32(0x04, fields.guestSvn ?? 0, true);
  view.setBigUint64(0x08, fields.policy ?? 0x30000n, true);
  view.setUint32(0x30, fields.vmpl ?? 0, true);
  view.setUint32(0x34, 1, true);
  body.set(tcb('current'), 0x38);
  view.setBigUint64(0x40, fields.platformInfo ?? 0x25n, true);
  view.setUint32(0x48, fields.signer === 'vlek' ? 4 : 0, true);
  body.set(fields.reportData, 0x50);
  body.set(fields.measurement, 0x90);
  body.set(fields.hostData ?? new Uint8Array(32), 0xc0);
  body.fill(0x5a, 0x140, 0x160);
  body.fill(0xff, 0x160, 0x180);
  body.set(encodeTcb(fields.levels, layout), 0x180);
  if (fields.version >= 3) body.set(cpuids[fields.product], 0x188);
  body.set(fields.chipId, 0x1a0);
  body.set(tcb('committed'), 0x1e0);
  body.set([21, 55, 1, 0, 21, 55, 1, 0], 0x1e8);
  body.set(tcb('launch'), 0x1f0);
  if (fields.version >= 5) body.set([1, 0, 0, 0, 0, 0, 0, 0, 3], 0x1f8);
  for (const { offset, bytes } of fields.overwrite ?? []) body.set(bytes, offset);
  return body;
}

/** Signs 0x2A0 bytes as firmware does and appends the signature field. */
export function signSnpReport(body: Uint8Array, key: KeyObject): Uint8Array {
  const raw = new Uint8Array(sign('sha384', body, { key, dsaEncoding: 'ieee-p1363' }));
  const field = new Uint8Array(512);
  field.set(raw.slice(0, 48).reverse(), 0);
  field.set(raw.slice(48).reverse(), 72);
  return concatBytes(body, field);
}

/** A complete report of 1184 bytes, signed with a VCEK's or VLEK's private key. */
export function mintSnpReport(fields: SnpReportFields, key: KeyObject): Uint8Array {
  return signSnpReport(encodeReport(fields), key);
}
