// Verifies SGX evidence: genuine quote, TCB status, binding. Measurements, and whether a status is
// good enough, are left to appraise().

import { checkBinding } from '../binding.js';
import type { DcapEndorsements } from '../dcap/endorsements.js';
import { evaluateSgxTcb } from '../dcap/tcb.js';
import { verifyQuote } from '../dcap/verify-quote.js';
import { mint } from '../mint.js';
import type { VerifiedClaims, VerifyInput } from '../types.js';
import { isDebugEnclave, toSgxClaims } from './claims.js';
import type { SgxEvidence } from './parse.js';

/** @throws EvidenceError at the first fault */
export async function verifySgx(
  input: VerifyInput<SgxEvidence, DcapEndorsements>,
): Promise<VerifiedClaims> {
  const { evidence, endorsements, roots, now, provider } = input;
  const { quote, report } = evidence;
  const verified = await verifyQuote(evidence, endorsements, { roots, now, provider });
  const { tcbInfo, qeIdentity } = verified.collateral;
  const tcb = evaluateSgxTcb(tcbInfo, verified.platform, quote.qeReport.isvSvn, qeIdentity.levels);
  return mint({
    format: 'sgx-dcap',
    debug: isDebugEnclave(report),
    binding: checkBinding(report.reportData, input.expectedBinding),
    tcbStatus: tcb.status,
    advisories: tcb.advisories,
    endorsementAges: verified.collateral.ages,
    verifiedAt: now.toISOString(),
    values: toSgxClaims(evidence, verified, tcb),
  });
}
