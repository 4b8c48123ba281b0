// One certificate revocation list (RFC 5280 section 5): complete and direct ones only. Parsing
// trusts nothing: see chain.ts. A CRL of a kind that is not understood is refused, never skipped.

import { type DerLimits, DerReader, derTag } from '../encoding/der.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import {
  type Extensions,
  readExtensions,
  readSerial,
  readTaggedExtensions,
} from './certificate.js';
import { type AuthorityKey, readAuthorityKey } from './key-identifiers.js';
import { type Name, readName } from './name.js';
import { parseSigned, type X509Signed } from './signed.js';

/** A parsed CRL, NOT trusted. All byte strings are views on `raw`. */
export interface Crl extends X509Signed {
  readonly issuerRaw: Uint8Array;
  readonly issuer: Name;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** CRLNumber in lower-case hex, or null: tells an older list from a newer one. */
  readonly number: string | null;
  /** Serial (as in Certificate.serial) to the date of revocation. */
  readonly revoked: ReadonlyMap<string, Date>;
  readonly extensions: Extensions;
  readonly authorityKey: AuthorityKey | null;
}

const crlDerLimits: DerLimits = { bytesMax: 4_194_304, elementsMax: 400_000, depthMax: 16 };
const entriesMax = 50_000;
const crlNumberOid = '2.5.29.20';

// Delta CRL indicator, issuing distribution point, certificate issuer: the list is not the whole list of
// its issuer. RFC 5280 makes them critical; a list that forgot to say so is no more complete for that.
const partial: ReadonlySet<string> = new Set(['2.5.29.27', '2.5.29.28', '2.5.29.29']);

function refuseUnknown(extensions: Extensions, where: string): void {
  for (const [oid, extension] of extensions) {
    if (extension.critical) {
      throw new EvidenceError('crl-invalid', `CRL ${where}: unknown critical extension ${oid}`);
    }
    if (partial.has(oid)) {
      throw new EvidenceError('crl-invalid', `CRL ${where}: not a whole list, extension ${oid}`);
    }
  }
}

function readRevoked(list: DerReader): Map<string, Date> {
  const revoked = new Map<string, Date>();
  do {
    const entry = list.sequence('entry');
    const serial = readSerial(entry);
    const date = entry.time('revocation date');
    if (!entry.done) refuseUnknown(readExtensions(entry.sequence('extensions')), 'entry');
    entry.end();
    if (revoked.size >= entriesMax) {
      throw new EvidenceError('malformed', `CRL: more than ${entriesMax} entries`);
    }
    revoked.set(serial, date);
  } while (!list.done);
  return revoked;
}

function readNumber(extensions: Extensions): string | null {
  const extension = extensions.get(crlNumberOid);
  if (extension === undefined) return null;
  const reader = DerReader.open(extension.value, 'CRL number', crlDerLimits);
  const number = reader.integer('number');
  reader.end();
  if (number.length > 20) throw new EvidenceError('malformed', 'CRL: number too long');
  return encodeHex(number);
}

function readTbs(reader: DerReader) {
  const version = reader.smallInteger('version');
  if (version !== 1) {
    throw new EvidenceError('unsupported-version', `CRL: version ${version + 1}, want 2`);
  }
  const algorithmRaw = reader.expect(derTag.sequence, 'signature').raw;
  const issuer = reader.expect(derTag.sequence, 'issuer');
  const thisUpdate = reader.time('thisUpdate');
  // Optional in X.509, required by RFC 5280; without it a list would be good for ever.
  const nextUpdate = reader.time('nextUpdate');
  const entries = reader.optional(derTag.sequence, 'revokedCertificates');
  const extensions = readTaggedExtensions(reader, 0);
  reader.end();
  refuseUnknown(extensions, 'extensions');
  // An empty list must be left out (RFC 5280 section 5.1.2.6), but AMD and others write one.
  const list = entries === null || entries.contents.length === 0 ? null : entries;
  return {
    algorithmRaw,
    fields: {
      issuerRaw: issuer.raw,
      issuer: readName(reader.inside(issuer, 'issuer')),
      thisUpdate,
      nextUpdate,
      number: readNumber(extensions),
      revoked:
        list === null ? new Map<string, Date>() : readRevoked(reader.inside(list, 'entries')),
      extensions,
      authorityKey: readAuthorityKey(extensions),
    },
  };
}

/**
 * Reads exactly one version 2 CRL in DER, at most 4 MiB and 50,000 entries. The input is copied.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-version' |
 *   'unsupported-algorithm' | 'crl-invalid'
 */
export function parseCrl(der: Uint8Array): Crl {
  return parseSigned(der, 'CRL', crlDerLimits, readTbs);
}

/** When the certificate with this serial was revoked, or null. The issuer is the CRL's. */
export function findRevocation(crl: Crl, serial: string): Date | null {
  return crl.revoked.get(serial) ?? null;
}
