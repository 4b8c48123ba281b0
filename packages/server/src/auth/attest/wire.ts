// What arrives at the door: base64url and RATS Conceptual Message Wrappers (JSON records), strict and bounded.
import {
  type Cmw,
  checkComposition,
  cmwIndicator,
  EvidenceError,
  type EvidenceFormat,
  evidenceFormats,
  findCmwJsonRecord,
  findEvidenceFormat,
  leadName,
  mediaTypeOf,
  parseCmw,
} from '@vouchsafe/verifier';
import { invalidRequest } from '../../framework/errors.js';
import { parseRawJson } from '../../framework/json/decode.js';
import type { RawJson } from '../../framework/json/value.js';

const EVIDENCE_BYTES_MAX = 64 * 1024;
/** Of all parts of composite evidence together. */
const COMPOSITE_BYTES_MAX = 256 * 1024;
const ENDORSEMENT_BYTES_MAX = 512 * 1024;
const ENDORSEMENTS_MAX = 8;

export const ENDORSEMENT_TYPES = {
  snpCertificates: 'application/vnd.vouchsafe.snp-certificates',
  dcapCollateral: 'application/vnd.vouchsafe.dcap-collateral',
  /** PEM, leaf first, as the driver hands it out. */
  gpuCertificates: 'application/vnd.vouchsafe.nvidia-gpu-certificates',
} as const;

export interface CmwRecord {
  readonly type: string;
  readonly value: Buffer;
}

/** Canonical base64url without padding. @throws ApiError naming the field */
export function parseBase64url(text: string, name: string, bytesMax: number): Buffer {
  if (text.length <= Math.ceil((bytesMax * 4) / 3)) {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.toString('base64url') === text) return bytes;
  }
  throw invalidRequest(
    `field "${name}" is not valid: want base64url without padding, at most ${bytesMax} bytes`,
    'field-invalid',
  );
}

/** Base64url of the value, and the rest of a record around it. */
const RECORD_OVERHEAD_MAX = 512;

function checkSize(raw: RawJson, name: string, bytesMax: number): void {
  if (raw.bytes.length <= Math.ceil((bytesMax * 4) / 3) + RECORD_OVERHEAD_MAX) return;
  throw invalidRequest(
    `field "${name}" is not valid: want at most ${bytesMax} bytes of content`,
    'field-invalid',
  );
}

/** An indicator that is there must say what the record is used as. */
function parseRecord(
  value: unknown,
  name: 'evidence' | 'endorsements',
  bytesMax: number,
): CmwRecord {
  const record = findCmwJsonRecord(value);
  if (record !== null && ((record.indicator ?? cmwIndicator[name]) & cmwIndicator[name]) !== 0) {
    return { type: record.type, value: parseBase64url(record.value, name, bytesMax) };
  }
  throw invalidRequest(
    `field "${name}" is not valid: want a CMW record, ["media type", "base64url"]`,
    'cmw-invalid',
  );
}

export interface PieceOfEvidence {
  readonly format: EvidenceFormat;
  readonly bytes: Buffer;
}

export interface LoginEvidence {
  readonly isComposite: boolean;
  /** By name, `lead` among them; evidence of one part is the lead. */
  readonly parts: ReadonlyMap<string, PieceOfEvidence>;
  /** What names it in records: the evidence, or the JSON text of a collection. */
  readonly received: Buffer;
}

/** @throws ApiError for a type that is no evidence format of ours */
function formatOf(type: string | number): EvidenceFormat {
  const format = typeof type === 'string' ? findEvidenceFormat(type) : null;
  if (format !== null) return format;
  const known = evidenceFormats.map(mediaTypeOf).join(', ');
  throw invalidRequest(`evidence type is not known (known: ${known})`, 'evidence-type-unknown');
}

function parsePart(name: string | bigint, item: Cmw): readonly [string, PieceOfEvidence] {
  const isEvidence =
    item.kind === 'record' &&
    ((item.indicator ?? cmwIndicator.evidence) & cmwIndicator.evidence) !== 0;
  if (typeof name !== 'string' || !isEvidence || item.value.length > EVIDENCE_BYTES_MAX) {
    throw invalidRequest(
      `field "evidence" is not valid: want parts that are CMW records of evidence, at most ${EVIDENCE_BYTES_MAX} bytes each`,
      'cmw-invalid',
    );
  }
  return [name, { format: formatOf(item.type), bytes: Buffer.from(item.value) }];
}

function parseCollection(raw: RawJson): LoginEvidence {
  checkSize(raw, 'evidence', COMPOSITE_BYTES_MAX);
  try {
    const cmw = parseCmw(new Uint8Array(raw.bytes));
    if (cmw.kind !== 'collection') throw new EvidenceError('malformed', 'CMW: no collection');
    const parts = new Map([...cmw.items].map(([name, item]) => parsePart(name, item)));
    checkComposition(Object.fromEntries([...parts].map(([name, { format }]) => [name, format])));
    return { isComposite: true, parts, received: raw.bytes };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw invalidRequest(`field "evidence" is not valid: ${error.message}`, 'cmw-invalid');
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A CMW record, or a collection of them: composite evidence. @throws ApiError */
export function parseLoginEvidence(raw: RawJson): LoginEvidence {
  checkSize(raw, 'evidence', COMPOSITE_BYTES_MAX);
  const value = parseRawJson(raw);
  if (isObject(value)) return parseCollection(raw);
  checkSize(raw, 'evidence', EVIDENCE_BYTES_MAX);
  const record = parseRecord(value, 'evidence', EVIDENCE_BYTES_MAX);
  const piece = { format: formatOf(record.type), bytes: record.value };
  return { isComposite: false, parts: new Map([[leadName, piece]]), received: record.value };
}

/** What was offered for each part. */
export type OfferedRecords = ReadonlyMap<string, readonly CmwRecord[]>;

function parseRecords(value: unknown): readonly CmwRecord[] {
  if (!Array.isArray(value) || value.length > ENDORSEMENTS_MAX) {
    throw invalidRequest(
      `field "endorsements" is not valid: want a list of at most ${ENDORSEMENTS_MAX} CMW records`,
      'cmw-invalid',
    );
  }
  return value.map((item) => parseRecord(item, 'endorsements', ENDORSEMENT_BYTES_MAX));
}

/**
 * A list is for the lead; an object has a list for each of the parts it names. Records of types that are not known
 * here are for somebody else. @throws ApiError
 */
export function parseOffered(raw: RawJson | null, { parts }: LoginEvidence): OfferedRecords {
  if (raw === null) return new Map();
  checkSize(raw, 'endorsements', ENDORSEMENTS_MAX * ENDORSEMENT_BYTES_MAX);
  const value = parseRawJson(raw);
  if (value === null) return new Map();
  if (!isObject(value)) return new Map([[leadName, parseRecords(value)]]);
  const lists = Object.entries(value);
  if (!lists.every(([name]) => parts.has(name))) {
    throw invalidRequest('field "endorsements" is not valid: for no part of it', 'cmw-invalid');
  }
  return new Map(lists.map(([name, list]) => [name, parseRecords(list)]));
}
