// What a verified SGX quote says, as claims by name. Spells out and renames; decides nothing except
// which bits have a known meaning.

import { toDcapClaims, toFlagClaims } from '../dcap/claims.js';
import type { EnclaveReport } from '../dcap/enclave-report.js';
import type { TcbVerdict } from '../dcap/tcb.js';
import type { VerifiedQuote } from '../dcap/verify-quote.js';
import { encodeHex } from '../encoding/hex.js';
import { joinClaims, type StatedClaims } from '../join-claims.js';
import type { ClaimValue } from '../types.js';
import type { SgxEvidence } from './parse.js';

const debugBit = 1;

/** ATTRIBUTES (Intel SDM volume 3D, section 38.7.1): bit to name. All others are reserved. */
const attributeNames: ReadonlyMap<number, string> = new Map([
  [0, 'init'],
  [debugBit, 'debug'],
  [2, 'mode64bit'],
  [4, 'provision_key'],
  [5, 'einittoken_key'],
  [6, 'cet'],
  [7, 'kss'],
  [10, 'aex_notify'],
]);

/** MISCSELECT (section 38.7.2): what the processor tells the enclave of its exits. */
const miscSelectNames: ReadonlyMap<number, string> = new Map([
  [0, 'exinfo'],
  [1, 'cpinfo'],
]);

const flagBytes = 8;

/** Whether the host may look into the enclave: EDBGRD and EDBGWR work on it. */
export function isDebugEnclave(report: EnclaveReport): boolean {
  return ((report.attributes[0] ?? 0) & (1 << debugBit)) !== 0;
}

function reportClaims(report: EnclaveReport): readonly StatedClaims[] {
  const flags = report.attributes.subarray(0, flagBytes);
  return [
    {
      mrenclave: encodeHex(report.mrEnclave),
      mrsigner: encodeHex(report.mrSigner),
      isvprodid: report.isvProdId,
      isvsvn: report.isvSvn,
      isvextprodid: encodeHex(report.isvExtProdId),
      isvfamilyid: encodeHex(report.isvFamilyId),
      configid: encodeHex(report.configId),
      configsvn: report.configSvn,
      attributes: encodeHex(flags),
    },
    toFlagClaims('attributes', flags, attributeNames),
    {
      xfrm: encodeHex(report.attributes.subarray(flagBytes)),
      miscselect: encodeHex(report.miscSelect),
    },
    toFlagClaims('miscselect', report.miscSelect, miscSelectNames),
    {
      cet_attributes: encodeHex(report.cetAttributes),
      report_data: encodeHex(report.reportData),
      report_cpusvn: encodeHex(report.cpuSvn),
    },
  ];
}

/** Byte strings are lower-case hex in the order of the report. */
export function toSgxClaims(
  evidence: SgxEvidence,
  verified: VerifiedQuote,
  tcb: TcbVerdict,
): Readonly<Record<string, ClaimValue>> {
  return joinClaims(...reportClaims(evidence.report), toDcapClaims(evidence.quote, verified, tcb), {
    debug: isDebugEnclave(evidence.report),
  });
}
