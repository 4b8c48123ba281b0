// Evidence of an Azure confidential VM: HCL report, quote by its virtual TPM, and the hardware's quote
// (TDX) or its endorsement key (SNP). JSON in the forms that attesters write. Trusts nothing.

import {
  readBase64Bytes,
  readByteList,
  readHexBytes,
  readList,
  readObject,
  readString,
} from '../encoding/json-members.js';
import { type Json, type JsonObject, parseStrictJson } from '../encoding/strict-json.js';
import { decodeUtf8 } from '../encoding/utf8.js';
import { EvidenceError } from '../errors.js';
import type { EventLog } from '../eventlog/event-log.js';
import { parseTcgEventLog } from '../eventlog/parse-tcg.js';
import { parseCertificatesPem } from '../pki/certificate.js';
import { parseSnpReport, type SnpReport } from '../snp/parse.js';
import { parseTdxEvidence, type TdxEvidence } from '../tdx/parse.js';
import { parseTpmAttest, type TpmAttest, type TpmSignature } from '../tpm/attest.js';
import type { Evidence } from '../types.js';
import { type HclReport, parseHclReport } from './hcl-report.js';
import { parseRuntimeData, type RuntimeData } from './runtime-data.js';

/** What both kinds of VM have, NOT trusted. */
interface Paravisor {
  readonly hcl: HclReport;
  readonly runtime: RuntimeData;
  readonly attest: TpmAttest;
  readonly signature: TpmSignature;
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  readonly eventLog: EventLog | null;
}

export interface AzureSnpEvidence extends Evidence, Paravisor {
  readonly format: 'azure-snp-vtpm';
  readonly report: SnpReport;
  /** DER of the VCEK, if it came along. */
  readonly endorsementKey: Uint8Array | null;
}

export interface AzureTdxEvidence extends Evidence, Paravisor {
  readonly format: 'azure-tdx-vtpm';
  readonly td: TdxEvidence;
}

/** The parts as bytes, whatever they were written as. */
interface Parts {
  readonly hclReport: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly pcrs: readonly Uint8Array[];
  readonly eventLog: Uint8Array | null;
  readonly endorsementKey: Uint8Array | null;
  readonly tdQuote: Uint8Array | null;
}

const what = 'Azure evidence';
const limits = { charactersMax: 262_144, depthMax: 5, valuesMax: 8_192 };
const pcrCount = 24;
const listBytesMax = 4_096;

const quoteMembers = ['message', 'signature', 'pcrs'];

function readQuote(
  value: Json | undefined,
  read: (value: Json | undefined, path: string) => Uint8Array,
): Pick<Parts, 'message' | 'signature' | 'pcrs'> {
  const quote = readObject(value, `${what} quote`, quoteMembers);
  const pcrs = readList(quote.pcrs, `${what} pcrs`, pcrCount);
  if (pcrs.length !== pcrCount) throw new EvidenceError('malformed', `${what}: want 24 PCRs`);
  return {
    message: read(quote.message, `${what} quote`),
    signature: read(quote.signature, `${what} signature`),
    pcrs: pcrs.map((pcr) => read(pcr, `${what} pcrs`)),
  };
}

const byteList = (value: Json | undefined, path: string) => readByteList(value, path, listBytesMax);

/** { version, hcl_report, tpm_quote, vcek | td_quote, event_log }, base64url and hex. */
function readVersioned(all: JsonObject): Parts {
  const members = ['version', 'hcl_report', 'tpm_quote', 'vcek', 'td_quote', 'event_log'];
  readObject(all, what, members);
  if (all.version !== 1 && all.version !== 2) {
    throw new EvidenceError('unsupported-version', `${what}: version is not 1 or 2`);
  }
  const optional = (name: string): Uint8Array | null =>
    all[name] === undefined ? null : readBase64Bytes(all[name], `${what} ${name}`);
  return {
    hclReport: readBase64Bytes(all.hcl_report, `${what} hcl_report`),
    ...readQuote(all.tpm_quote, readHexBytes),
    eventLog: optional('event_log'),
    endorsementKey: optional('vcek'),
    tdQuote: optional('td_quote'),
  };
}

/** The same before it had a version: { quote, report, vcek }, lists of numbers and PEM. */
function readUnversioned(all: JsonObject): Parts {
  readObject(all, what, ['quote', 'report', 'vcek']);
  const [key] = parseCertificatesPem(readString(all.vcek, `${what} vcek`));
  return {
    hclReport: byteList(all.report, `${what} report`),
    ...readQuote(all.quote, byteList),
    eventLog: null,
    endorsementKey: key?.raw ?? null,
    tdQuote: null,
  };
}

