// The whole public API, by name. Three verbs: parse (trusts nothing), verify (is it genuine), appraise
// (do we accept it). Runs anywhere: `nodeProvider` is apart, under '@vouchsafe/verifier/node'.

export { appraise } from './appraise/appraise.js';
export { canonicalJson, digestOf } from './appraise/canonical-json.js';
export {
  type AppraisalPolicy,
  defaultAppraisalPolicy,
  parseAppraisalPolicy,
  parseAppraisalPolicyText,
  parseReferenceValues,
} from './appraise/policy.js';
export type { AzureSnpEvidence, AzureTdxEvidence } from './azure/parse.js';
export { bindingBytes, sessionNonce } from './binding.js';
export {
  appraiseComposite,
  type CompositeResult,
  parseRequiredComposition,
  type RequiredComposition,
} from './composite/appraise-composite.js';
export {
  type Composition,
  checkComposition,
  compositeBindings,
  leadName,
} from './composite/composite-binding.js';
export { isComposite, parseComposite } from './composite/parse-composite.js';
export {
  type CompositeInput,
  type CompositePart,
  type PartsInput,
  type VerifiedComposite,
  verifyComposite,
  verifyParts,
} from './composite/verify-composite.js';
export type { CorimTrust, ReadCorimInput } from './corim/corim.js';
export { type CorimValues, type Endorsement, importCorim } from './corim/reference-values.js';
export type { CoseAlgorithm, CoseSign1 } from './cose/sign1.js';
export type { CertificationData, PlatformName } from './dcap/certification-data.js';
export type { EnclaveReport } from './dcap/enclave-report.js';
export {
  type DcapEndorsements,
  formatDcapEndorsements,
  parseDcapEndorsements,
  splitSignedDocument,
} from './dcap/endorsements.js';
export { type DcapEvidence, dcapEndorsementsFor } from './dcap/evidence.js';
export type { DcapPolicy } from './dcap/policy.js';
export type { Quote, QuoteBodyKind, Tee } from './dcap/quote.js';
export { pinnedIntelRoots } from './dcap/roots.js';
export type { CborEntry, CborItem } from './encoding/cbor.js';
export { decodeHex, encodeHex } from './encoding/hex.js';
export type { PemLimits } from './encoding/pem.js';
export { parsePem } from './encoding/pem.js';
export type { Json, JsonObject } from './encoding/strict-json.js';
export type { EncryptionProvider } from './encryption-provider.js';
export {
  type Cmw,
  type CmwCollection,
  type CmwJsonRecord,
  type CmwRecord,
  cmwIndicator,
  cmwRecords,
  findCmwJsonRecord,
  parseCmw,
} from './envelopes/cmw.js';
export { findEvidenceFormat, mediaTypeOf } from './envelopes/media-types.js';
export { type OpenedEvidence, openEnvelope } from './envelopes/open-envelope.js';
export {
  type RaTlsCertificate,
  type RaTlsProfile,
  readRaTlsCertificate,
} from './envelopes/ra-tls.js';
export { EvidenceError, type EvidenceErrorCode } from './errors.js';
export {
  type Bank,
  type EventLog,
  type EventLogKind,
  eventTypeName,
  type LogEvent,
} from './eventlog/event-log.js';
export { parseDstackEventLog } from './eventlog/parse-dstack.js';
export type { ImaTemplate } from './eventlog/parse-ima.js';
export {
  type ImaEntry,
  type ImaList,
  parseImaBinary,
  parseImaText,
} from './eventlog/parse-ima.js';
export { parseTcgEventLog } from './eventlog/parse-tcg.js';
export { replayEventLog } from './eventlog/replay.js';
export { verifyEventLog } from './eventlog/verify-event-log.js';
export type { JwkEntry, TokenKey } from './jose/jwk.js';
export { type KeySet, parseJwks } from './jose/jwk.js';
export type { JoseHeader, Jws } from './jose/jws.js';
export { tokenSkewSeconds } from './jose/verify-token.js';
export { compareReferenceValues, type Difference } from './measure/compare.js';
export { type EnclaveImage, parseEnclaveImage } from './measure/nitro/eif.js';
export { measureNitro, type NitroMeasurement } from './measure/nitro/measure-nitro.js';
export { type Sigstruct, verifySigstruct } from './measure/sgx/sigstruct.js';
export { findCpuSignature, snpCpuTypes } from './measure/snp/cpu-signature.js';
export type { DirectBoot } from './measure/snp/kernel-hashes.js';
export { measureOvmfPages, measureSnp, type SnpLaunch } from './measure/snp/measure-snp.js';
export { type SnpVmm, snpVmms } from './measure/snp/processor-state.js';
export type { TdxDiskBoot } from './measure/tdx/disk-boot.js';
export { type TdvfGeneration, tdvfGenerations } from './measure/tdx/firmware-events.js';
export {
  type AcpiBlobs,
  type KernelHeader,
  kernelHeaders,
  measureTdx,
  type TdxDirectBoot,
  type TdxLaunch,
  type TdxMeasurement,
} from './measure/tdx/measure-tdx.js';
export { type TdxPageOrder, tdxPageOrders } from './measure/tdx/mrtd.js';
export type { NitroDocument, NitroDocumentKind } from './nitro/parse.js';
export type { NitroPolicy } from './nitro/policy.js';
export { pinnedNitroRoots } from './nitro/roots.js';
export type { NitroEndorsements } from './nitro/verify.js';
export type { OpaqueData } from './nvidia-gpu/opaque.js';
export type { GpuReport } from './nvidia-gpu/parse.js';
export { pinnedNvidiaRoots } from './nvidia-gpu/roots.js';
export { type GpuEndorsements, gpuEndorsementsFromPem } from './nvidia-gpu/verify.js';
export type { Curve, PublicKey, X509SignatureAlgorithm } from './pki/algorithm.js';
export type { Extension, Extensions, KeyUsage } from './pki/certificate.js';
export { type Certificate, parseCertificate } from './pki/certificate.js';
export type { ChainRoot, RevocationPolicy } from './pki/chain.js';
export { type Crl, parseCrl } from './pki/crl.js';
export type { AuthorityKey } from './pki/key-identifiers.js';
export type { Name } from './pki/name.js';
export type { X509Signed } from './pki/signed.js';
export type { CryptoProvider, DigestAlgorithm, SignatureAlgorithm } from './provider.js';
export { rememberingProvider } from './provider-memory.js';
export { webEncryption, webProvider } from './provider-web.js';
export { parseReferenceText } from './reference-values/reference-text.js';
export type { AnyEndorsements, AnyEvidence, FormatPolicies } from './registry.js';
export {
  type EarClaims,
  type EarInput,
  type EarSubmodule,
  type EarTier,
  earClaims,
  earProfile,
  encodeEar,
} from './results/ear.js';
export type { UncheckedRevocationPolicy } from './rules/unchecked-revocation.js';
export type { SgxEvidence } from './sgx/parse.js';
export type { SgxPolicy } from './sgx/policy.js';
export { type CertificateTable, parseCertificateTable } from './snp/certificate-table.js';
export {
  snpEndorsementsFor,
  snpEndorsementsFromKey,
  snpEndorsementsFromPem,
  snpEndorsementsFromTable,
} from './snp/endorsements.js';
export type { FirmwareVersion, SnpReport } from './snp/parse.js';
export type { SnpPolicy } from './snp/policy.js';
export type { Cpuid, SnpProduct, SnpSigner } from './snp/product.js';
export type { GuestPolicy, KeyInfo, PlatformInfo } from './snp/report-bits.js';
export { amdCertificates, pinnedAmdRoots } from './snp/roots/roots.js';
export type { TcbPart, TcbVersion } from './snp/tcb.js';
export type { SnpEndorsements } from './snp/verify.js';
export type { TdReport, TdxEvidence } from './tdx/parse.js';
export type { TdxPolicy } from './tdx/policy.js';
export { type NoEndorsements, noEndorsements, type TokenEvidence } from './tokens/token-format.js';
export type { SignatureScheme } from './tpm/algorithm.js';
export type { TpmAttest, TpmSignature } from './tpm/attest.js';
export { type AttestationKey, parseAttestationKey } from './tpm/attestation-key.js';
export {
  type ActivatedCredential,
  type BeginCredentialInput,
  type BegunCredential,
  beginCredential,
  type FinishCredentialInput,
  finishCredential,
} from './tpm/credential-exchange.js';
export { type EndorsementKey, parseEndorsementKey } from './tpm/endorsement-key.js';
export type { GivenRevocation } from './tpm/key-certificate.js';
export {
  credentialFile,
  type MakeCredentialInput,
  makeCredential,
  type TpmCredential,
} from './tpm/make-credential.js';
export type { TpmEvidence } from './tpm/parse.js';
export { nameOf, type PublicAreaHead } from './tpm/public-area.js';
export { pinnedVtpmRoots } from './tpm/roots.js';
export type { TpmEndorsements } from './tpm/verify.js';
export {
  type AttestationResult,
  type ClaimSet,
  type ClaimValue,
  type EndorsementRef,
  type Endorsements,
  type Evidence,
  type EvidenceFormat,
  type ExpectedBinding,
  evidenceFormats,
  type Fault,
  type FormatPolicy,
  type IssuerKeys,
  type ReferenceKind,
  type ReferenceSet,
  type ReferenceValues,
  type Requirement,
  referenceKinds,
  type TcbStatus,
  type TrustedIssuer,
  type TrustedRoot,
  type TrustVector,
  tcbStatuses,
  type VerifiedClaims,
  type VerifyInput,
} from './types.js';
export {
  endorsementsFor,
  findFormat,
  parseEvidence,
  pinnedRootsOf,
  takesIssuers,
  verifyEvidence,
} from './verify.js';
