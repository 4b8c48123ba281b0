// Verifies a TPM 2.0 quote: whose key, which PCRs, for whom, and the logs that came with it. Whether
// the PCRs are acceptable is appraise(). Must never take a key's word for itself.

import { checkNonce } from '../binding.js';
import { equalBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { eventLogClaims, imaClaims, type QuotedRegisters } from '../eventlog/verify-event-log.js';
import { mint } from '../mint.js';
import { parseCertificate } from '../pki/certificate.js';
import type { RevocationPolicy } from '../pki/chain.js';
import { parseCrl } from '../pki/crl.js';
import type { ClaimValue, Endorsements, VerifiedClaims, VerifyInput } from '../types.js';
import { gceInstanceClaims, verifyAkCertificate } from './ak-certificate.js';
import { quoteClaims } from './claims.js';
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
        readonly revocation:
          | { readonly kind: 'crls'; readonly crls: readonly Uint8Array[] }
          | { readonly kind: 'not-checked' };
      }
    | {
        /**
         * The caller itself has seen this key's TPM activate a credential (TPM2_MakeCredential by the
         * caller, TPM2_ActivateCredential by the TPM whose endorsement key it knows). This is the
         * caller's own statement: it must never be taken from what a workload brought.
         */
        readonly kind: 'credential';
        /** The Name that the credential was made for. */
        readonly activatedName: Uint8Array;
      };
}

type Claims = Readonly<Record<string, ClaimValue>>;
type Input = VerifyInput<TpmEvidence, TpmEndorsements>;
interface Proof {
  readonly claims: Claims;
  readonly ages: Readonly<Record<string, number>>;
}

const crlsMax = 8;
const intermediatesMax = 6;

function unproven(why: string): EvidenceError {
  return new EvidenceError('attestation-key-unproven', `TPM attestation key: ${why}`);
}

async function proveByCertificate(
  input: Input,
  provenance: Extract<TpmEndorsements['provenance'], { kind: 'certificate' }>,
): Promise<Proof> {
  const { evidence, roots, now, provider } = input;
  const { intermediates } = provenance;
  if (evidence.akCertificates.length === 0) throw unproven('no certificate came with it');
  if (intermediates.length > intermediatesMax) throw unproven('too many intermediates');
  const given = provenance.revocation;
  if (given.kind === 'crls' && given.crls.length > crlsMax) {
    throw new EvidenceError('crl-invalid', `CRLs: more than ${crlsMax}`);
  }
  const revocation: RevocationPolicy =
    given.kind === 'not-checked'
      ? given
      : { kind: 'crls', crls: given.crls.map(parseCrl), requiredFor: 'intermediates' };
  const chain = await verifyAkCertificate({
    chain: [...evidence.akCertificates, ...intermediates.map(parseCertificate)],
    key: evidence.key.publicKey,
    roots,
    revocation,
    now,
    provider,
  });
  const issued = revocation.kind === 'crls' ? revocation.crls.map((crl) => crl.thisUpdate) : [];
  const oldest = Math.min(...issued.map((date) => date.getTime()));
  return {
    claims: {
      ak_provenance: 'certificate',
      ak_certificate_subject: chain.leaf.subject.text,
      ak_certificate_serial: chain.leaf.serial,
      root_fingerprint: encodeHex(await provider.digest('sha256', chain.root.raw)),
      revocation_checked: chain.revocationChecked,
      ...gceInstanceClaims(chain.leaf),
    },
    ages: issued.length === 0 ? {} : { crl: Math.floor((now.getTime() - oldest) / 1000) },
  };
}

async function proveKey(input: Input, name: Uint8Array): Promise<Proof> {
  const { provenance } = input.endorsements;
  switch (provenance?.kind) {
    case 'certificate':
      return proveByCertificate(input, provenance);
    case 'credential':
      if (!equalBytes(provenance.activatedName, name)) {
        throw unproven('the credential was made for another');
      }
      return { claims: { ak_provenance: 'credential' }, ages: {} };
    default:
      throw unproven('nothing was given that shows where it is');
  }
}

async function logClaims({ evidence, provider }: Input): Promise<Claims> {
  const { attest, pcrs, eventLog, imaList } = evidence;
  const quoted: QuotedRegisters = { kind: 'pcr', bank: attest.bank, values: pcrs };
  return {
    ...(eventLog === null ? {} : await eventLogClaims(eventLog, quoted, provider)),
    ...(imaList === null ? {} : await imaClaims(imaList, quoted, provider)),
  };
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
    values: {
      ...quoteClaims(attest, signature, key.publicKey, pcrs),
      ak_name: encodeHex(name),
      ak_attributes: key.attributes.toString(16).padStart(8, '0'),
      // A TPM measures what was started. It hides nothing from whoever owns the machine.
      memory_protected: false,
      ...proof.claims,
      ...(await logClaims(input)),
    },
  });
}
