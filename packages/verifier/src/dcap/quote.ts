// The layout of ECDSA quotes, versions 3, 4 and 5, as SGX and TDX share it (Intel SGX ECDSA Quoting
// Library API, appendix A.4; Intel TDX DCAP Quoting Library API, appendix A.3 and A.4). Finds the
// pieces; must never trust or interpret one.

import { copyBytes, equalBytes, isZero } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import {
  type CertificationData,
  readCertificationData,
  readQeReportCertification,
} from './certification-data.js';
import { type EnclaveReport, enclaveReportBytes, parseEnclaveReport } from './enclave-report.js';

/** The two TEEs that quotes are about, in the word that Intel's TCB info uses. */
export type Tee = 'SGX' | 'TDX';

/** What a quote is about: the kind of report in its body. */
export type QuoteBodyKind = 'enclave-report' | 'td-report-1.0' | 'td-report-1.5';

/** The pieces of a quote, NOT trusted. All byte strings are views on one private copy. */
export interface Quote {
  readonly tee: Tee;
  readonly version: 3 | 4 | 5;
  readonly bodyKind: QuoteBodyKind;
  /** 16 bytes that name the quoting enclave's platform to whoever keeps its certificates. */
  readonly qeId: Uint8Array;
  readonly body: Uint8Array;
  /** What the attestation key signs: header and body, and in version 5 the body descriptor between. */
  readonly signedPart: Uint8Array;
  /** r || s, ECDSA P-256 over SHA-256 of the signed part. */
  readonly signature: Uint8Array;
  /** x || y of the attestation key. */
  readonly attestationKey: Uint8Array;
  readonly qeReport: EnclaveReport;
  /** r || s by the PCK over the QE report. */
  readonly qeReportSignature: Uint8Array;
  readonly qeAuthData: Uint8Array;
  /** Which platform it is, mostly with the certificates that say so. */
  readonly certification: CertificationData;
}

/** Cloud buffers are 8,000 bytes; chains and authentication data leave room in twice that. */
export const quoteBytesMax = 65_536;

const headerBytes = 48;
const keyTypeEcdsaP256 = 2;
const teeTypes: Readonly<Record<Tee, number>> = { SGX: 0, TDX: 0x81 };
const versions: Readonly<Record<Tee, readonly Quote['version'][]>> = {
  SGX: [3, 4, 5],
  TDX: [4, 5],
};
/** Intel's QE vendor id (UUID 939a7233-f79c-4ca9-940a-0db3957f0607). */
const intelQeVendorId = decodeHex('939a7233f79c4ca9940a0db3957f0607');

interface BodyLayout {
  readonly tee: Tee;
  readonly kind: QuoteBodyKind;
  readonly length: number;
}

const enclaveBody: BodyLayout = { tee: 'SGX', kind: 'enclave-report', length: enclaveReportBytes };
const td10Body: BodyLayout = { tee: 'TDX', kind: 'td-report-1.0', length: 584 };
const td15Body: BodyLayout = { tee: 'TDX', kind: 'td-report-1.5', length: 648 };

/** By the type that version 5 states. */
const bodyLayouts: ReadonlyMap<number, BodyLayout> = new Map([
  [1, enclaveBody],
  [2, td10Body],
  [3, td15Body],
]);

/**
 * Reads exactly one quote about this TEE. Platforms hand out buffers larger than the quote: zeros may
 * follow it, anything else may not.
 * @throws EvidenceError 'malformed' | 'unsupported-version' | 'unsupported-algorithm' |
 *   'unsupported-format' | 'trailing-data' | 'reserved-bits'
 */
