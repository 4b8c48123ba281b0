// The claims on TDs that Microsoft and Intel agreed on (draft-kdyxy-rats-tdx-eat-profile), under the names that
// the claims of quotes have.

import { decodeHex } from '../encoding/hex.js';
import type { StatedClaims } from '../join-claims.js';
import type { ClaimReader } from '../jose/claim-reader.js';
import type { ClaimValue } from '../types.js';

const fields = [
  ['mrtd', 48],
  ['mrseam', 48],
  ['mrsignerseam', 48],
  ['mrconfigid', 48],
  ['mrowner', 48],
  ['mrownerconfig', 48],
  ['rtmr0', 48],
  ['rtmr1', 48],
  ['rtmr2', 48],
  ['rtmr3', 48],
  ['seam_attributes', 8],
  ['td_attributes', 8],
  ['xfam', 8],
  ['tee_tcb_svn', 16],
] as const;

export interface StatedTd {
  readonly reportData: Uint8Array;
  readonly debug: boolean;
  readonly values: StatedClaims;
}

/** Every field of the TD report must be there. @throws EvidenceError 'claim-invalid' */
export function readStatedTd(claims: ClaimReader): StatedTd {
  const values: Record<string, ClaimValue> = { tee: 'tdx' };
  for (const [name, length] of fields) values[name] = claims.getHex(`tdx_${name}`, length);
  const reportData = claims.getHex('tdx_report_data', 64);
  const attributes = decodeHex(claims.getHex('tdx_td_attributes', 8));
  // The first byte is the TUD group: any bit of it takes a TD out of the trust boundary.
  const tud = attributes[0] !== 0;
  const stated = [claims.findFlag('tdx_td_attributes_debug'), claims.findFlag('tdx_is_debuggable')];
  if (tud === false && stated.includes(true)) {
    throw claims.invalid('tdx_td_attributes', 'attributes that agree with its debug claims');
  }
  values.report_data = reportData;
  // TD ATTRIBUTES bit 28.
  values.td_attributes_sept_ve_disable = ((attributes[3] ?? 0) & 0x10) !== 0;
  return {
    reportData: decodeHex(reportData),
    debug: tud,
    values,
  };
}

/** RFC 9711 section 4.2.9: anything but one of the disabled states means that debugging may be on. */
export function isDebugStatus(status: string | null): boolean {
  return (
    status !== null && !/^disabled(-since-boot|-permanently|-fully-and-permanently)?$/.test(status)
  );
}
