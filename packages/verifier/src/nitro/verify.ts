// Is this Nitro document genuine, current and meant for us? Stops at the first fault. Whether its
// registers are acceptable is appraise(). Must never take a root or a time from the document.

import { checkBinding } from '../binding.js';
import { verifyCoseSign1 } from '../cose/sign1.js';
import { EvidenceError } from '../errors.js';
import { mint } from '../mint.js';
import { type Certificate, parseCertificate } from '../pki/certificate.js';
import { isChainRoot, verifyChain } from '../pki/chain.js';
import type { Endorsements, VerifiedClaims, VerifyInput } from '../types.js';
import { nitroClaims } from './claims.js';
import { isDebug, type NitroDocument } from './parse.js';

/** A document brings its whole chain, and AWS publishes nothing to go with it: there is only the word. */
export interface NitroEndorsements extends Endorsements {
  readonly format: 'aws-nitro';
}

/** How far the hypervisor's clock may be ahead of the caller's. */
const clockToleranceSeconds = 60;

function invalid(why: string): EvidenceError {
  return new EvidenceError('chain-invalid', `Nitro document: ${why}`);
}

/** Section 3.2.3 of AWS's description: what the certificate that signs documents has to be. */
function checkLeaf(leaf: Certificate): void {
  if (leaf.basicConstraints?.ca === true || (leaf.basicConstraints?.pathLength ?? null) !== null) {
    throw invalid('signed by a CA');
  }
  if (leaf.keyUsage?.has('digitalSignature') !== true) throw invalid('key is not for signatures');
  if (leaf.publicKey.kind !== 'ec' || leaf.publicKey.curve !== 'p384') {
    throw new EvidenceError('public-key-invalid', 'Nitro document: want a P-384 key');
  }
}

/**
 * The document's own time is no proof of freshness (that is the binding), but it must not contradict
 * the certificate, nor lie ahead of the caller's clock.
 */
function checkTimestamp({ timestamp }: NitroDocument, leaf: Certificate, now: Date): void {
  const time = timestamp.getTime();
  if (time < leaf.notBefore.getTime() || time > leaf.notAfter.getTime()) {
    throw new EvidenceError(
      'timestamp-invalid',
      `Nitro document: made at ${timestamp.toISOString()}, when its certificate was not valid`,
    );
  }
  if (time > now.getTime() + clockToleranceSeconds * 1000) {
    throw new EvidenceError(
      'timestamp-invalid',
      `Nitro document: made at ${timestamp.toISOString()}, which is yet to come`,
    );
  }
}

/**
 * Checks, in this order: chain to one of `roots` at `now` (the document carries all of it, from the
 * root on), what the leaf is for, signature, the document's time, and that `user_data` is the expected
 * 64 bytes. There is no revocation: AWS says to check none, and the leaf lives three hours.
 * @throws EvidenceError at the first fault
 */
export async function verifyNitroDocument(
  input: VerifyInput<NitroDocument, NitroEndorsements>,
): Promise<VerifiedClaims> {
  const { evidence: document, now, provider } = input;
  const { cabundle } = document;
  const chain = await verifyChain({
    chain: [document.certificate, ...[...cabundle].reverse()].map(parseCertificate),
    trustedRoots: input.roots.filter(isChainRoot),
    revocation: { kind: 'not-checked' },
    now,
    provider,
  });
  if (chain.path.length !== cabundle.length + 1) {
    throw invalid('the CA bundle does not begin with the root');
  }
  checkLeaf(chain.leaf);
  await verifyCoseSign1({
    message: document.message,
    spki: chain.leaf.publicKey.spki,
    externalAad: new Uint8Array(),
    algorithms: ['ES384'],
    provider,
  });
  checkTimestamp(document, chain.leaf, now);
  const binding = checkBinding(document.userData ?? new Uint8Array(), input.expectedBinding);
  const age = Math.floor((now.getTime() - document.timestamp.getTime()) / 1000);
  return mint({
    format: 'aws-nitro',
    debug: isDebug(document),
    binding,
    tcbStatus: null,
    advisories: [],
    endorsementAges: { document: Math.max(0, age) },
    verifiedAt: now.toISOString(),
    values: nitroClaims(document, chain.leaf),
  });
}
