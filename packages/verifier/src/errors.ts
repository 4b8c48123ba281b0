// The one error of this package. A code is a promise to callers and never changes its meaning;
// a message is for people and may. Must never carry secret input, only what evidence says openly.

/**
 * Why evidence was refused. Closed: callers may switch over it. Verification stops at the first
 * fault, so a code names the first thing found wrong, not the only one.
 */
export type EvidenceErrorCode =
  /** The bytes do not follow their format: short, over a limit, wrong tag, wrong encoding. */
  | 'malformed'
  /** A complete structure is followed by bytes that belong to nothing. */
  | 'trailing-data'
  /** Bits or bytes that the format reserves are set. */
  | 'reserved-bits'
  | 'unsupported-format'
  | 'unsupported-version'
  | 'unsupported-algorithm'
  /** A signed message's header has a member that would change what it means, such as `crit`. */
  | 'header-not-allowed'
  /** A public key is not one of the kind its use needs, or not a key at all. */
  | 'public-key-invalid'
  /** The signature over the evidence, or over a part of it, does not verify. */
  | 'signature-invalid'
  /** REPORT_DATA (or its like) is not what this session expects. */
  | 'binding-mismatch'
  /** The chain does not end in a pinned root. */
  | 'chain-untrusted'
  /** A link is wrong: names, signature, CA flag, key usage, path length, unknown critical part. */
  | 'chain-invalid'
  | 'certificate-expired'
  | 'certificate-not-yet-valid'
  | 'certificate-revoked'
  /** A CRL does not parse, is not signed by its issuer, or is of a kind that is not understood. */
  | 'crl-invalid'
  | 'crl-expired'
  | 'crl-not-yet-valid'
  | 'crl-missing'
  | 'collateral-missing'
  | 'collateral-invalid'
  | 'collateral-expired'
  | 'collateral-not-yet-valid'
  /** Genuine collateral, but for another platform or another kind of evidence. */
  | 'collateral-mismatch'
  | 'tcb-no-matching-level'
  /** Intel says that this TCB level is revoked. */
  | 'tcb-revoked'
  | 'qe-identity-mismatch'
  | 'tdx-module-mismatch'
  /** SNP: the key-info field names another kind of signing key than the chain has. */
  | 'report-signer-mismatch'
  /** SNP: the report does not come from the chip that the certificate names. */
  | 'chip-mismatch'
  /** SNP: the certificate was issued for another TCB version than the report states. */
  | 'tcb-mismatch'
  /** SNP: report, certificate and chain do not belong to the same product line. */
  | 'product-mismatch'
  /** SNP: the host, not the guest, asked for the report. */
  | 'report-not-from-guest'
  /** TPM: not one bank, or no PCR, was quoted. */
  | 'pcr-selection'
  /** TPM: the PCR values beside a quote are not those that were quoted. */
  | 'pcr-mismatch'
  /** TPM: the key could sign what its TPM did not make, or could leave it. */
  | 'attestation-key-unfit'
  /** TPM: an endorsement key that is none: it could sign, leave its TPM, or wraps otherwise. */
  | 'endorsement-key-unfit'
  /** TPM: nothing shows that the key is in a TPM that anybody trusts. */
  | 'attestation-key-unproven'
  /** TPM: the answer to a credential is not the secret that was in it. */
  | 'credential-mismatch'
  /** TPM: a credential was answered outside of its time. */
  | 'credential-expired'
  /** Azure: the key of the vTPM is not the one that the hardware's report is about. */
  | 'runtime-data-mismatch'
  /** A measured-boot log does not lead to the register values that were quoted. */
  | 'event-log-mismatch'
  /** Nitro: the document's own time is outside of its certificate's, or yet to come. */
  | 'timestamp-invalid'
  /** The product line is one that this package has no rules for. */
  | 'unsupported-product'
  /** A token's `typ` is not one that its format has. */
  | 'token-type'
  /** A token's issuer is none that the caller trusts for this format. */
  | 'issuer-untrusted'
  | 'audience-mismatch'
  /** A token is signed with a key that the caller has not pinned. */
  | 'key-unknown'
  | 'token-expired'
  | 'token-not-yet-valid'
  /** A claim is missing, of another type than its issuer documents, or contradicts another one. */
  | 'claim-invalid'
  /** A part of composite evidence is missing, too many, or not the one that the whole speaks of. */
  | 'submodule-mismatch'
  /** The third party that issued a result says itself that the evidence did not pass. */
  | 'attestation-failed'
  /** A caller's input is not usable: a program error, never a property of evidence. */
  | 'input-invalid';

/** Thrown by every parser and verifier of this package, and nothing else is. */
export class EvidenceError extends Error {
  readonly code: EvidenceErrorCode;
  /** Of composite evidence, the part that was refused; null for the whole, and where there are no parts. */
  readonly part: string | null;

  constructor(code: EvidenceErrorCode, message: string, part: string | null = null) {
    super(message);
    this.name = 'EvidenceError';
    this.code = code;
    this.part = part;
  }
}
