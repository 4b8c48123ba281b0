// How software vendors keep their keys between two processes: JSON of certificates and PKCS #8. Whoever has such a
// text can forge the vendor's evidence; nothing but tests and a development server may trust it.

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { EvidenceError } from '../errors.js';

/** A private key and the DER of the certificate over it. */
export interface CertifiedKey {
  readonly der: Uint8Array;
  readonly privateKey: KeyObject;
}

export interface SavedKey {
  readonly der: string;
  readonly pkcs8: string;
}

export function saveKey({ der, privateKey }: CertifiedKey): SavedKey {
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  return { der: encodeBase64(der), pkcs8: encodeBase64(pkcs8) };
}

/** A member of what JSON.parse gave, or undefined. */
export function savedMember(value: unknown, name: string): unknown {
  const found = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return found.find(([key]) => key === name)?.[1];
}

/** @throws EvidenceError 'malformed' */
export function savedText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new EvidenceError('malformed', 'software vendor: no text');
}

/** @throws EvidenceError 'malformed', or what node throws on keys */
export function readSavedKey(value: unknown): CertifiedKey {
  const key = Buffer.from(decodeBase64(savedText(savedMember(value, 'pkcs8'))));
  return {
    der: decodeBase64(savedText(savedMember(value, 'der'))),
    privateKey: createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
  };
}
