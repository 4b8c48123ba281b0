// The layout of ECDSA quotes, versions 4 and 5, as SGX and TDX share it (Intel TDX DCAP Quoting
// Library API, appendix A.3 and A.4). Finds the pieces; must never trust or interpret one.

import { copyBytes, equalBytes, isZero } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import { type EnclaveReport, enclaveReportBytes, parseEnclaveReport } from './enclave-report.js';

/** What a quote is about: the kind of report in its body. */
export type QuoteBodyKind = 'td-report-1.0' | 'td-report-1.5';

/** The pieces of a quote, NOT trusted. All byte strings are views on one private copy. */
export interface Quote {
  readonly version: 4 | 5;
  readonly bodyKind: QuoteBodyKind;
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
  /** PEM text of the PCK certificate chain, possibly with closing zeros. */
  readonly certificationData: Uint8Array;
}

/** Cloud buffers are 8,000 bytes; chains and authentication data leave room in twice that. */
export const quoteBytesMax = 65_536;

const headerBytes = 48;
const teeTypeTdx = 0x81;
const keyTypeEcdsaP256 = 2;
const certificationPckPem = 5;
const certificationQeReport = 6;
/** Intel's QE vendor id (UUID 939a7233-f79c-4ca9-940a-0db3957f0607). */
const intelQeVendorId = decodeHex('939a7233f79c4ca9940a0db3957f0607');

const bodyKinds: ReadonlyMap<number, { readonly kind: QuoteBodyKind; readonly length: number }> =
  new Map([
    [2, { kind: 'td-report-1.0', length: 584 }],
    [3, { kind: 'td-report-1.5', length: 648 }],
  ]);

/**
 * Reads exactly one TDX quote. Platforms hand out buffers larger than the quote: zeros may follow
 * it, anything else may not.
 * @throws EvidenceError 'malformed' | 'unsupported-version' | 'unsupported-algorithm' |
 *   'unsupported-format' | 'trailing-data' | 'reserved-bits'
 */
export function parseQuote(input: Uint8Array): Quote {
  if (input.length > quoteBytesMax) {
    throw new EvidenceError('malformed', `quote: more than ${quoteBytesMax} bytes`);
  }
  const bytes = copyBytes(input);
  const reader = new ByteReader(bytes, 'quote');
  const version = readHeader(reader);
  const { kind, length } = readBodyDescriptor(reader, version);
  const body = reader.bytes(length, 'body');
  const signedPart = bytes.subarray(0, reader.offset);
  const signatureLength = reader.u32le('signature data length');
  const signatureData = reader.sub(signatureLength, 'signature data');
  if (!isZero(reader.bytes(reader.remaining, 'padding'))) {
    throw new EvidenceError('trailing-data', 'quote: bytes other than zero after its end');
  }
  return { version, bodyKind: kind, body, signedPart, ...readSignatureData(signatureData) };
}

/** True if the bytes begin as a DCAP quote about a TD does. For format detection only. */
export function looksLikeTdxQuote(bytes: Uint8Array): boolean {
  if (bytes.length < headerBytes) return false;
  const reader = new ByteReader(bytes, 'quote');
  const version = reader.u16le('version');
  reader.u16le('attestation key type');
  return (version === 4 || version === 5) && reader.u32le('TEE type') === teeTypeTdx;
}

function readHeader(reader: ByteReader): 4 | 5 {
  const version = reader.u16le('version');
  if (version !== 4 && version !== 5) {
    throw new EvidenceError('unsupported-version', `quote: version ${version}, want 4 or 5`);
  }
  const keyType = reader.u16le('attestation key type');
  if (keyType !== keyTypeEcdsaP256) {
    throw new EvidenceError('unsupported-algorithm', `quote: key type ${keyType}, want 2`);
  }
  const teeType = reader.u32le('TEE type');
  if (teeType !== teeTypeTdx) {
    throw new EvidenceError('unsupported-format', `quote: TEE type ${teeType}, want 129 (TDX)`);
  }
  // Reserved in versions 4 and 5, but the quoting enclave puts its and the PCE's SVN here; they are
  // covered by the signature and judged nowhere.
  reader.bytes(4, 'SVNs');
  if (!equalBytes(reader.bytes(16, 'QE vendor id'), intelQeVendorId)) {
    throw new EvidenceError('unsupported-format', "quote: the quoting enclave is not Intel's");
  }
  reader.bytes(20, 'user data');
  return version;
}

function readBodyDescriptor(reader: ByteReader, version: 4 | 5) {
  if (version === 4) return { kind: 'td-report-1.0', length: 584 } as const;
  const type = reader.u16le('body type');
  const size = reader.u32le('body size');
  const known = bodyKinds.get(type);
  if (known === undefined) {
    throw new EvidenceError('unsupported-format', `quote: body type ${type}, want 2 or 3`);
  }
  if (size !== known.length) {
    throw new EvidenceError('malformed', `quote: body of ${size} bytes, want ${known.length}`);
  }
  return known;
}

function readSignatureData(reader: ByteReader) {
  const signature = reader.bytes(64, 'signature');
  const attestationKey = reader.bytes(64, 'attestation key');
  const outer = readCertificationData(reader, certificationQeReport);
  reader.end();
  const qeReport = parseEnclaveReport(outer.bytes(enclaveReportBytes, 'QE report'));
  const qeReportSignature = outer.bytes(64, 'QE report signature');
  const qeAuthData = outer.bytes(outer.u16le('QE authentication data length'), 'QE auth data');
  const inner = readCertificationData(outer, certificationPckPem);
  outer.end();
  const certificationData = inner.bytes(inner.remaining, 'PCK chain');
  return { signature, attestationKey, qeReport, qeReportSignature, qeAuthData, certificationData };
}

function readCertificationData(reader: ByteReader, wanted: number): ByteReader {
  const type = reader.u16le('certification data type');
  const data = reader.sub(reader.u32le('certification data length'), 'certification data');
  if (type === wanted) return data;
  // Types 1 to 4 name a PCK or carry it encrypted: the chain would have to come from elsewhere.
  throw new EvidenceError(
    'unsupported-format',
    `quote: certification data type ${type}, want ${wanted}`,
  );
}
