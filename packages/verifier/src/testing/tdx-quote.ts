// Mints TDX quotes, versions 4 and 5, in the genuine format with the keys of a software Intel. Every
// field can be replaced before it is signed; nothing here checks what it signs.

import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import type { DcapCa } from './dcap-ca.js';

/** Fields of a TD report in their order. */
export interface TdReportFields {
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  readonly rtmr0: Uint8Array;
  readonly rtmr1: Uint8Array;
  readonly rtmr2: Uint8Array;
  readonly rtmr3: Uint8Array;
  readonly reportData: Uint8Array;
  /** TD 1.5 only, like the next. */
  readonly teeTcbSvn2: Uint8Array;
  readonly mrServiceTd: Uint8Array;
}

export interface QeReportFields {
  readonly miscSelect: Uint8Array;
  readonly attributes: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly reportData: Uint8Array;
}

export interface MintTdxQuoteOptions {
  readonly version: 4 | 5;
  /** Version 5: 2 is a TD 1.0 report, 3 (the default) a TD 1.5 report. */
  readonly bodyType?: 2 | 3;
  readonly report: Partial<TdReportFields>;
  readonly header?: {
    readonly version?: number;
    readonly keyType?: number;
    readonly teeType?: number;
    readonly qeVendorId?: Uint8Array;
  };
  readonly qeReport?: Partial<QeReportFields>;
  readonly qeAuthData?: Uint8Array;
  /** Replaces the PEM chain. */
  readonly certificationData?: Uint8Array;
  readonly certificationType?: number;
  /** Replaces the key that signs the quote, or that signs the QE report. */
  readonly attestationKey?: KeyObject;
  readonly pckKey?: KeyObject;
  /** Behind the quote, as in buffers larger than it. */
  readonly trailing?: Uint8Array;
}

/** The simulated quoting enclave, as the minted QE identity describes it. */
export const quotingEnclave = {
  attributes: decodeHex('11000000000000000000000000000000'),
  mrSigner: new Uint8Array(32).fill(0x51),
  isvProdId: 2,
  isvSvn: 4,
} as const;

const fieldLengths: Readonly<Record<keyof TdReportFields, number>> = {
  teeTcbSvn: 16,
  mrSeam: 48,
  mrSignerSeam: 48,
  seamAttributes: 8,
  tdAttributes: 8,
  xfam: 8,
  mrTd: 48,
  mrConfigId: 48,
  mrOwner: 48,
  mrOwnerConfig: 48,
  rtmr0: 48,
  rtmr1: 48,
  rtmr2: 48,
  rtmr3: 48,
  reportData: 64,
  teeTcbSvn2: 16,
  mrServiceTd: 48,
};
const td15Fields: readonly string[] = ['teeTcbSvn2', 'mrServiceTd'];

const fieldDefaults: Partial<TdReportFields> = {
  teeTcbSvn: decodeHex('05010200000000000000000000000000'),
  teeTcbSvn2: decodeHex('05010200000000000000000000000000'),
  tdAttributes: decodeHex('0000001000000000'),
  xfam: decodeHex('e702060000000000'),
};
const intelQeVendorId = decodeHex('939a7233f79c4ca9940a0db3957f0607');
/** What genuine quoting enclaves put there. */
const genuineAuthData = Uint8Array.from({ length: 32 }, (_, index) => index);

/** A quote over these fields, everything else zero or as genuine platforms have it. */
export function mintTdxQuote(ca: DcapCa, options: MintTdxQuoteOptions): Uint8Array {
  const signedPart = concatBytes(headerOf(options), bodyOf(options));
  const attestationKey = options.attestationKey ?? ca.keys.attestation;
  const publicPoint = pointOf(attestationKey);
  const authData = options.qeAuthData ?? genuineAuthData;
  const qeReport = qeReportOf(options.qeReport ?? {}, publicPoint, authData);
  const chain = options.certificationData ?? new TextEncoder().encode(`${ca.chainPem('pck')}\0`);
  const outer = concatBytes(
    qeReport,
    rawSignature(options.pckKey ?? ca.keys.pck, qeReport),
    u16(authData.length),
    authData,
    u16(options.certificationType ?? 5),
    u32(chain.length),
    chain,
  );
  const signatureData = concatBytes(
    rawSignature(attestationKey, signedPart),
    publicPoint,
    u16(6),
    u32(outer.length),
    outer,
  );
  return concatBytes(
    signedPart,
    u32(signatureData.length),
    signatureData,
    options.trailing ?? new Uint8Array(),
  );
}

function headerOf({ version, header = {} }: MintTdxQuoteOptions): Uint8Array {
  return concatBytes(
    u16(header.version ?? version),
    u16(header.keyType ?? 2),
    u32(header.teeType ?? 0x81),
    new Uint8Array(4),
    header.qeVendorId ?? intelQeVendorId,
    new Uint8Array(20),
  );
}

function bodyOf({ version, bodyType = 3, report }: MintTdxQuoteOptions): Uint8Array {
  const td15 = version === 5 && bodyType === 3;
  const fields: TdReportFields = {
    ...(Object.fromEntries(
      Object.entries(fieldLengths).map(([name, length]) => [name, new Uint8Array(length)]),
    ) as unknown as TdReportFields),
    ...fieldDefaults,
    ...report,
  };
  const parts: Uint8Array[] = [];
  for (const [name, length] of Object.entries(fieldLengths)) {
    const value = fields[name as keyof TdReportFields];
    if (value.length !== length) throw new TypeError(`${name}: want ${length} bytes`);
    if (td15 || !td15Fields.includes(name)) parts.push(value);
  }
  const body = concatBytes(...parts);
  return version === 4 ? body : concatBytes(u16(bodyType), u32(body.length), body);
}

function qeReportOf(
  fields: Partial<QeReportFields>,
  publicPoint: Uint8Array,
  authData: Uint8Array,
): Uint8Array {
  const digest = createHash('sha256').update(publicPoint).update(authData).digest();
  const report = new Uint8Array(384);
  report.set(fields.miscSelect ?? new Uint8Array(4), 16);
  report.set(fields.attributes ?? quotingEnclave.attributes, 48);
  report.set(new Uint8Array(32).fill(0x52), 64);
  report.set(fields.mrSigner ?? quotingEnclave.mrSigner, 128);
  report.set(u16(fields.isvProdId ?? quotingEnclave.isvProdId), 256);
  report.set(u16(fields.isvSvn ?? quotingEnclave.isvSvn), 258);
  report.set(fields.reportData ?? digest, 320);
  return report;
}

/** x || y of a P-256 key: the end of its SubjectPublicKeyInfo. */
function pointOf(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-64));
}

function rawSignature(key: KeyObject, data: Uint8Array): Uint8Array {
  return new Uint8Array(sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }));
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8);
}

function u32(value: number): Uint8Array {
  return concatBytes(u16(value & 0xffff), u16(value >>> 16));
}
