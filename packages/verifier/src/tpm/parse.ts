// The container in which a TPM quote travels: JSON, because a TPM hands out its parts one by one.
// docs/verifiers/tpm2.md defines it. Trusts nothing.

import { readBase64Bytes, readHexBytes, readList, readObject } from '../encoding/json-members.js';
import { type Json, parseStrictJson } from '../encoding/strict-json.js';
import { decodeUtf8 } from '../encoding/utf8.js';
import { EvidenceError } from '../errors.js';
import type { EventLog } from '../eventlog/event-log.js';
import { type ImaList, parseImaBinary } from '../eventlog/parse-ima.js';
import { parseTcgEventLog } from '../eventlog/parse-tcg.js';
import { type Certificate, parseCertificate } from '../pki/certificate.js';
import type { EndorsementRef, Evidence } from '../types.js';
import { parseTpmAttest, parseTpmSignature, type TpmAttest, type TpmSignature } from './attest.js';
import { type AttestationKey, parseAttestationKey } from './attestation-key.js';

/** A quote and what belongs to it, NOT trusted. */
export interface TpmEvidence extends Evidence {
  readonly format: 'tpm2-quote';
  readonly attest: TpmAttest;
  readonly signature: TpmSignature;
  readonly key: AttestationKey;
  /** Values as they came with the quote. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** The key's certificate first; empty if the verifier knows the key otherwise. */
  readonly akCertificates: readonly Certificate[];
  readonly eventLog: EventLog | null;
  readonly imaList: ImaList | null;
}

const what = 'TPM evidence';
const limits = { charactersMax: 262_144, depthMax: 3, valuesMax: 64 };
const members = [
  'type',
  'quote',
  'signature',
  'ak_public',
  'pcrs',
  'ak_certificates',
  'event_log',
  'ima_log',
];
const certificatesMax = 6;

/** PCR index to value, in hex, as an object: { "0": "…" }. */
function readPcrs(value: Json | undefined): ReadonlyMap<number, Uint8Array> {
  const names = Array.from({ length: 24 }, (_, pcr) => String(pcr));
  const object = readObject(value, `${what} pcrs`, names);
  return new Map(
    Object.entries(object).map(([pcr, text]) => [Number(pcr), readHexBytes(text, `${what} PCR`)]),
  );
}

/**
 * Reads one container, UTF-8. @throws EvidenceError 'malformed' | 'trailing-data' | 'pcr-selection' |
 *   'unsupported-format' | 'unsupported-algorithm' | 'public-key-invalid' | 'attestation-key-unfit'
 */
export function parseTpmEvidence(bytes: Uint8Array): TpmEvidence {
  const text = decodeUtf8(bytes);
  const object = readObject(parseStrictJson(text, what, limits).value, what, members);
  if (object.type !== 'tpm2-quote') throw new EvidenceError('malformed', `${what}: type`);
  const base64 = (name: string) => readBase64Bytes(object[name], `${what} ${name}`);
  const optional = <T>(name: string, read: (value: Uint8Array) => T): T | null =>
    object[name] === undefined ? null : read(base64(name));
  const certificates = readList(
    object.ak_certificates ?? [],
    `${what} ak_certificates`,
    certificatesMax,
  );
  return {
    format: 'tpm2-quote',
    attest: parseTpmAttest(base64('quote')),
    signature: parseTpmSignature(base64('signature')),
    key: parseAttestationKey(base64('ak_public')),
    pcrs: readPcrs(object.pcrs),
    akCertificates: certificates.map((value) =>
      parseCertificate(readBase64Bytes(value, `${what} ak_certificates`)),
    ),
    eventLog: optional('event_log', (log) => parseTcgEventLog(log, 'tcg')),
    imaList: optional('ima_log', parseImaBinary),
  };
}

const headBytes = 65_536;

/** For format detection only. */
export function looksLikeTpmEvidence(bytes: Uint8Array): boolean {
  const head = new TextDecoder().decode(bytes.subarray(0, headBytes));
  return /^\s*\{/.test(head) && /"type"\s*:\s*"tpm2-quote"/.test(head);
}

/** Nothing names what a key's issuer publishes: certificates come with the evidence, or not at all. */
export function tpmEndorsementsFor(evidence: TpmEvidence): readonly EndorsementRef[] {
  const issuer = evidence.akCertificates[evidence.akCertificates.length - 1]?.issuer.text;
  return issuer === undefined ? [] : [{ kind: 'ak-issuer', id: issuer }];
}
