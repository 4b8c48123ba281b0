// What UEFI measures of an executable: all of it but its checksum and its signatures (Microsoft, "Windows Authenticode
// Portable Executable Signature Format"; TCG PC Client Platform Firmware Profile 1.06, section 3.3.4.2).

import { concatBytes } from '../encoding/bytes.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';

const sectionsMax = 96;
const certificateEntry = 4;
const sectionHeaderBytes = 40;
const nameBytes = 8;
const symbolBytes = 18;

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `PE image: ${why}`);
}

interface Layout {
  /** In the file; the names of sections that are longer than eight bytes stand there. */
  readonly stringsAt: number;
  readonly tableAt: number;
  readonly count: number;
  readonly checksumAt: number;
  /** Of the entry that says where the signatures are; null if there is none. */
  readonly certificateEntryAt: number | null;
  readonly certificateBytes: number;
  readonly headerBytes: number;
  /** Start and length in the file, ordered; no two overlap. */
  readonly sections: readonly (readonly [number, number])[];
}

function readerAt(image: Uint8Array, offset: number, what: string): ByteReader {
  if (offset > image.length) throw malformed(`${what} outside of the image`);
  return new ByteReader(image.subarray(offset), `PE image ${what}`);
}

function readSectionTable(image: Uint8Array, at: number, count: number, headerBytes: number) {
  const reader = readerAt(image, at, 'section table');
  const sections = Array.from({ length: count }, (): readonly [number, number] => {
    reader.bytes(16, 'name and memory');
    const length = reader.u32le('size of raw data');
    const start = reader.u32le('pointer to raw data');
    reader.bytes(16, 'relocations and flags');
    return [start, length];
  })
    .filter(([, length]) => length > 0)
    .sort(([a], [b]) => a - b);
  let end = headerBytes;
  for (const [start, length] of sections) {
    if (start < end || start + length > image.length)
      throw malformed('sections overlap or end early');
    end = start + length;
  }
  return sections;
}

function readLayout(image: Uint8Array): Layout {
  const dos = new ByteReader(image, 'PE image');
  if (dos.u16le('magic') !== 0x5a4d)
    throw new EvidenceError('unsupported-format', 'PE image: no MZ');
  dos.bytes(58, 'DOS header');
  const peAt = dos.u32le('offset of the PE header');
  const coff = readerAt(image, peAt, 'header');
  if (coff.u32le('signature') !== 0x4550) {
    throw new EvidenceError('unsupported-format', 'PE image: no PE header');
  }
  coff.u16le('machine');
  const count = coff.u16le('number of sections');
  if (count > sectionsMax) throw malformed(`more than ${sectionsMax} sections`);
  coff.u32le('time');
  const stringsAt = coff.u32le('start of the symbols') + symbolBytes * coff.u32le('symbols');
  const optionalBytes = coff.u16le('size of the optional header');
  coff.u16le('characteristics');
  const optionalAt = peAt + 24;
  const optional = coff.sub(optionalBytes, 'optional header');
  const magic = optional.u16le('magic');
  if (magic !== 0x10b && magic !== 0x20b) {
    throw new EvidenceError('unsupported-format', 'PE image: neither PE32 nor PE32+');
  }
  optional.bytes(58, 'standard fields');
  const headerBytes = optional.u32le('size of headers');
  optional.u32le('checksum');
  optional.bytes(magic === 0x20b ? 40 : 24, 'subsystem, stack and heap');
  const directories = optional.u32le('number of directories');
  const directoriesAt = optionalAt + optional.offset;
  let certificateBytes = 0;
  if (directories > certificateEntry) {
    optional.bytes(8 * certificateEntry, 'directories');
    const start = optional.u32le('start of the signatures');
    certificateBytes = optional.u32le('size of the signatures');
    if (certificateBytes !== 0 && start + certificateBytes !== image.length) {
      throw malformed('signatures are not at the end');
    }
  }
  const tableAt = optionalAt + optionalBytes;
  if (headerBytes < tableAt + sectionHeaderBytes * count || headerBytes > image.length) {
    throw malformed('size of headers');
  }
  return {
    stringsAt,
    tableAt,
    count,
    checksumAt: optionalAt + 64,
    certificateEntryAt:
      directories > certificateEntry ? directoriesAt + 8 * certificateEntry : null,
    certificateBytes,
    headerBytes,
    sections: readSectionTable(image, tableAt, count, headerBytes),
  };
}

/** The bytes that are hashed, in order. @throws EvidenceError 'unsupported-format' | 'malformed' */
export function measuredPeBytes(image: Uint8Array): Uint8Array {
  const layout = readLayout(image);
  const { checksumAt, certificateEntryAt, headerBytes, sections } = layout;
  const afterChecksum = checksumAt + 4;
  const parts = [image.subarray(0, checksumAt)];
  if (certificateEntryAt === null) {
    parts.push(image.subarray(afterChecksum, headerBytes));
  } else {
    parts.push(image.subarray(afterChecksum, certificateEntryAt));
    parts.push(image.subarray(certificateEntryAt + 8, headerBytes));
  }
  const signaturesAt = image.length - layout.certificateBytes;
  let hashed = headerBytes;
  for (const [start, length] of sections) {
    if (start + length > signaturesAt) throw malformed('signatures overlap a section');
    parts.push(image.subarray(start, start + length));
    hashed += length;
  }
  // From as many bytes as were hashed, wherever the last section ends: so says Authenticode.
  if (hashed > signaturesAt) throw malformed('signatures overlap the headers');
  parts.push(image.subarray(hashed, signaturesAt));
  return concatBytes(...parts);
}

function textAt(image: Uint8Array, start: number, length: number): string {
  const bytes = image.subarray(start, start + length);
  const end = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, end < 0 ? length : end));
}

/**
 * A section's contents as they stand in the file, or null if there is none of this name.
 * @throws EvidenceError 'unsupported-format' | 'malformed'
 */
export function findPeSection(image: Uint8Array, name: string): Uint8Array | null {
  const { tableAt, count, stringsAt } = readLayout(image);
  for (let i = 0; i < count; i += 1) {
    const at = tableAt + sectionHeaderBytes * i;
    const short = textAt(image, at, nameBytes);
    const offset = /^\/[0-9]{1,7}$/.test(short) ? Number(short.slice(1)) : null;
    const found = offset === null ? short : textAt(image, stringsAt + offset, name.length + 1);
    if (found !== name) continue;
    const header = readerAt(image, at + nameBytes, 'section');
    const memoryBytes = header.u32le('size in memory');
    header.u32le('address');
    const fileBytes = header.u32le('size of raw data');
    const start = header.u32le('pointer to raw data');
    return image.subarray(start, start + Math.min(memoryBytes, fileBytes));
  }
  return null;
}
