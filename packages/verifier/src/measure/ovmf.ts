// The table of GUIDed entries at the end of an OVMF image (edk2, OvmfPkg/ResetVector): where the firmware
// tells the VMM what to measure. Reads an image as the VMM does; knows no TEE.

import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import { guidText } from './guid.js';

export const pageBytes = 4096;
/** Images end at 4 GiB and none is near this size. */
const imageBytesMax = 64 * 1024 * 1024;
/** The reset vector's code comes after the table. */
const bytesAfterTable = 32;
const entryHeaderBytes = 18;
const entriesMax = 64;
const footerGuid = '96b582de-1fb2-45f7-baea-a366c55a082d';

/** A firmware image whose footer table has been read. `image` is a view on the input. */
export interface OvmfImage {
  readonly image: Uint8Array;
  /** GUID in lower case to the entry's data. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
}

export function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `OVMF image: ${why}`);
}

function entryAt(image: Uint8Array, end: number): { readonly size: number; readonly guid: string } {
  const header = new ByteReader(image.subarray(end - entryHeaderBytes, end), 'OVMF table entry');
  return { size: header.u16le('size'), guid: guidText(header.bytes(16, 'GUID')) };
}

/** @throws EvidenceError 'unsupported-format' without a footer table, 'malformed' for a wrong one */
export function parseOvmf(image: Uint8Array): OvmfImage {
  if (image.length === 0 || image.length % pageBytes !== 0 || image.length > imageBytesMax) {
    throw malformed('want whole pages of 4096 bytes, at most 64 MiB');
  }
  const tableEnd = image.length - bytesAfterTable;
  const footer = entryAt(image, tableEnd);
  if (footer.guid !== footerGuid) {
    throw new EvidenceError('unsupported-format', 'OVMF image: no table of GUIDed entries');
  }
  const tableStart = tableEnd - footer.size;
  if (footer.size < entryHeaderBytes || tableStart < 0) throw malformed('size of the table');
  const entries = new Map<string, Uint8Array>();
  let end = tableEnd - entryHeaderBytes;
  while (end > tableStart) {
    if (end - tableStart < entryHeaderBytes) throw malformed('entry outside of the table');
    const { size, guid } = entryAt(image, end);
    if (size < entryHeaderBytes || size > end - tableStart) throw malformed('size of an entry');
    if (entries.has(guid)) throw malformed(`entry ${guid} twice`);
    if (entries.size === entriesMax) throw malformed('too many entries');
    entries.set(guid, image.subarray(end - size, end - entryHeaderBytes));
    end -= size;
  }
  return { image, entries };
}

/** Entries that point into the image count from its end. @throws EvidenceError 'malformed' */
export function readFromEnd(ovmf: OvmfImage, pointer: Uint8Array, what: string): ByteReader {
  const reader = new ByteReader(pointer, what);
  const distance = reader.u32le('offset from the end');
  reader.end();
  if (distance === 0 || distance > ovmf.image.length) {
    throw malformed(`${what} lies outside of the image`);
  }
  return new ByteReader(ovmf.image.subarray(ovmf.image.length - distance), what);
}
