// The report of an SGX enclave: here that of the quoting enclave, which vouches for the attestation
// key (Intel SDM volume 3D, REPORT structure, the 384 bytes of the body). Reads; judges nothing.

import { ByteReader } from '../encoding/reader.js';

export const enclaveReportBytes = 384;

/** NOT trusted. Byte strings are views on the input. */
export interface EnclaveReport {
  readonly raw: Uint8Array;
  readonly cpuSvn: Uint8Array;
  readonly miscSelect: Uint8Array;
  readonly attributes: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly reportData: Uint8Array;
}

/** @throws EvidenceError 'malformed' | 'trailing-data' | 'reserved-bits' */
export function parseEnclaveReport(raw: Uint8Array): EnclaveReport {
  const reader = new ByteReader(raw, 'enclave report');
  const cpuSvn = reader.bytes(16, 'CPUSVN');
  const miscSelect = reader.bytes(4, 'MISCSELECT');
  // CET attributes, ISVEXTPRODID and CONFIGID lie in what quotes call reserved: signed, not judged.
  reader.bytes(28, 'reserved 1');
  const attributes = reader.bytes(16, 'ATTRIBUTES');
  const mrEnclave = reader.bytes(32, 'MRENCLAVE');
  reader.bytes(32, 'reserved 2');
  const mrSigner = reader.bytes(32, 'MRSIGNER');
  reader.bytes(96, 'reserved 3');
  const isvProdId = reader.u16le('ISVPRODID');
  const isvSvn = reader.u16le('ISVSVN');
  reader.bytes(60, 'reserved 4');
  const reportData = reader.bytes(64, 'REPORTDATA');
  reader.end();
  return {
    raw,
    cpuSvn,
    miscSelect,
    attributes,
    mrEnclave,
    mrSigner,
    isvProdId,
    isvSvn,
    reportData,
  };
}
