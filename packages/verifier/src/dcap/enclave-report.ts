// The report of an SGX enclave: that of the workload in SGX quotes, and that of the quoting enclave in
// all (Intel SDM volume 3D, section 38.15, REPORT; the 384 bytes of the body). Reads; judges nothing.

import { ByteReader } from '../encoding/reader.js';

export const enclaveReportBytes = 384;

/** NOT trusted. Byte strings are views on the input. */
export interface EnclaveReport {
  readonly raw: Uint8Array;
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: Uint8Array;
  readonly cetAttributes: Uint8Array;
  /** Zero unless the enclave uses key separation and sharing (KSS), like the other product ids. */
  readonly isvExtProdId: Uint8Array;
  /** 8 bytes of flags, 8 bytes of XFRM. */
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

/** @throws EvidenceError 'malformed' | 'trailing-data' | 'reserved-bits' */
export function parseEnclaveReport(raw: Uint8Array): EnclaveReport {
  const reader = new ByteReader(raw, 'enclave report');
  const cpuSvn = reader.bytes(16, 'CPUSVN');
  const miscSelect = reader.bytes(4, 'MISCSELECT');
  const cetAttributes = reader.bytes(1, 'CETATTRIBUTES');
  reader.reserved(11, 'after CETATTRIBUTES');
  const isvExtProdId = reader.bytes(16, 'ISVEXTPRODID');
  const attributes = reader.bytes(16, 'ATTRIBUTES');
  const mrEnclave = reader.bytes(32, 'MRENCLAVE');
  reader.reserved(32, 'after MRENCLAVE');
  const mrSigner = reader.bytes(32, 'MRSIGNER');
  reader.reserved(32, 'after MRSIGNER');
  const configId = reader.bytes(64, 'CONFIGID');
  const isvProdId = reader.u16le('ISVPRODID');
  const isvSvn = reader.u16le('ISVSVN');
  const configSvn = reader.u16le('CONFIGSVN');
  reader.reserved(42, 'after CONFIGSVN');
  const isvFamilyId = reader.bytes(16, 'ISVFAMILYID');
  const reportData = reader.bytes(64, 'REPORTDATA');
  reader.end();
  return {
    raw,
    cpuSvn,
    miscSelect,
    cetAttributes,
    isvExtProdId,
    attributes,
    mrEnclave,
    mrSigner,
    configId,
    isvProdId,
    isvSvn,
    configSvn,
    isvFamilyId,
    reportData,
  };
}
