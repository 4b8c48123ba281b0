// Is this collateral Intel's, and valid now? Chains, CRLs, signatures over exact text, dates. All of it
// is required: a verifier that goes on without a CRL cannot see a revocation.

import { equalBytes } from '../encoding/bytes.js';
import { EvidenceError } from '../errors.js';
import { type Certificate, parseCertificatesPem } from '../pki/certificate.js';
import { isChainRoot, type VerifiedChain, verifyChain } from '../pki/chain.js';
import { type Crl, parseCrl } from '../pki/crl.js';
import type { CryptoProvider } from '../provider.js';
import type { TrustedRoot } from '../types.js';
import type { DcapEndorsements } from './endorsements.js';
import { parseQeIdentity, type QeIdentity } from './qe-identity.js';
import { parseTcbInfo, type TcbInfo } from './tcb-info.js';

/** What every check of a chain needs. */
export interface TrustContext {
  readonly roots: readonly TrustedRoot[];
  readonly now: Date;
  readonly provider: CryptoProvider;
}

/** Genuine and valid at the time it was verified. */
export interface VerifiedCollateral {
  readonly root: Certificate;
  readonly pck: Certificate;
  readonly tcbInfo: TcbInfo;
  readonly qeIdentity: QeIdentity;
  /** Seconds from each document's date of issue to now. */
  readonly ages: Readonly<Record<string, number>>;
}

const tcbSigningName = 'Intel SGX TCB Signing';
const pckName = 'Intel SGX PCK Certificate';
const pckIssuerNames: readonly (string | null)[] = [
  'Intel SGX PCK Platform CA',
  'Intel SGX PCK Processor CA',
];
const chainLengthMax = 3;

/**
 * Checks the PCK chain out of a quote together with the collateral, all under one root: the one root
 * CRL is checked with the key of each chain's root, so that with several trusted roots the collateral
 * of one cannot speak for the platforms of another.
 * @throws EvidenceError with the codes of verifyChain, and 'collateral-invalid' |
 *   'collateral-expired' | 'collateral-not-yet-valid' | 'signature-invalid' | 'malformed'
 */
export async function verifyCollateral(
  pckChain: readonly Certificate[],
  endorsements: DcapEndorsements,
  trust: TrustContext,
): Promise<VerifiedCollateral> {
  const rootCrl = readCrl(endorsements.rootCaCrl, 'root CA');
  const pckCrl = readCrl(endorsements.pckCrl, 'PCK');
  const pck = await verifyDcapChain(pckChain, [rootCrl, pckCrl], trust);
  checkPckNames(pck);
  await verifyCrlIssuer(endorsements.pckCrlIssuerChain, pck, rootCrl, trust);
  const { tcbInfoIssuerChain, qeIdentityIssuerChain } = endorsements;
  const tcbInfoSigner = await verifySigner('TCB info', tcbInfoIssuerChain, rootCrl, trust);
  // In practice one and the same text, which need not be checked twice.
  const qeIdentitySigner =
    qeIdentityIssuerChain === tcbInfoIssuerChain
      ? tcbInfoSigner
      : await verifySigner('QE identity', qeIdentityIssuerChain, rootCrl, trust);
  const tcbInfo = parseTcbInfo(
    await checkSigned('TCB info', endorsements.tcbInfo, endorsements.tcbInfoSignature, {
      signer: tcbInfoSigner,
      provider: trust.provider,
    }),
  );
  const qeIdentity = parseQeIdentity(
    await checkSigned('QE identity', endorsements.qeIdentity, endorsements.qeIdentitySignature, {
      signer: qeIdentitySigner,
      provider: trust.provider,
    }),
  );
  checkDates('TCB info', tcbInfo, trust.now);
  checkDates('QE identity', qeIdentity, trust.now);
  const ageOf = (issued: Date): number =>
    Math.floor((trust.now.getTime() - issued.getTime()) / 1000);
  return {
    root: pck.root,
    pck: pck.leaf,
    tcbInfo,
    qeIdentity,
    ages: {
      'tcb-info': ageOf(tcbInfo.issueDate),
      'qe-identity': ageOf(qeIdentity.issueDate),
      'pck-crl': ageOf(pckCrl.thisUpdate),
      'root-ca-crl': ageOf(rootCrl.thisUpdate),
    },
  };
}

