// Verifies TDX evidence: genuine quote, TCB status, binding. Measurements, and whether a status is
// good enough, are left to appraise().

import { checkBinding } from '../binding.js';
import type { DcapEndorsements } from '../dcap/endorsements.js';
import { evaluateTdxTcb } from '../dcap/tcb.js';
import { verifyQuote } from '../dcap/verify-quote.js';
import { mint } from '../mint.js';
import type { VerifiedClaims, VerifyInput } from '../types.js';
import { isDebugTd, toTdxClaims } from './claims.js';
import type { TdxEvidence } from './parse.js';

/** @throws EvidenceError at the first fault */
export async function verifyTdx(
  input: VerifyInput<TdxEvidence, DcapEndorsements>,
): Promise<VerifiedClaims> {
  const { evidence, endorsements, roots, now, provider } = input;
  const { quote, report } = evidence;
  const verified = await verifyQuote(evidence, endorsements, { roots, now, provider });
  const tcb = evaluateTdxTcb(
    verified.collateral.tcbInfo,
    verified.platform,
    {
      teeTcbSvn: report.teeTcbSvn,
      teeTcbSvn2: report.td15?.teeTcbSvn2 ?? null,
      mrSignerSeam: report.mrSignerSeam,
      seamAttributes: report.seamAttributes,
    },
    quote.qeReport.isvSvn,
    verified.collateral.qeIdentity.levels,
  );
  return mint({
    format: 'tdx-dcap',
    debug: isDebugTd(report),
    binding: checkBinding(report.reportData, input.expectedBinding),
    tcbStatus: tcb.status,
    advisories: tcb.advisories,
    endorsementAges: verified.collateral.ages,
    verifiedAt: now.toISOString(),
    values: toTdxClaims(evidence, verified, tcb),
  });
}
