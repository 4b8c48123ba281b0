// Is this SEV-SNP report genuine, current and meant for us? Stops at the first fault. Whether its
// measurement and TCB are acceptable is appraise(). Must never take a root, a time or a binding from
// the evidence or its endorsements.

import { checkBinding } from '../binding.js';
import { equalBytes, isZero } from '../encoding/bytes.js';
import { EvidenceError } from '../errors.js';
import { mint } from '../mint.js';
import { type Certificate, parseCertificate } from '../pki/certificate.js';
import {
  isChainRoot,
  type RevocationPolicy,
  type VerifiedChain,
  verifyChain,
} from '../pki/chain.js';
import { parseCrl } from '../pki/crl.js';
import type { Endorsements, VerifiedClaims, VerifyInput } from '../types.js';
import { snpClaims } from './claims.js';
import { type EndorsementKey, readEndorsementKey } from './endorsement-key.js';
import type { SnpReport } from './parse.js';
import { identifyChain, type SnpProduct, type SnpSigner } from './product.js';

/** What AMD says about the key that signed a report. Untrusted until verify. All DER. */
export interface SnpEndorsements extends Endorsements {
  readonly format: 'sev-snp';
  /** VCEK or VLEK certificate. */
  readonly endorsementKey: Uint8Array;
  /** The authority over it: ASK for a VCEK, ASVK for a VLEK. */
  readonly authority: Uint8Array;
  /**
   * AMD's revocation lists, of which that of the root must be there; or the literal that says that
   * nobody looked. The claim `revocation_checked` tells which, and a policy can require it.
   */
  readonly revocation:
    | { readonly kind: 'crls'; readonly crls: readonly Uint8Array[] }
    | { readonly kind: 'not-checked' };
}

const crlsMax = 8;

/**
 * AMD gives every VCEK and VLEK the serial number 0 and publishes one list per root, which names
 * authorities. So a list is required for the authority, and used for the leaf if there is one.
 */
function parseRevocation(revocation: SnpEndorsements['revocation']): RevocationPolicy {
  if (revocation.kind === 'not-checked') return revocation;
  if (revocation.crls.length > crlsMax) {
    throw new EvidenceError('crl-invalid', `CRLs: more than ${crlsMax}`);
  }
  return { kind: 'crls', crls: revocation.crls.map(parseCrl), requiredFor: 'intermediates' };
}

/** Age of the oldest list that was used, from its thisUpdate. */
function endorsementAges(
  revocation: RevocationPolicy,
  chain: VerifiedChain,
  now: Date,
): Record<string, number> {
  if (revocation.kind === 'not-checked') return {};
  const issued = revocation.crls
    .filter((crl) => chain.path.some((issuer) => equalBytes(issuer.subjectRaw, crl.issuerRaw)))
    .map((crl) => crl.thisUpdate.getTime());
  return { crl: Math.floor((now.getTime() - Math.min(...issued)) / 1000) };
}

function identify(chain: VerifiedChain): {
  readonly product: SnpProduct;
  readonly signer: SnpSigner;
} {
  const [leaf, intermediate, root] = chain.path;
  if (chain.path.length !== 3) {
    throw new EvidenceError('chain-invalid', 'SNP chain: want key, authority and root');
  }
  const nameOf = (certificate: Certificate | undefined) => certificate?.subject.commonName ?? null;
  return identifyChain({
    leaf: nameOf(leaf),
    intermediate: nameOf(intermediate),
    root: nameOf(root),
  });
}

function checkProduct(report: SnpReport, product: SnpProduct): void {
  // Turin's first firmware already wrote version 3, and its TCB layout is not that of version 2.
  const ofReport = report.product ?? (product === 'turin' ? null : product);
  if (ofReport !== product) {
    const seen = report.product ?? 'version 2';
    throw new EvidenceError('product-mismatch', `SNP report: ${seen}, but the chain is ${product}`);
  }
}

function checkKey(report: SnpReport, key: EndorsementKey): void {
  if (key.tcb !== report.reportedTcb.raw) {
    throw new EvidenceError(
      'tcb-mismatch',
      `REPORTED_TCB is ${report.reportedTcb.raw}, the certificate is for ${key.tcb}`,
    );
  }
  // A VLEK names no chip. A chip id of zero is masked by the platform's owner; the claim says so.
  if (key.hwid === null || isZero(report.chipId)) return;
  const used = report.chipId.subarray(0, key.hwid.length);
  if (!equalBytes(used, key.hwid) || !isZero(report.chipId.subarray(key.hwid.length))) {
    throw new EvidenceError('chip-mismatch', "CHIP_ID is not the certificate's HWID");
  }
}

/**
 * Checks, in this order: chain to one of `roots` (pinned as certificates) at `now`, revocation, kind
 * of key, product, the key's TCB version and chip, signature, REPORT_DATA.
 * @throws EvidenceError at the first fault
 */
export async function verifySnpReport(
  input: VerifyInput<SnpReport, SnpEndorsements>,
): Promise<VerifiedClaims> {
  const { evidence: report, endorsements, now, provider } = input;
  const revocation = parseRevocation(endorsements.revocation);
  const chain = await verifyChain({
    chain: [
      parseCertificate(endorsements.endorsementKey),
      parseCertificate(endorsements.authority),
    ],
    trustedRoots: input.roots.filter(isChainRoot),
    revocation,
    now,
    provider,
  });
  const { product, signer } = identify(chain);
  if (signer !== report.keyInfo.signer) {
    throw new EvidenceError(
      'report-signer-mismatch',
      `SNP report: says ${report.keyInfo.signer}, but the chain is that of a ${signer}`,
    );
  }
  checkProduct(report, product);
  const key = readEndorsementKey(chain.leaf, product, signer);
  checkKey(report, key);
  const { spki } = chain.leaf.publicKey;
  if (!(await provider.verify('ecdsa-p384-sha384', spki, report.signature, report.signed))) {
    throw new EvidenceError('signature-invalid', 'SNP report: signature does not verify');
  }
  const binding = checkBinding(report.reportData, input.expectedBinding);
  const { revocationChecked } = chain;
  return mint({
    format: 'sev-snp',
    debug: report.policy.debug_allowed,
    binding,
    tcbStatus: null,
    advisories: [],
    endorsementAges: endorsementAges(revocation, chain, now),
    verifiedAt: now.toISOString(),
    values: snpClaims({ report, key, product, signer, revocationChecked }),
  });
}
