// The parts of a quote that SGX and TDX share, minted with the keys of a software Intel: header, QE
// report, signatures, certification data. Nothing here checks what it signs.

import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import type { DcapCa } from './dcap-ca.js';

/** Fields of an enclave's report, of which the quoting enclave has one too. */
export interface EnclaveReportFields {
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: Uint8Array;
  /** 12 bytes: CETATTRIBUTES and 11 that are reserved. */
  readonly cetAttributes: Uint8Array;
  readonly isvExtProdId: Uint8Array;
  readonly attributes: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly configId: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly configSvn: number;
  readonly isvFamilyId: Uint8Array;
  readonly reportData: Uint8Array;
}

/** What can be changed in any quote before it is signed. */
export interface MintQuoteOptions {
  readonly header?: {
    readonly version?: number;
    readonly keyType?: number;
    readonly teeType?: number;
    readonly qeVendorId?: Uint8Array;
  };
  readonly qeReport?: Partial<EnclaveReportFields>;
  readonly qeAuthData?: Uint8Array;
  /** Replaces the PEM chain. */
  readonly certificationData?: Uint8Array;
  readonly certificationType?: number;
  /** Replaces the key that signs the quote, or that signs the QE report. */
  readonly attestationKey?: KeyObject;
  /** Replaces x || y of that key; the quoting enclave vouches for it. */
  readonly attestationPoint?: Uint8Array;
  readonly pckKey?: KeyObject;
  /** Behind the quote, as in buffers larger than it. */
  readonly trailing?: Uint8Array;
}

/** The simulated quoting enclaves, as the minted QE identities describe them. */
export const quotingEnclaves = {
  TDX: {
    attributes: decodeHex('11000000000000000000000000000000'),
    mrSigner: new Uint8Array(32).fill(0x51),
    isvProdId: 2,
    isvSvn: 4,
  },
  SGX: {
    attributes: decodeHex('11000000000000000000000000000000'),
    mrSigner: new Uint8Array(32).fill(0x51),
    isvProdId: 1,
    isvSvn: 8,
  },
} as const;
export type MintedTee = keyof typeof quotingEnclaves;

const intelQeVendorId = decodeHex('939a7233f79c4ca9940a0db3957f0607');
/** What genuine quoting enclaves put there. */
const genuineAuthData = Uint8Array.from({ length: 32 }, (_, index) => index);

/** Header, then the body descriptor that version 5 has, then the body: what is signed. */
export function quoteHeader(
  tee: MintedTee,
  version: number,
  options: MintQuoteOptions,
): Uint8Array {
  const { header = {} } = options;
  return concatBytes(
    u16(header.version ?? version),
    u16(header.keyType ?? 2),
    u32(header.teeType ?? (tee === 'TDX' ? 0x81 : 0)),
    new Uint8Array(4),
    header.qeVendorId ?? intelQeVendorId,
    new Uint8Array(20),
  );
}

/** The whole quote around what is signed. In version 3 the QE report lies bare behind the key. */
export function signQuote(
  ca: DcapCa,
  tee: MintedTee,
  version: number,
  signedPart: Uint8Array,
  options: MintQuoteOptions,
): Uint8Array {
  const attestationKey = options.attestationKey ?? ca.keys.attestation;
  const publicPoint = options.attestationPoint ?? pointOf(attestationKey);
  const authData = options.qeAuthData ?? genuineAuthData;
  const digest = createHash('sha256').update(publicPoint).update(authData).digest();
  const reportData = concatBytes(new Uint8Array(digest), new Uint8Array(32));
  const qeReport = encodeEnclaveReport({
    ...quotingEnclaves[tee],
    mrEnclave: new Uint8Array(32).fill(0x52),
    reportData,
    ...options.qeReport,
  });
  const chain = options.certificationData ?? new TextEncoder().encode(`${ca.chainPem('pck')}\0`);
  const certified = concatBytes(
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
    ...(version === 3 ? [] : [u16(6), u32(certified.length)]),
    certified,
  );
  const trailing = options.trailing ?? new Uint8Array();
  return concatBytes(signedPart, u32(signatureData.length), signatureData, trailing);
}

/** The 384 bytes of a report; what is not given is zero. */
export function encodeEnclaveReport(fields: Partial<EnclaveReportFields>): Uint8Array {
  const report = new Uint8Array(384);
  const put = (offset: number, length: number, value: Uint8Array | undefined): void => {
    if (value === undefined) return;
    if (value.length !== length) throw new TypeError(`field at ${offset}: want ${length} bytes`);
    report.set(value, offset);
  };
  put(0, 16, fields.cpuSvn);
  put(16, 4, fields.miscSelect);
  put(20, 12, fields.cetAttributes);
  put(32, 16, fields.isvExtProdId);
  put(48, 16, fields.attributes);
  put(64, 32, fields.mrEnclave);
  put(128, 32, fields.mrSigner);
  put(192, 64, fields.configId);
  put(256, 2, u16(fields.isvProdId ?? 0));
  put(258, 2, u16(fields.isvSvn ?? 0));
  put(260, 2, u16(fields.configSvn ?? 0));
  put(304, 16, fields.isvFamilyId);
  put(320, 64, fields.reportData);
  return report;
}

/** x || y of a P-256 key: the end of its SubjectPublicKeyInfo. */
function pointOf(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-64));
}

function rawSignature(key: KeyObject, data: Uint8Array): Uint8Array {
  return new Uint8Array(sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }));
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8);
}

export function u32(value: number): Uint8Array {
  return concatBytes(u16(value & 0xffff), u16(value >>> 16));
}
