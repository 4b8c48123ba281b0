// Does this chain lead to a pinned root, at this time, with nothing revoked? RFC 5280 section 6,
// without what no vendor's chain has: names constraints, policies, cross certificates.
// Must never take a root from the evidence: a root is whom the caller pinned.

import { equalBytes } from '../encoding/bytes.js';
import { EvidenceError } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import { signatureFits, verifyX509Signature } from './algorithm.js';
import { type Certificate, parseCertificate } from './certificate.js';
import { type Crl, findRevocation } from './crl.js';
import { namesKeyOf } from './key-identifiers.js';

/**
 * Where a chain may end: at one certificate, byte for byte; or at whoever holds one key (DER
 * SubjectPublicKeyInfo), in which case the chain has to bring the certificate.
 */
export type ChainRoot =
  | { readonly kind: 'certificate'; readonly der: Uint8Array }
  | { readonly kind: 'key'; readonly spki: Uint8Array };

/** False for whatever else a caller trusts: no chain leads there. */
export function isChainRoot(root: { readonly kind: string }): root is ChainRoot {
  return root.kind === 'certificate' || root.kind === 'key';
}

/**
 * 'crls': for every certificate below the root (or, with 'intermediates', every one but the leaf)
 * a CRL of its issuer must be there, genuine and current. A CRL that is there is always used, so
 * with 'intermediates' the leaf is looked up as well if its issuer's list was given.
 * 'not-checked' is for a caller that says so in its own result.
 */
export type RevocationPolicy =
  | {
      readonly kind: 'crls';
      readonly crls: readonly Crl[];
      readonly requiredFor: 'every-link' | 'intermediates';
    }
  | { readonly kind: 'not-checked' };

export interface VerifyChainInput {
  /** Leaf first, each followed by its issuer; the root may be left out if pinned as certificate. */
  readonly chain: readonly Certificate[];
  readonly trustedRoots: readonly ChainRoot[];
  readonly revocation: RevocationPolicy;
  readonly now: Date;
  readonly provider: CryptoProvider;
  /** Critical extensions of the leaf that the caller acts on itself; none without it. */
  readonly understoodOfLeaf?: ReadonlySet<string>;
}

export interface VerifiedChain {
  readonly leaf: Certificate;
  readonly root: Certificate;
  /** Leaf to root, both included. */
  readonly path: readonly Certificate[];
  readonly revocationChecked: boolean;
}

const chainLengthMax = 8;

// basicConstraints and keyUsage are the only critical extensions that are acted on here.
const basicConstraintsOid = '2.5.29.19';
const understoodCritical: ReadonlySet<string> = new Set([basicConstraintsOid, '2.5.29.15']);

function invalid(certificate: Certificate, why: string): EvidenceError {
  return new EvidenceError('chain-invalid', `certificate "${certificate.subject.text}": ${why}`);
}

function isPinned(certificate: Certificate, roots: readonly ChainRoot[]): boolean {
  // Not constant time in whole: certificates are public.
  return roots.some((root) =>
    root.kind === 'certificate'
      ? equalBytes(root.der, certificate.raw)
      : equalBytes(root.spki, certificate.publicKey.spki),
  );
}

function untrusted(last: Certificate): EvidenceError {
  return new EvidenceError(
    'chain-untrusted',
    `chain: "${last.subject.text}" leads to no trusted root`,
  );
}

/** The chain with its pinned root at the end. @throws EvidenceError 'chain-untrusted' */
async function completePath(input: VerifyChainInput): Promise<readonly Certificate[]> {
  const last = input.chain[input.chain.length - 1];
  if (last === undefined) throw new EvidenceError('chain-invalid', 'chain: empty');
  if (input.chain.length > chainLengthMax) {
    throw new EvidenceError('chain-invalid', `chain: more than ${chainLengthMax} certificates`);
  }
  if (isPinned(last, input.trustedRoots)) return input.chain;
  if (equalBytes(last.issuerRaw, last.subjectRaw)) throw untrusted(last);
  const candidates = input.trustedRoots
    .flatMap((root) => (root.kind === 'certificate' ? [parseCertificate(root.der)] : []))
    .filter((root) => equalBytes(root.subjectRaw, last.issuerRaw));
  // Two pinned roots may have one name: an old and a new key, or a vendor and its imitation.
  for (const root of candidates) {
    if (await isSignedBy(last, root, input.provider)) return [...input.chain, root];
  }
  const [named] = candidates;
  if (named === undefined) throw untrusted(last);
  throw invalid(last, `signature does not verify under the trusted "${named.subject.text}"`);
}

