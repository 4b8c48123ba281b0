// What a verified quote says of its platform, as claims by name, for SGX and TDX alike. Spells out and
// renames; decides nothing.

import { encodeHex } from '../encoding/hex.js';
import { joinClaims, type StatedClaims } from '../join-claims.js';
import type { ClaimValue } from '../types.js';
import type { Quote } from './quote.js';
import type { TcbVerdict } from './tcb.js';
import type { VerifiedQuote } from './verify-quote.js';

/** SGXType of Intel's PCK certificate specification: how the memory of enclaves is protected. */
const sgxTypes = ['standard', 'scalable', 'scalable-with-integrity'] as const;

/** Byte strings are lower-case hex in the order of quote and certificate. */
export function toDcapClaims(
  quote: Quote,
  verified: VerifiedQuote,
  tcb: TcbVerdict,
): Readonly<Record<string, ClaimValue>> {
  const { tcbInfo, qeIdentity } = verified.collateral;
  return joinClaims(platformClaims(verified), {
    quote_version: quote.version,
    tcb_status: tcb.status,
    tcb_date: tcb.date,
    advisories: tcb.advisories,
    // A floor has to hold for both documents.
    tcb_evaluation_number: Math.min(tcbInfo.evaluationNumber, qeIdentity.evaluationNumber),
    platform_status: tcb.platformStatus,
    qe_status: tcb.qeStatus,
    qe_isvsvn: quote.qeReport.isvSvn,
  });
}

function platformClaims({ platform, collateral, rootFingerprint }: VerifiedQuote): StatedClaims {
  const instance = platform.platformInstanceId;
  return {
    fmspc: encodeHex(platform.fmspc),
    pceid: encodeHex(platform.pceId),
    ppid: encodeHex(platform.ppid),
    cpusvn: encodeHex(platform.cpuSvn),
    pcesvn: platform.pceSvn,
    sgx_type: sgxTypes[platform.sgxType] ?? `type ${platform.sgxType}`,
    pck_serial: collateral.pck.serial,
    root_fingerprint: rootFingerprint,
    // Only parts certified by the Platform CA state these.
    platform_instance_id: instance === null ? null : encodeHex(instance),
    dynamic_platform: platform.dynamicPlatform,
    cached_keys: platform.cachedKeys,
    smt_enabled: platform.smtEnabled,
  };
}

/**
 * Each bit that has a name as `prefix_name`, and whether any other is set as `prefix_reserved`.
 * Bit 0 is the lowest of the first byte.
 */
export function toFlagClaims(
  prefix: string,
  flags: Uint8Array,
  names: ReadonlyMap<number, string>,
): Readonly<Record<string, boolean>> {
  const claims: Record<string, boolean> = {};
  let reserved = false;
  for (let bit = 0; bit < flags.length * 8; bit += 1) {
    const set = ((flags[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
    const name = names.get(bit);
    if (name === undefined) reserved ||= set;
    else claims[`${prefix}_${name}`] = set;
  }
  claims[`${prefix}_reserved`] = reserved;
  return claims;
}
