// What arrives at the door: base64url and RATS Conceptual Message Wrappers (JSON records), strict and bounded.
import { type EvidenceFormat, evidenceFormats } from '@vouchsafe/verifier';
import { invalidRequest } from '../../framework/errors.js';
import { parseRawJson } from '../../framework/json/decode.js';
import type { RawJson } from '../../framework/json/value.js';

const EVIDENCE_BYTES_MAX = 64 * 1024;
const ENDORSEMENT_BYTES_MAX = 512 * 1024;
const ENDORSEMENTS_MAX = 8;

/** CMW type of each evidence format we take. */
export const EVIDENCE_TYPES: Readonly<Record<string, EvidenceFormat>> = Object.fromEntries(
  evidenceFormats.map((format) => [`application/vnd.vouchsafe.${format}`, format]),
);

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

/** Bits of a CMW's indicator (draft-ietf-rats-msg-wrap): what kind of message it says it is. */
const INDICATOR = { endorsements: 1 << 1, evidence: 1 << 2 } as const;
/** Base64url of the value, and the rest of a record around it. */
const RECORD_OVERHEAD_MAX = 512;

function checkSize(raw: RawJson, name: string, bytesMax: number): void {
  if (raw.bytes.length <= Math.ceil((bytesMax * 4) / 3) + RECORD_OVERHEAD_MAX) return;
  throw invalidRequest(
    `field "${name}" is not valid: want at most ${bytesMax} bytes of content`,
    'field-invalid',
  );
}

/** [type, value] or [type, value, indicator]; an indicator that is there must say what the record is used as. */
function parseRecord(
  value: unknown,
  name: 'evidence' | 'endorsements',
  bytesMax: number,
): CmwRecord {
  if (Array.isArray(value) && (value.length === 2 || value.length === 3)) {
    const [type, body, indicator = INDICATOR[name]] = value as readonly unknown[];
    const isUsedAsSaid =
      Number.isSafeInteger(indicator) && ((indicator as number) & INDICATOR[name]) !== 0;
    if (typeof type === 'string' && typeof body === 'string' && isUsedAsSaid) {
      return { type, value: parseBase64url(body, name, bytesMax) };
    }
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
  const format = Object.hasOwn(EVIDENCE_TYPES, record.type)
    ? EVIDENCE_TYPES[record.type]
    : undefined;
  if (format === undefined) {
    const known = Object.keys(EVIDENCE_TYPES).join(', ');
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
