// The table of certificates that a host hands over with an extended report (SEV-ES GHCB protocol 2.03,
// section 4.1.8.1). The host wrote it: bounds are checked before a byte is read.

import { copyBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';

export interface CertificateTable {
  readonly vcek: Uint8Array | null;
  readonly vlek: Uint8Array | null;
  /** The authority of whichever key is there: ASK or ASVK. */
  readonly ask: Uint8Array | null;
  /** Never a reason to trust it. */
  readonly ark: Uint8Array | null;
  readonly crl: Uint8Array | null;
}

type Kind = keyof CertificateTable;

// In the order of their text, not as EFI writes GUIDs.
const kinds: Readonly<Record<string, Kind>> = {
  '63da758de6644564adc5f4b93be8accd': 'vcek',
  a8074bc2a25a483eaae639c045a0b8a1: 'vlek',
  '4ab7b379bbac4fe4a02f05aef327c782': 'ask',
  c0b406a4a803495297433fb6014cd0ae: 'ark',
  '92f81bc358114d3d97ffd19f88dc67ea': 'crl',
};
const tableBytesMax = 1_048_576;
const entriesMax = 16;

/**
 * Entries of other kinds are passed over; a kind that comes twice is refused.
 * @throws EvidenceError 'malformed'
 */
export function parseCertificateTable(bytes: Uint8Array): CertificateTable {
  if (bytes.length > tableBytesMax) {
    throw new EvidenceError('malformed', 'certificate table: too large');
  }
  const raw = copyBytes(bytes);
  const reader = new ByteReader(raw, 'certificate table');
  const found = new Map<Kind, Uint8Array>();
  for (let count = 0; ; count += 1) {
    const guid = encodeHex(reader.bytes(16, 'GUID'));
    const offset = reader.u32le('offset');
    const length = reader.u32le('length');
    if (/^0*$/.test(guid)) break;
    if (count >= entriesMax || offset + length > raw.length) {
      throw new EvidenceError('malformed', 'certificate table: entry out of bounds');
    }
    const kind = Object.hasOwn(kinds, guid) ? kinds[guid] : undefined;
    if (kind === undefined) continue;
    if (found.has(kind)) throw new EvidenceError('malformed', `certificate table: ${kind} twice`);
    found.set(kind, raw.subarray(offset, offset + length));
  }
  const get = (kind: Kind) => found.get(kind) ?? null;
  return {
    vcek: get('vcek'),
    vlek: get('vlek'),
    ask: get('ask'),
    ark: get('ark'),
    crl: get('crl'),
  };
}
