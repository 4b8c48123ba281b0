// What arrives at the door: base64url and RATS Conceptual Message Wrappers (JSON records), strict and bounded.
import {
  cmwIndicator,
  type EvidenceFormat,
  evidenceFormats,
  findCmwJsonRecord,
  findEvidenceFormat,
  mediaTypeOf,
} from '@vouchsafe/verifier';
import { invalidRequest } from '../../framework/errors.js';
import { parseRawJson } from '../../framework/json/decode.js';
import type { RawJson } from '../../framework/json/value.js';

const EVIDENCE_BYTES_MAX = 64 * 1024;
const ENDORSEMENT_BYTES_MAX = 512 * 1024;
const ENDORSEMENTS_MAX = 8;

export const ENDORSEMENT_TYPES = {
  snpCertificates: 'application/vnd.vouchsafe.snp-certificates',
  dcapCollateral: 'application/vnd.vouchsafe.dcap-collateral',
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

/** @throws ApiError for a type that is no evidence format of ours */
export function parseEvidence(raw: RawJson): { format: EvidenceFormat; bytes: Buffer } {
  checkSize(raw, 'evidence', EVIDENCE_BYTES_MAX);
  const record = parseRecord(parseRawJson(raw), 'evidence', EVIDENCE_BYTES_MAX);
  const format = findEvidenceFormat(record.type);
  if (format === null) {
    const known = evidenceFormats.map(mediaTypeOf).join(', ');
    throw invalidRequest(`evidence type is not known (known: ${known})`, 'evidence-type-unknown');
  }
  return { format, bytes: record.value };
}

/** Records of types that are not known here are for somebody else. @throws ApiError */
export function parseOffered(raw: RawJson | null): readonly CmwRecord[] {
  if (raw === null) return [];
  checkSize(raw, 'endorsements', ENDORSEMENTS_MAX * ENDORSEMENT_BYTES_MAX);
  const value = parseRawJson(raw);
  if (value === null) return [];
  if (!Array.isArray(value) || value.length > ENDORSEMENTS_MAX) {
    throw invalidRequest(
      `field "endorsements" is not valid: want a list of at most ${ENDORSEMENTS_MAX} CMW records`,
      'cmw-invalid',
    );
  }
  return value.map((item) => parseRecord(item, 'endorsements', ENDORSEMENT_BYTES_MAX));
}