async function isSignedBy(
  certificate: Certificate,
  issuer: Certificate,
  provider: CryptoProvider,
): Promise<boolean> {
  const { publicKey } = issuer;
  const { signatureAlgorithm, signature, tbs } = certificate;
  if (!signatureFits(publicKey, signatureAlgorithm)) return false;
  return verifyX509Signature(provider, publicKey, signatureAlgorithm, signature, tbs);
}

function checkValidity(certificate: Certificate, now: Date): void {
  const name = certificate.subject.text;
  if (now.getTime() < certificate.notBefore.getTime()) {
    const from = certificate.notBefore.toISOString();
    throw new EvidenceError('certificate-not-yet-valid', `certificate "${name}": from ${from}`);
  }
  if (now.getTime() > certificate.notAfter.getTime()) {
    const until = certificate.notAfter.toISOString();
    throw new EvidenceError('certificate-expired', `certificate "${name}": until ${until}`);
  }
}

// Both take rights away, name constraints and the mark of a proxy certificate (RFC 3820), and nothing here
// would heed that. They have to be critical; one that is not is refused all the same.
const neverIgnored: ReadonlySet<string> = new Set(['2.5.29.30', '1.3.6.1.5.5.7.1.14']);

function checkExtensions(certificate: Certificate, also?: ReadonlySet<string>): void {
  for (const [oid, extension] of certificate.extensions) {
    if (also?.has(oid) === true) continue;
    if (neverIgnored.has(oid)) throw invalid(certificate, `extension ${oid} is not supported`);
    if (extension.critical && !understoodCritical.has(oid)) {
      throw invalid(certificate, `unknown critical extension ${oid}`);
    }
  }
}

/** What RFC 5280 sections 4.2.1.3 and 4.2.1.9 demand of rights that are stated, a leaf's too. */
function checkForm(certificate: Certificate): void {
  const { basicConstraints, keyUsage, extensions } = certificate;
  const isCa = basicConstraints?.ca === true;
  if (keyUsage?.size === 0) throw invalid(certificate, 'keyUsage without a use');
  const signsCertificates = keyUsage?.has('keyCertSign') === true;
  if (signsCertificates && !isCa) throw invalid(certificate, 'keyCertSign, and not a CA');
  if (basicConstraints?.pathLength != null && !signsCertificates) {
    throw invalid(certificate, 'path length without keyCertSign');
  }
  if (isCa && keyUsage === null) throw invalid(certificate, 'CA without keyUsage');
  if (isCa && extensions.get(basicConstraintsOid)?.critical !== true) {
    throw invalid(certificate, 'CA, but basicConstraints is not critical');
  }
}

/** `below` is the number of intermediate certificates between this issuer and the leaf. */
function checkIssuer(issuer: Certificate, below: number): void {
  if (issuer.basicConstraints?.ca !== true) throw invalid(issuer, 'not a CA');
  if (issuer.keyUsage?.has('keyCertSign') !== true) {
    throw invalid(issuer, 'may not sign certificates');
  }
  const pathLength = issuer.basicConstraints.pathLength;
  if (pathLength !== null && below > pathLength) throw invalid(issuer, 'path length exceeded');
}

async function checkSignature(
  certificate: Certificate,
  issuer: Certificate,
  provider: CryptoProvider,
): Promise<void> {
  if (!equalBytes(certificate.issuerRaw, issuer.subjectRaw)) {
    throw invalid(certificate, `not issued by "${issuer.subject.text}"`);
  }
  if (!namesKeyOf(certificate.authorityKey, issuer)) {
    throw invalid(certificate, `issued by another key than that of "${issuer.subject.text}"`);
  }
  if (!(await isSignedBy(certificate, issuer, provider))) {
    throw invalid(certificate, 'signature does not verify');
  }
}

/**
 * Checks that `issuer` signed the CRL and that `now` is within its time.
 * @throws EvidenceError 'crl-invalid' | 'crl-not-yet-valid' | 'crl-expired'
 */
