// What shim measures on its own behalf when nobody has enrolled or revoked a key on the machine (shim 15.8, mok.c):
// MokList, MokListX and MokListTrusted as it makes them from the certificate it was built with.

import { concatBytes } from '../../encoding/bytes.js';
import { ByteReader } from '../../encoding/reader.js';
import { EvidenceError } from '../../errors.js';
import { guidBytes } from '../guid.js';
import { findPeSection } from '../pe-image.js';

const shimLock = guidBytes('605dab50-e046-4300-abb6-3dd810dd8b23');
const x509 = guidBytes('a5c059a1-94e4-4aa7-87b5-ab155c2bf072');
const sha256 = guidBytes('c1c41626-504c-4092-aca9-41f936934328');
const derSequence = 0x30;

/** EFI_SIGNATURE_LIST with one entry of shim's own (UEFI 2.10, section 32.4.1). */
function signatureList(type: Uint8Array, data: Uint8Array): Uint8Array {
  const sizes = new Uint8Array(12);
  const view = new DataView(sizes.buffer);
  const entryBytes = shimLock.length + data.length;
  view.setUint32(0, type.length + sizes.length + entryBytes, true);
  view.setUint32(8, entryBytes, true);
  return concatBytes(type, sizes, shimLock, data);
}

/** Null for what is no shim. */
function vendorCertificate(application: Uint8Array): Uint8Array | null {
  const section = findPeSection(application, '.vendor_cert');
  if (section === null) return null;
  const reader = new ByteReader(section, 'shim certificates');
  const length = reader.u32le('size of the certificate');
  reader.u32le('size of what is revoked');
  const start = reader.u32le('start of the certificate');
  const certificate = section.subarray(start, start + length);
  if (certificate.length !== length || certificate[0] !== derSequence) {
    throw new EvidenceError('unsupported-format', 'shim: want one X.509 certificate in it');
  }
  return certificate;
}

/**
 * For RTMR2, in order; none for an application that is no shim.
 * @throws EvidenceError 'unsupported-format' | 'malformed'
 */
export function mokListEvents(application: Uint8Array): readonly Uint8Array[] {
  const certificate = vendorCertificate(application);
  if (certificate === null) return [];
  return [
    signatureList(x509, certificate),
    signatureList(sha256, new Uint8Array(32)),
    Uint8Array.of(1),
  ];
}
