// The extensions with which dstack's guests put a quote into a certificate (its crate ra-tls). Must never pass on what
// stands behind the quote, an event log and a configuration that nobody signed.

import { DerReader } from '../encoding/der.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import type { Extensions } from '../pki/certificate.js';

const oids = {
  attestation: '1.3.6.1.4.1.62397.1.8',
  /** Of older guests: the bare quote. */
  quote: '1.3.6.1.4.1.62397.1.1',
} as const;
const derLimits = { bytesMax: 16_384, elementsMax: 1, depthMax: 1 };

/** The first version is SCALE; what is in MessagePack begins with a map. */
const scaleVersion = 0;
/** A TDX guest, and nothing beside it. */
const tdxKind = 0;

function readOctets(value: Uint8Array, what: string): Uint8Array {
  const reader = DerReader.open(value, what, derLimits);
  const octets = reader.octetString('contents');
  reader.end();
  return octets;
}

function readAttestation(value: Uint8Array): Uint8Array {
  const reader = new ByteReader(readOctets(value, 'dstack attestation'), 'dstack attestation');
  const version = reader.u8('version');
  const kind = reader.u8('kind');
  if (version !== scaleVersion || kind !== tdxKind) {
    const what = `dstack attestation: version ${version}, kind ${kind}`;
    throw new EvidenceError('unsupported-format', `${what}: want SCALE, of a TDX guest`);
  }
  // A compact number of SCALE, in the form from 64 to 16,383: no quote is shorter, and no certificate longer.
  const length = reader.u16le('length');
  if ((length & 3) !== 1) {
    throw new EvidenceError('malformed', 'dstack attestation: length of the quote');
  }
  return reader.bytes(length >> 2, 'quote');
}

/**
 * The quote in dstack's own extension, or null if the certificate has none.
 * @throws EvidenceError 'unsupported-format' for MessagePack and for guests on other hardware | 'malformed' |
 *   'trailing-data'
 */
export function findDstackQuote(extensions: Extensions): Uint8Array | null {
  const attestation = extensions.get(oids.attestation);
  if (attestation !== undefined) return readAttestation(attestation.value);
  const quote = extensions.get(oids.quote);
  return quote === undefined ? null : readOctets(quote.value, 'dstack quote');
}