export async function verifyCrl(
  crl: Crl,
  issuer: Certificate,
  input: { readonly now: Date; readonly provider: CryptoProvider },
): Promise<void> {
  const name = crl.issuer.text;
  if (!equalBytes(crl.issuerRaw, issuer.subjectRaw)) {
    throw new EvidenceError('crl-invalid', `CRL of "${name}": issued by another`);
  }
  if (!namesKeyOf(crl.authorityKey, issuer)) {
    throw new EvidenceError('crl-invalid', `CRL of "${name}": issued by another key`);
  }
  if (issuer.keyUsage !== null && !issuer.keyUsage.has('cRLSign')) {
    throw new EvidenceError('crl-invalid', `CRL of "${name}": issuer may not sign CRLs`);
  }
  const { publicKey } = issuer;
  const { signatureAlgorithm, signature, tbs } = crl;
  const { provider } = input;
  if (
    !signatureFits(publicKey, signatureAlgorithm) ||
    !(await verifyX509Signature(provider, publicKey, signatureAlgorithm, signature, tbs))
  ) {
    throw new EvidenceError('crl-invalid', `CRL of "${name}": signature does not verify`);
  }
  if (input.now.getTime() < crl.thisUpdate.getTime()) {
    const from = crl.thisUpdate.toISOString();
    throw new EvidenceError('crl-not-yet-valid', `CRL of "${name}": from ${from}`);
  }
  if (input.now.getTime() > crl.nextUpdate.getTime()) {
    const until = crl.nextUpdate.toISOString();
    throw new EvidenceError('crl-expired', `CRL of "${name}": until ${until}`);
  }
}

function checkUnlisted(certificate: Certificate, crl: Crl): void {
  if (findRevocation(crl, certificate.serial) === null) return;
  const name = certificate.subject.text;
  throw new EvidenceError('certificate-revoked', `certificate "${name}": revoked`);
}

async function checkRevocation(
  path: readonly Certificate[],
  input: VerifyChainInput,
): Promise<boolean> {
  const { revocation } = input;
  if (revocation.kind === 'not-checked') return false;
  let listsSeen = 0;
  for (const [index, issuer] of path.entries()) {
    const certificate = path[index - 1];
    if (certificate === undefined) continue;
    const crls = revocation.crls.filter((crl) => equalBytes(crl.issuerRaw, issuer.subjectRaw));
    if (crls.length === 0 && (revocation.requiredFor === 'every-link' || index > 1)) {
      throw new EvidenceError('crl-missing', `CRL of "${issuer.subject.text}": not given`);
    }
    for (const crl of crls) {
      await verifyCrl(crl, issuer, input);
      listsSeen += 1;
      checkUnlisted(certificate, crl);
      // A root that revokes itself is believed, for whoever holds its key may say so.
      if (index === path.length - 1) checkUnlisted(issuer, crl);
    }
  }
  // A chain without intermediates may have needed no list: then nobody was looked up.
  return listsSeen > 0;
}

/**
 * Checks, in this order: pinned root, then from the root down CA rights, validity at `now`, form,
 * extensions, names, key identifiers and signatures (the root's own too), then revocation, of a root
 * that is on its own list too.
 * Does not look at what the leaf is for.
 * @throws EvidenceError 'chain-untrusted' | 'chain-invalid' | 'certificate-expired' |
 *   'certificate-not-yet-valid' | 'certificate-revoked' | 'crl-missing' | 'crl-invalid' |
 *   'crl-expired' | 'crl-not-yet-valid' | 'unsupported-algorithm' | 'public-key-invalid'
 */
export async function verifyChain(input: VerifyChainInput): Promise<VerifiedChain> {
  if (Number.isNaN(input.now.getTime())) {
    throw new EvidenceError('input-invalid', 'now: not a time');
  }
  const path = await completePath(input);
  for (let index = path.length - 1; index >= 0; index -= 1) {
    const certificate = path[index];
    if (certificate === undefined) continue;
    const issuer = path[index + 1] ?? certificate;
    if (index > 0) checkIssuer(certificate, index - 1);
    checkValidity(certificate, input.now);
    checkForm(certificate);
    checkExtensions(certificate, index === 0 ? input.understoodOfLeaf : undefined);
    await checkSignature(certificate, issuer, input.provider);
  }
  const revocationChecked = await checkRevocation(path, input);
  const [leaf] = path;
  const root = path[path.length - 1];
  if (leaf === undefined || root === undefined) {
    throw new EvidenceError('chain-invalid', 'chain: empty');
  }
  return { leaf, root, path, revocationChecked };
}
