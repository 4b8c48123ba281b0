// Which key signed this, as certificates and CRLs name it: subject and authority key identifier (RFC 5280
// sections 4.2.1.1, 4.2.1.2 and 5.2.1). They help to find an issuer and prove nothing: a signature does.

import { equalBytes } from '../encoding/bytes.js';
import { certificateDerLimits, contextTag, DerReader } from '../encoding/der.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import type { Extensions } from './certificate.js';

/** A null field says nothing. */
export interface AuthorityKey {
  readonly keyId: Uint8Array | null;
  /** DER of the one directory name of whoever issued the issuer. */
  readonly issuerRaw: Uint8Array | null;
  /** Lower-case hex of the issuer's serial number. */
  readonly serial: string | null;
}

const subjectKeyOid = '2.5.29.14';
const authorityKeyOid = '2.5.29.35';
const keyIdBytesMax = 64;

function checkLength(keyId: Uint8Array): Uint8Array {
  if (keyId.length === 0 || keyId.length > keyIdBytesMax) {
    throw new EvidenceError('malformed', `key identifier: ${keyId.length} bytes`);
  }
  return keyId;
}

/** Null if there is none. @throws EvidenceError 'malformed' | 'trailing-data' */
export function readSubjectKeyId(extensions: Extensions): Uint8Array | null {
  const extension = extensions.get(subjectKeyOid);
  if (extension === undefined) return null;
  const reader = DerReader.open(extension.value, 'subject key', certificateDerLimits);
  const keyId = reader.octetString('key identifier');
  reader.end();
  return checkLength(keyId);
}

/** The directory name among the general names; other kinds name nobody who could issue here. */
function readDirectoryName(names: DerReader): Uint8Array | null {
  let found: Uint8Array | null = null;
  do {
    const name = names.next('general name');
    if (name.tag !== contextTag(4, 'constructed')) continue;
    if (found !== null) throw new EvidenceError('malformed', 'authority key: two names');
    found = name.contents;
  } while (!names.done);
  return found;
}

/** Null if there is none. @throws EvidenceError 'malformed' | 'trailing-data' */
export function readAuthorityKey(extensions: Extensions): AuthorityKey | null {
  const extension = extensions.get(authorityKeyOid);
  if (extension === undefined) return null;
  const outer = DerReader.open(extension.value, 'authority key', certificateDerLimits);
  const reader = outer.sequence('identifiers');
  outer.end();
  const keyId = reader.optional(contextTag(0, 'primitive'), 'key identifier');
  const names = reader.optional(contextTag(1, 'constructed'), 'issuer');
  const serial = reader.optional(contextTag(2, 'primitive'), 'serial number');
  reader.end();
  return {
    keyId: keyId === null ? null : checkLength(keyId.contents),
    issuerRaw: names === null ? null : readDirectoryName(reader.inside(names, 'issuer')),
    serial: serial === null ? null : encodeHex(serial.contents),
  };
}

interface NamedIssuer {
  readonly subjectKeyId: Uint8Array | null;
  readonly issuerRaw: Uint8Array;
  readonly serial: string;
}

/** Whether nothing that is said about the issuer's key is wrong. What is left unsaid is not. */
export function namesKeyOf(authority: AuthorityKey | null, issuer: NamedIssuer): boolean {
  if (authority === null) return true;
  const { keyId, issuerRaw, serial } = authority;
  const { subjectKeyId } = issuer;
  if (keyId !== null && subjectKeyId !== null && !equalBytes(keyId, subjectKeyId)) return false;
  if (issuerRaw !== null && !equalBytes(issuerRaw, issuer.issuerRaw)) return false;
  return serial === null || serial === issuer.serial;
}