export function parseQuote(input: Uint8Array, tee: Tee): Quote {
  if (input.length > quoteBytesMax) {
    throw new EvidenceError('malformed', `quote: more than ${quoteBytesMax} bytes`);
  }
  const bytes = copyBytes(input);
  const reader = new ByteReader(bytes, 'quote');
  const { version, qeId } = readHeader(reader, tee);
  const { kind, length } = readBodyLayout(reader, version, tee);
  const body = reader.bytes(length, 'body');
  const signedPart = bytes.subarray(0, reader.offset);
  const signatureLength = reader.u32le('signature data length');
  const signatureData = reader.sub(signatureLength, 'signature data');
  if (!isZero(reader.bytes(reader.remaining, 'padding'))) {
    throw new EvidenceError('trailing-data', 'quote: bytes other than zero after its end');
  }
  const signed = readSignatureData(signatureData, version);
  return { tee, version, bodyKind: kind, qeId, body, signedPart, ...signed };
}

/** True if the bytes begin as a DCAP quote about this TEE does. For format detection only. */
export function looksLikeQuote(bytes: Uint8Array, tee: Tee): boolean {
  if (bytes.length < headerBytes) return false;
  const reader = new ByteReader(bytes, 'quote');
  const version = reader.u16le('version');
  reader.u16le('attestation key type');
  const teeType = reader.u32le('TEE type');
  reader.bytes(4, 'SVNs');
  return (
    versions[tee].some((known) => known === version) &&
    teeType === teeTypes[tee] &&
    equalBytes(reader.bytes(16, 'QE vendor id'), intelQeVendorId)
  );
}

function readHeader(reader: ByteReader, tee: Tee): Pick<Quote, 'version' | 'qeId'> {
  const stated = reader.u16le('version');
  const version = versions[tee].find((known) => known === stated);
  if (version === undefined) {
    const wanted = versions[tee].join(' or ');
    throw new EvidenceError('unsupported-version', `quote: version ${stated}, want ${wanted}`);
  }
  const keyType = reader.u16le('attestation key type');
  if (keyType !== keyTypeEcdsaP256) {
    throw new EvidenceError('unsupported-algorithm', `quote: key type ${keyType}, want 2`);
  }
  // Reserved, and so zero, in version 3.
  const teeType = reader.u32le('TEE type');
  if (teeType !== teeTypes[tee]) {
    const wanted = `${teeTypes[tee]} (${tee})`;
    throw new EvidenceError('unsupported-format', `quote: TEE type ${teeType}, want ${wanted}`);
  }
  // Reserved in versions 4 and 5, but the quoting enclave puts its and the PCE's SVN here as in version
  // 3; they are covered by the signature and judged nowhere: the QE report and the PCK state them too.
  reader.bytes(4, 'SVNs');
  if (!equalBytes(reader.bytes(16, 'QE vendor id'), intelQeVendorId)) {
    throw new EvidenceError('unsupported-format', "quote: the quoting enclave is not Intel's");
  }
  const qeId = reader.bytes(20, 'user data').subarray(0, 16);
  return { version, qeId };
}

function readBodyLayout(reader: ByteReader, version: Quote['version'], tee: Tee): BodyLayout {
  if (version !== 5) return tee === 'SGX' ? enclaveBody : td10Body;
  const type = reader.u16le('body type');
  const size = reader.u32le('body size');
  const known = bodyLayouts.get(type);
  if (known?.tee !== tee) {
    throw new EvidenceError('unsupported-format', `quote: body type ${type} is not about ${tee}`);
  }
  if (size !== known.length) {
    throw new EvidenceError('malformed', `quote: body of ${size} bytes, want ${known.length}`);
  }
  return known;
}

function readSignatureData(reader: ByteReader, version: Quote['version']) {
  const signature = reader.bytes(64, 'signature');
  const attestationKey = reader.bytes(64, 'attestation key');
  // Version 3 has the QE report right here, later ones inside certification data.
  const outer = version === 3 ? reader : readQeReportCertification(reader);
  const qeReport = parseEnclaveReport(outer.bytes(enclaveReportBytes, 'QE report'));
  const qeReportSignature = outer.bytes(64, 'QE report signature');
  const qeAuthData = outer.bytes(outer.u16le('QE authentication data length'), 'QE auth data');
  const certification = readCertificationData(outer);
  outer.end();
  reader.end();
  return { signature, attestationKey, qeReport, qeReportSignature, qeAuthData, certification };
}
