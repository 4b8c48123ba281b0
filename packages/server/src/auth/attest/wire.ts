// What arrives at the door: base64url and RATS Conceptual Message Wrappers (JSON records), strict and bounded.
import { invalidRequest } from '../../framework/errors.js';

const EVIDENCE_BYTES_MAX = 64 * 1024;
const ENDORSEMENT_BYTES_MAX = 512 * 1024;
const ENDORSEMENTS_MAX = 8;

/** CMW type of each evidence format we take. */
export const EVIDENCE_TYPES: Readonly<Record<string, EvidenceFormatName>> = {
  'application/vnd.vouchsafe.tdx-dcap': 'tdx-dcap',
  'application/vnd.vouchsafe.sev-snp': 'sev-snp',
};
export type EvidenceFormatName = 'tdx-dcap' | 'sev-snp';

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

function parseRecord(value: unknown, name: string, bytesMax: number): CmwRecord {
  if (Array.isArray(value) && (value.length === 2 || value.length === 3)) {
    const [type, body] = value as readonly unknown[];
    if (typeof type === 'string' && typeof body === 'string') {
      return { type, value: parseBase64url(body, name, bytesMax) };
    }
  }
  throw invalidRequest(
    `field "${name}" is not valid: want a CMW record, ["media type", "base64url"]`,
    'cmw-invalid',
  );
}

/** @throws ApiError for a type that is no evidence format of ours */
export function parseEvidence(value: unknown): { format: EvidenceFormatName; bytes: Buffer } {
  const record = parseRecord(value, 'evidence', EVIDENCE_BYTES_MAX);
  const format = Object.hasOwn(EVIDENCE_TYPES, record.type)
    ? EVIDENCE_TYPES[record.type]
    : undefined;
  if (format === undefined) {
    const known = Object.keys(EVIDENCE_TYPES).join(', ');
    throw invalidRequest(`evidence type is not known (known: ${known})`, 'evidence-type-unknown');
  }
  return { format, bytes: record.value };
}

export function parseOffered(value: unknown): readonly CmwRecord[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value) || value.length > ENDORSEMENTS_MAX) {
    throw invalidRequest(
      `field "endorsements" is not valid: want a list of at most ${ENDORSEMENTS_MAX} CMW records`,
      'cmw-invalid',
    );
  }
  return value.map((item) => parseRecord(item, 'endorsements', ENDORSEMENT_BYTES_MAX));
}
