// What an attester with a software TPM sends: a quote, its key and who certified that, in one container. For tests and
// the simulated TEE only.
import {
  mintAkCertificate,
  mintAttest,
  type QuoteFields,
  type SoftwareAk,
  type SoftwareAkCa,
  signAttest,
  tpmContainer,
  tpmSignature,
  type Validity,
} from './tpm.js';

/** An attestation key, who certifies it, and from when to when. */
export interface SoftwareTpm extends Validity {
  readonly ak: SoftwareAk;
  readonly ca: SoftwareAkCa;
}

/** A good one about these PCRs of the SHA-256 bank; members of the container, to be spoiled or written as JSON. */
export function mintTpmQuote(
  { ak, ca, notBefore, notAfter }: SoftwareTpm,
  { pcrs, extraData }: Pick<QuoteFields, 'pcrs' | 'extraData'>,
): Record<string, unknown> {
  const quote = mintAttest({ bank: 'sha256', pcrs, extraData }, ak.hash);
  return tpmContainer({
    quote,
    signature: tpmSignature(ak, signAttest(ak, quote)),
    akPublic: ak.publicArea,
    pcrs,
    akCertificates: [mintAkCertificate(ca, ak, { notBefore, notAfter }), ca.intermediate.der],
  });
}
