// Verifies a TPM 2.0 quote: whose key, which PCRs, for whom, and the logs that came with it. Whether
// the PCRs are acceptable is appraise(). Must never take a key's word for itself.

import { checkNonce } from '../binding.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { eventLogClaims, imaClaims, type QuotedRegisters } from '../eventlog/verify-event-log.js';
import { joinClaims } from '../join-claims.js';
import { mint } from '../mint.js';
import { isChainRoot } from '../pki/chain.js';
import type { ClaimValue, Endorsements, VerifiedClaims, VerifyInput } from '../types.js';
import { gceInstanceClaims, verifyAkCertificate } from './ak-certificate.js';
import { quoteClaims } from './claims.js';
import { type ActivatedCredential, isActivated } from './credential-exchange.js';
import {
  type GivenRevocation,
  oldestIssue,
  readCertificates,
  readRevocation,
} from './key-certificate.js';
import type { TpmEvidence } from './parse.js';
import { nameOf } from './public-area.js';
import { checkPcrDigest, checkQuoteSignature } from './quote.js';

/** Why the attestation key is believed to be in a TPM. One of these has to be said. */
export interface TpmEndorsements extends Endorsements {
  readonly format: 'tpm2-quote';
  readonly provenance:
    | {
        /** The certificate that came with the quote leads to one of the roots. */
        readonly kind: 'certificate';
        /** DER of issuers that did not come with it. */
        readonly intermediates: readonly Uint8Array[];
        readonly revocation: GivenRevocation;
      }
    | {
        /** A TPM whose endorsement key is certified has activated a credential for this key. */
        readonly kind: 'credential';
        readonly credential: ActivatedCredential;
      };
}

type Claims = Readonly<Record<string, ClaimValue>>;
type Input = VerifyInput<TpmEvidence, TpmEndorsements>;
interface Proof {
  readonly claims: Claims;
  readonly ages: Readonly<Record<string, number>>;
}

function unproven(why: string): EvidenceError {
  return new EvidenceError('attestation-key-unproven', `TPM attestation key: ${why}`);
}

function secondsBetween(from: Date, until: Date): number {
  return Math.floor((until.getTime() - from.getTime()) / 1000);
}

async function proveByCertificate(
  input: Input,
  provenance: Extract<TpmEndorsements['provenance'], { kind: 'certificate' }>,
): Promise<Proof> {
  const { evidence, roots, now, provider } = input;
  if (evidence.akCertificates.length === 0) throw unproven('no certificate came with it');
  const intermediates = readCertificates(provenance.intermediates);
  const revocation = readRevocation(provenance.revocation, 'intermediates');
  const chain = await verifyAkCertificate({
    chain: [...evidence.akCertificates, ...intermediates],
    key: evidence.key.publicKey,
    roots: roots.filter(isChainRoot),
    revocation,
    now,
    provider,
  });
  const issued = oldestIssue(revocation);
  return {
    claims: {
      ak_provenance: 'certificate',
      ak_certificate_subject: chain.leaf.subject.text,
      ak_certificate_serial: chain.leaf.serial,
      root_fingerprint: encodeHex(await provider.digest('sha256', chain.root.raw)),
      revocation_checked: chain.revocationChecked,
      ...gceInstanceClaims(chain.leaf),
    },
    ages: issued === null ? {} : { crl: secondsBetween(issued, now) },
  };
}

/** The statement is compared as it stands: who minted it has checked the endorsement key's chain. */
function proveByCredential(
  { now }: Input,
  credential: ActivatedCredential | undefined,
  name: Uint8Array,
): Proof {
  if (credential === undefined || !isActivated(credential)) {
    throw unproven('not by a credential that was activated');
  }
  if (credential.akName !== encodeHex(name)) throw unproven('the credential was made for another');
  const age = secondsBetween(new Date(credential.activatedAt), now);
  if (age < 0) throw unproven('the credential was activated later than now');
  const { crlIssuedAt, values } = credential;
  const crl = crlIssuedAt === null ? {} : { crl: secondsBetween(new Date(crlIssuedAt), now) };
  return { claims: { ak_provenance: 'credential', ...values }, ages: { credential: age, ...crl } };
}

async function proveKey(input: Input, name: Uint8Array): Promise<Proof> {
  const { provenance } = input.endorsements;
  switch (provenance?.kind) {
    case 'certificate':
      return proveByCertificate(input, provenance);
    case 'credential':
      return proveByCredential(input, provenance.credential, name);
    default:
      throw unproven('nothing was given that shows where it is');
  }
}

async function logClaims({ evidence, provider }: Input): Promise<readonly Claims[]> {
  const { attest, pcrs, eventLog, imaList } = evidence;
  const quoted: QuotedRegisters = { kind: 'pcr', bank: attest.bank, values: pcrs };
  return [
    eventLog === null ? {} : await eventLogClaims(eventLog, quoted, provider),
    imaList === null ? {} : await imaClaims(imaList, quoted, provider),
  ];
}

/**
 * Checks, in this order: where the key is, signature, PCR values, binding, logs.
 * @throws EvidenceError at the first fault
 */
export async function verifyTpmQuote(input: Input): Promise<VerifiedClaims> {
  const { evidence, now, provider } = input;
  const { attest, signature, key, pcrs } = evidence;
  const name = await nameOf(key, provider);
  const proof = await proveKey(input, name);
  if (signature.scheme !== key.scheme || signature.hash !== key.hash) {
    throw new EvidenceError('signature-invalid', 'TPM quote: not by the scheme of its key');
  }
  await checkQuoteSignature(attest, signature, key.publicKey, provider);
  await checkPcrDigest(attest, pcrs, signature.hash, provider);
  const binding = await checkNonce(attest.extraData, input.expectedBinding, provider);
  return mint({
    format: 'tpm2-quote',
    debug: false,
    binding,
    tcbStatus: null,
    advisories: [],
    endorsementAges: proof.ages,
    verifiedAt: now.toISOString(),
    values: joinClaims(
      quoteClaims(attest, signature, key.publicKey, pcrs),
      {
        ak_name: encodeHex(name),
        ak_attributes: key.attributes.toString(16).padStart(8, '0'),
        // A TPM measures what was started. It hides nothing from whoever owns the machine.
        memory_protected: false,
      },
      proof.claims,
      ...(await logClaims(input)),
    ),
  });
}
