// The report that Azure's paravisor (HCL, OpenHCL) keeps in the NV index 0x01400001 of its virtual TPM:
// a report of the hardware, and the runtime data whose hash that report states. Trusts nothing.
// Layout: Microsoft Learn, "Guest attestation for confidential VMs: design", attestation report.

import { copyBytes, isZero } from '../encoding/bytes.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';

export interface HclReport {
  readonly version: number;
  readonly hardware: 'snp' | 'tdx';
  /** 1184 bytes: an SNP report, or a TDREPORT and zeros. */
  readonly hardwareReport: Uint8Array;
  /** JSON, exactly the bytes that were hashed. */
  readonly runtimeData: Uint8Array;
}

const signature = 0x48434c41; // "HCLA"
const reportBytesMax = 65_536;
const headerBytes = 32;
const hardwareReportBytes = 1_184;
const attestationHeaderBytes = 20;
const typeSnp = 2;
const typeTdx = 4;
const hashSha256 = 1;

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `HCL report: ${why}`);
}

/**
 * Reads exactly one report; behind it only zeros may follow, as the NV index is larger.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'reserved-bits' | 'unsupported-version' |
 *   'unsupported-format' | 'unsupported-algorithm'
 */
export function parseHclReport(input: Uint8Array): HclReport {
  if (input.length > reportBytesMax) throw malformed('too large');
  const reader = new ByteReader(copyBytes(input), 'HCL report');
  if (reader.u32be('signature') !== signature) throw malformed('no HCLA signature');
  const version = reader.u32le('version');
  if (version !== 1 && version !== 2) {
    throw new EvidenceError('unsupported-version', `HCL report: version ${version}`);
  }
  const reportBytes = reader.u32le('report size');
  const requestType = reader.u32le('request type');
  if (requestType !== 2) throw malformed(`request type ${requestType}`);
  if (reader.u32le('status') !== 0) throw malformed('status is not success');
  reader.reserved(12, 'in the header');
  const hardwareReport = reader.bytes(hardwareReportBytes, 'hardware report');
  const { hardware, runtimeBytes } = readAttestationHeader(reader);
  const size = headerBytes + hardwareReportBytes + attestationHeaderBytes + runtimeBytes;
  if (size !== reportBytes) throw malformed('sizes do not agree');
  const runtimeData = reader.bytes(runtimeBytes, 'runtime data');
  if (!isZero(reader.bytes(reader.remaining, 'padding'))) {
    throw new EvidenceError('trailing-data', 'HCL report: bytes other than zero after its end');
  }
  return { version, hardware, hardwareReport, runtimeData };
}

/** IGVM_REQUEST_DATA: what kind of report, and how long the runtime data is. */
function readAttestationHeader(reader: ByteReader) {
  const dataSize = reader.u32le('data size');
  const version = reader.u32le('data version');
  if (version !== 1) throw new EvidenceError('unsupported-version', `runtime data: ${version}`);
  const type = reader.u32le('report type');
  if (type !== typeSnp && type !== typeTdx) {
    throw new EvidenceError('unsupported-format', `HCL report: hardware of type ${type}`);
  }
  const hash = reader.u32le('hash type');
  if (hash !== hashSha256) {
    throw new EvidenceError('unsupported-algorithm', `HCL report: hash ${hash}, want SHA-256`);
  }
  const runtimeBytes = reader.u32le('runtime data size');
  if (dataSize !== attestationHeaderBytes + runtimeBytes) throw malformed('sizes do not agree');
  const hardware: HclReport['hardware'] = type === typeSnp ? 'snp' : 'tdx';
  return { hardware, runtimeBytes };
}