/** Certificates of a chain as PEM, leaf first. @throws EvidenceError */
export function readChain(pem: Uint8Array | string, what: string): readonly Certificate[] {
  const chain = parseCertificatesPem(pem);
  if (chain.length > chainLengthMax) {
    throw new EvidenceError('chain-invalid', `${what}: more than ${chainLengthMax} certificates`);
  }
  return chain;
}

function readCrl(der: Uint8Array, what: string): Crl {
  if (der.length === 0) throw new EvidenceError('crl-missing', `CRL of ${what}: not given`);
  return parseCrl(der);
}

function verifyDcapChain(
  chain: readonly Certificate[],
  crls: readonly Crl[],
  trust: TrustContext,
): Promise<VerifiedChain> {
  return verifyChain({
    chain,
    trustedRoots: trust.roots.filter(isChainRoot),
    revocation: { kind: 'crls', crls, requiredFor: 'every-link' },
    now: trust.now,
    provider: trust.provider,
  });
}

/** A leaf signed by another of Intel's CAs, or a CA in place of a leaf, is not a platform's key. */
function checkPckNames(chain: VerifiedChain): void {
  const { leaf } = chain;
  const fits =
    leaf.subject.commonName === pckName &&
    pckIssuerNames.includes(leaf.issuer.commonName) &&
    leaf.basicConstraints?.ca !== true;
  if (!fits) {
    throw new EvidenceError('chain-invalid', `"${leaf.subject.text}": not a PCK certificate`);
  }
}

/** The chain of the PCK CRL's issuer; nothing is left to check if it is the PCK's own. */
async function verifyCrlIssuer(
  pem: string,
  pck: VerifiedChain,
  rootCrl: Crl,
  trust: TrustContext,
): Promise<void> {
  const chain = readChain(pem, 'PCK CRL issuer chain');
  const verified = pck.path.slice(1);
  const same = chain.every((certificate, index) => {
    const other = verified[index];
    return other !== undefined && equalBytes(certificate.raw, other.raw);
  });
  if (!same) await verifyDcapChain(chain, [rootCrl], trust);
}

/** The certificate of the key that signs collateral. */
async function verifySigner(
  what: string,
  pem: string,
  rootCrl: Crl,
  trust: TrustContext,
): Promise<Certificate> {
  const { leaf } = await verifyDcapChain(readChain(pem, `${what} chain`), [rootCrl], trust);
  if (leaf.subject.commonName === tcbSigningName && leaf.basicConstraints?.ca !== true) return leaf;
  throw new EvidenceError(
    'chain-invalid',
    `${what}: "${leaf.subject.text}" does not sign collateral`,
  );
}

/** The text, which is Intel's. @throws EvidenceError 'signature-invalid' */
async function checkSigned(
  what: string,
  text: string,
  signature: Uint8Array,
  by: { readonly signer: Certificate; readonly provider: CryptoProvider },
): Promise<string> {
  const { spki } = by.signer.publicKey;
  const bytes = new TextEncoder().encode(text);
  if (await by.provider.verify('ecdsa-p256-sha256', spki, signature, bytes)) return text;
  throw new EvidenceError('signature-invalid', `${what}: signature does not verify`);
}

function checkDates(
  what: string,
  document: { readonly issueDate: Date; readonly nextUpdate: Date },
  now: Date,
): void {
  if (now.getTime() < document.issueDate.getTime()) {
    const from = document.issueDate.toISOString();
    throw new EvidenceError('collateral-not-yet-valid', `${what}: from ${from}`);
  }
  if (now.getTime() > document.nextUpdate.getTime()) {
    const until = document.nextUpdate.toISOString();
    throw new EvidenceError('collateral-expired', `${what}: until ${until}`);
  }
}
