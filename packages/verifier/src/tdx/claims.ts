// What a verified TDX quote says, as claims by name. Spells out and renames; decides nothing except
// which attribute bits have a known meaning.

import { toDcapClaims, toFlagClaims } from '../dcap/claims.js';
import type { TdxTcbVerdict } from '../dcap/tcb.js';
import type { VerifiedQuote } from '../dcap/verify-quote.js';
import { encodeHex } from '../encoding/hex.js';
import { joinClaims, type StatedClaims } from '../join-claims.js';
import type { ClaimValue } from '../types.js';
import type { TdReport, TdxEvidence } from './parse.js';

/** TD ATTRIBUTES (Intel TDX Module 1.5 ABI, ATTRIBUTES): bit to name. All others are reserved. */
const attributeNames: ReadonlyMap<number, string> = new Map([
  [0, 'debug'],
  [4, 'hgs_plus_prof'],
  [5, 'perf_prof'],
  [6, 'pmt_prof'],
  [16, 'icssd'],
  [27, 'lass'],
  [28, 'sept_ve_disable'],
  [29, 'migratable'],
  [30, 'pks'],
  [31, 'kl'],
  [62, 'tpa'],
  [63, 'perfmon'],
]);

/**
 * Whether the host may look into or steer the TD: any bit of the first byte, the TUD group, takes a
 * TD out of the trust boundary, whatever the bit is called.
 */
export function isDebugTd(report: TdReport): boolean {
  return report.tdAttributes[0] !== 0;
}

function reportClaims(report: TdReport): readonly StatedClaims[] {
  const { td15 } = report;
  return [
    {
      mrtd: encodeHex(report.mrTd),
      rtmr0: encodeHex(report.rtmr0),
      rtmr1: encodeHex(report.rtmr1),
      rtmr2: encodeHex(report.rtmr2),
      rtmr3: encodeHex(report.rtmr3),
      mrconfigid: encodeHex(report.mrConfigId),
      mrowner: encodeHex(report.mrOwner),
      mrownerconfig: encodeHex(report.mrOwnerConfig),
      mrseam: encodeHex(report.mrSeam),
      mrsignerseam: encodeHex(report.mrSignerSeam),
      seam_attributes: encodeHex(report.seamAttributes),
      td_attributes: encodeHex(report.tdAttributes),
    },
    toFlagClaims('td_attributes', report.tdAttributes, attributeNames),
    {
      xfam: encodeHex(report.xfam),
      report_data: encodeHex(report.reportData),
      tee_tcb_svn: encodeHex(report.teeTcbSvn),
      tee_tcb_svn2: td15 === null ? null : encodeHex(td15.teeTcbSvn2),
      mr_servicetd: td15 === null ? null : encodeHex(td15.mrServiceTd),
    },
  ];
}

/** Byte strings are lower-case hex in the order of the report. */
export function toTdxClaims(
  evidence: TdxEvidence,
  verified: VerifiedQuote,
  tcb: TdxTcbVerdict,
): Readonly<Record<string, ClaimValue>> {
  return joinClaims(...reportClaims(evidence.report), toDcapClaims(evidence.quote, verified, tcb), {
    debug: isDebugTd(evidence.report),
    tdx_module_id: tcb.module.id,
    // The module of TDX 1.0 has no status of its own: it is part of the platform's.
    tdx_module_status: tcb.module.level?.status ?? null,
  });
}
