// What a verified TDX quote says, as claims by name. Spells out and renames; decides nothing except
// which attribute bits have a known meaning.

import type { TcbVerdict } from '../dcap/tcb.js';
import type { VerifiedQuote } from '../dcap/verify-quote.js';
import { encodeHex } from '../encoding/hex.js';
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

type Claims = Record<string, ClaimValue>;

/**
 * Whether the host may look into or steer the TD: any bit of the first byte, the TUD group, takes a
 * TD out of the trust boundary, whatever the bit is called.
 */
export function isDebugTd(report: TdReport): boolean {
  return report.tdAttributes[0] !== 0;
}

function attributeClaims(attributes: Uint8Array): Claims {
  const claims: Claims = {};
  let reserved = false;
  for (let bit = 0; bit < 64; bit += 1) {
    const set = ((attributes[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
    const name = attributeNames.get(bit);
    if (name === undefined) reserved ||= set;
    else claims[`td_attributes_${name}`] = set;
  }
  return { ...claims, td_attributes_reserved: reserved };
}

function reportClaims(report: TdReport): Claims {
  return {
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
    ...attributeClaims(report.tdAttributes),
    xfam: encodeHex(report.xfam),
    report_data: encodeHex(report.reportData),
    tee_tcb_svn: encodeHex(report.teeTcbSvn),
    ...(report.td15 === null
      ? {}
      : {
          tee_tcb_svn2: encodeHex(report.td15.teeTcbSvn2),
          mr_servicetd: encodeHex(report.td15.mrServiceTd),
        }),
  };
}

function platformClaims({ platform, collateral, rootFingerprint }: VerifiedQuote): Claims {
  const instance = platform.platformInstanceId;
  // Only parts certified by the Platform CA state these.
  const optional: Readonly<Record<string, ClaimValue | null>> = {
    platform_instance_id: instance === null ? null : encodeHex(instance),
    dynamic_platform: platform.dynamicPlatform,
    cached_keys: platform.cachedKeys,
    smt_enabled: platform.smtEnabled,
  };
  const claims: Claims = {
    fmspc: encodeHex(platform.fmspc),
    pceid: encodeHex(platform.pceId),
    ppid: encodeHex(platform.ppid),
    cpusvn: encodeHex(platform.cpuSvn),
    pcesvn: platform.pceSvn,
    pck_serial: collateral.pck.serial,
    root_fingerprint: rootFingerprint,
  };
  for (const [name, value] of Object.entries(optional)) if (value !== null) claims[name] = value;
  return claims;
}

/** Byte strings are lower-case hex in the order of the report. */
export function toTdxClaims(
  evidence: TdxEvidence,
  verified: VerifiedQuote,
  tcb: TcbVerdict,
): Readonly<Claims> {
  const { tcbInfo, qeIdentity } = verified.collateral;
  return {
    ...reportClaims(evidence.report),
    ...platformClaims(verified),
    quote_version: evidence.quote.version,
    debug: isDebugTd(evidence.report),
    tcb_status: tcb.status,
    tcb_date: tcb.date,
    advisories: tcb.advisories,
    // A floor has to hold for both documents.
    tcb_evaluation_number: Math.min(tcbInfo.evaluationNumber, qeIdentity.evaluationNumber),
    platform_status: tcb.platformStatus,
    qe_status: tcb.qeStatus,
    qe_isvsvn: evidence.quote.qeReport.isvSvn,
    tdx_module_id: tcb.module.id,
    // The module of TDX 1.0 has no status of its own: it is part of the platform's.
    ...(tcb.module.level === null ? {} : { tdx_module_status: tcb.module.level.status }),
  };
}