/**
 * { tdx_quote_base64, hcl_report_base64, tpm_attestation: { quote, … } }. Its certificates are not
 * looked at: the hardware vouches for the key.
 */
function readTpmAttestation(all: JsonObject): Parts {
  readObject(all, what, ['tdx_quote_base64', 'hcl_report_base64', 'tpm_attestation']);
  const attestation = readObject(all.tpm_attestation, `${what} tpm_attestation`, [
    'ak_certificate_pem',
    'ak_intermediate_certificates_pem',
    'quote',
    'event_log',
    'instance_info',
  ]);
  const eventLog = byteList(attestation.event_log ?? [], `${what} event_log`);
  return {
    hclReport: readBase64Bytes(all.hcl_report_base64, `${what} hcl_report_base64`),
    ...readQuote(attestation.quote, byteList),
    eventLog: eventLog.length === 0 ? null : eventLog,
    endorsementKey: null,
    tdQuote: readBase64Bytes(all.tdx_quote_base64, `${what} tdx_quote_base64`),
  };
}

function readParts(bytes: Uint8Array): Parts {
  const { value } = parseStrictJson(decodeUtf8(bytes), what, limits);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EvidenceError('malformed', `${what}: want an object`);
  }
  const all = value as JsonObject;
  if (all.version !== undefined) return readVersioned(all);
  return all.tpm_attestation === undefined ? readUnversioned(all) : readTpmAttestation(all);
}

function parseParavisor(parts: Parts, hardware: HclReport['hardware']): Paravisor {
  const hcl = parseHclReport(parts.hclReport);
  if (hcl.hardware !== hardware) {
    throw new EvidenceError('unsupported-format', `${what}: of ${hcl.hardware}, want ${hardware}`);
  }
  const attest = parseTpmAttest(parts.message);
  // Values of PCRs that were not quoted are nobody's word.
  const quoted = attest.pcrs.map((pcr): [number, Uint8Array] => [
    pcr,
    parts.pcrs[pcr] ?? new Uint8Array(),
  ]);
  return {
    hcl,
    runtime: parseRuntimeData(hcl.runtimeData),
    attest,
    // Attesters hand out the bare signature; the paravisor's key signs by this scheme only.
    signature: { scheme: 'rsassa', hash: 'sha256', numbers: [parts.signature] },
    pcrs: new Map(quoted),
    eventLog: parts.eventLog === null ? null : parseTcgEventLog(parts.eventLog, 'tcg'),
  };
}

/** @throws EvidenceError as the parsers of its parts */
export function parseAzureSnpEvidence(bytes: Uint8Array): AzureSnpEvidence {
  const parts = readParts(bytes);
  if (parts.tdQuote !== null) throw new EvidenceError('malformed', `${what}: has a TD quote`);
  const paravisor = parseParavisor(parts, 'snp');
  return {
    format: 'azure-snp-vtpm',
    ...paravisor,
    report: parseSnpReport(paravisor.hcl.hardwareReport),
    endorsementKey: parts.endorsementKey,
  };
}

/** @throws EvidenceError as the parsers of its parts */
export function parseAzureTdxEvidence(bytes: Uint8Array): AzureTdxEvidence {
  const parts = readParts(bytes);
  if (parts.endorsementKey !== null) throw new EvidenceError('malformed', `${what}: has a VCEK`);
  if (parts.tdQuote === null) throw new EvidenceError('malformed', `${what}: no TD quote`);
  const paravisor = parseParavisor(parts, 'tdx');
  return { format: 'azure-tdx-vtpm', ...paravisor, td: parseTdxEvidence(parts.tdQuote) };
}

function hasMembers(bytes: Uint8Array, names: RegExp): boolean {
  const text = new TextDecoder().decode(bytes);
  return /^\s*\{/.test(text) && names.test(text);
}

/** For format detection only. */
export function looksLikeAzureTdx(bytes: Uint8Array): boolean {
  return hasMembers(bytes, /"(td_quote|tdx_quote_base64)"\s*:/);
}

/** For format detection only. */
export function looksLikeAzureSnp(bytes: Uint8Array): boolean {
  return (
    !looksLikeAzureTdx(bytes) &&
    hasMembers(bytes, /"(hcl_report|report)"\s*:/) &&
    hasMembers(bytes, /"vcek"\s*:|"tpm_quote"\s*:/)
  );
}
