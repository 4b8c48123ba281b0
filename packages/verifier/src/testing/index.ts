// Fake vendor CAs that sign evidence in the genuine formats, good and bad. Published as the subpath
// `testing`; a server must never trust what these sign outside of development mode.

export {
  azureContainer,
  mintHclReport,
  runtimeData,
  runtimeReportData,
  tdReportBytes,
} from './azure.js';
export {
  compositeCollection,
  type MintCompositeOptions,
  type MintedPart,
  mintComposite,
  type SoftwareMachine,
  type SoftwarePart,
} from './composite.js';
export { makeManifest, signManifest } from './corim.js';
export {
  DcapCa,
  type DcapCaOptions,
  type DcapCertificateKind,
  dcapCertificateKinds,
  dcapNames,
  dcapSerials,
} from './dcap-ca.js';
export { type MintCollateralOptions, mintDcapCollateral } from './dcap-collateral.js';
export {
  type EnclaveReportFields,
  type MintedTee,
  type MintQuoteOptions,
  quotingEnclaves,
} from './dcap-quote.js';
export { type DevelopmentTls, mintDevelopmentTls } from './development-tls.js';
export { type DiskFields, makeDisk } from './disk.js';
export { type EifFields, eifKinds, makeEif } from './enclave-image.js';
export {
  agileEvent,
  agileHeader,
  extendAll,
  sha1Event,
  variableData,
  type WrittenEvent,
  type WrittenImaEntry,
  writeAgileLog,
  writeImaBinary,
  writeImaText,
} from './event-log.js';
export {
  amdSevFirmware,
  type FirmwareParts,
  makeFirmware,
  type SevSection,
  sevMetadata,
  type TdvfSectionFields,
  tdvfMetadata,
} from './firmware.js';
export {
  createSoftwareNitro,
  type MintNitroOptions,
  mintNitroDocument,
  type NitroAuthority,
  type NitroDocumentFields,
  nitroAuthorities,
  type SoftwareNitro,
  type SoftwareNitroOptions,
} from './nitro.js';
export {
  createSoftwareNvidia,
  type GpuLink,
  type GpuReportFields,
  gpuDeviceId,
  gpuMeasurements,
  gpuOpaque,
  mintGpuReport,
  type SoftwareNvidia,
  type SoftwareNvidiaOptions,
} from './nvidia-gpu.js';
export type { PckFields } from './pck-extension.js';
export { makeKernel, makePe, type PeFields } from './pe-image.js';
export type { CertifiedKey } from './saved-keys.js';
export { type MintSgxQuoteOptions, mintSgxQuote } from './sgx-quote.js';
export { makeSigstruct, signSigstruct } from './sigstruct.js';
export {
  type SimulatedVendor,
  simulatedAmd,
  simulatedAws,
  simulatedIntel,
  simulatedTpm,
} from './simulated-vendors.js';
export {
  createSoftwareAmd,
  type MintedAuthority,
  type MintedVek,
  type MintVekOptions,
  mintAmdCrl,
  mintSnpReport,
  mintVek,
  type SnpReportFields,
  type SoftwareAmd,
  type SoftwareAmdOptions,
  signSnpReport,
} from './snp.js';
export {
  encodeCertificateTable,
  type SimulatedSnpEvidence,
  SnpSimulator,
  type SnpSimulatorOptions,
} from './snp-simulator.js';
export { type MintTdxQuoteOptions, mintTdxQuote, type TdReportFields } from './tdx-quote.js';
export {
  createTokenIssuer,
  createTokenPki,
  mintToken,
  signJws,
  type TokenIssuer,
  type TokenMembers,
  type TokenPki,
  type TokenPkiOptions,
  tokenSegment,
} from './token-issuer.js';
export {
  confidentialSpacePayload,
  earPayload,
  type ItaOptions,
  itaPayload,
  maaPayload,
  mintNrasResult,
  nrasDevicePayload,
  nrasOverallPayload,
  nrasText,
  type TokenSession,
} from './token-payloads.js';
export {
  akAttributes,
  createSoftwareAk,
  createSoftwareAkCa,
  mintAkCertificate,
  mintAttest,
  type QuoteFields,
  type SoftwareAk,
  type SoftwareAkCa,
  signAttest,
  type TpmKeyOptions,
  tpmContainer,
  tpmSignature,
} from './tpm.js';
export {
  activateCredential,
  createSoftwareEk,
  mintEkCertificate,
  type SoftwareEk,
  type SoftwareEkKind,
  type SoftwareEkOptions,
} from './tpm-credential.js';
export { mintTpmQuote, type SoftwareTpm } from './tpm-quote.js';
export {
  derName,
  type MintCertificateOptions,
  type MintCrlOptions,
  type MintedExtension,
  type MintedName,
  mintCertificate,
  mintCrl,
  signX509,
} from './x509.js';
