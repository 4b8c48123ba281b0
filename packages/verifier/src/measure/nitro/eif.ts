// Enclave image files of AWS Nitro Enclaves (versions 2 to 4, as aws-nitro-enclaves-image-format 0.8 writes and reads
// them): a header with offsets and a checksum, then sections. Numbers are big-endian. Strict where AWS's reader is not:
// header and sections must agree, and nothing may lie between, before or after them.

import { ByteReader } from '../../encoding/reader.js';
import { EvidenceError } from '../../errors.js';
import { crc32 } from '../crc32.js';

const imageBytesMax = 1024 * 1024 * 1024;
const headerBytes = 548;
const sectionHeaderBytes = 12;
const sectionsMax = 32;

const sectionKinds = ['invalid', 'kernel', 'cmdline', 'ramdisk', 'signature', 'metadata'] as const;
type SectionKind = (typeof sectionKinds)[number];

interface Section {
  readonly kind: SectionKind;
  readonly data: Uint8Array;
}

/** Views on the input. Only the checksum has been checked, which anybody can make. */
export interface EnclaveImage {
  readonly version: number;
  readonly architecture: 'x86_64' | 'aarch64';
  readonly kernel: Uint8Array;
  readonly commandLine: Uint8Array;
  /** At least one: the first boots, the others are the application. */
  readonly ramdisks: readonly Uint8Array[];
  /** The section as it is (CBOR), or null. */
  readonly signature: Uint8Array | null;
  /** What the builder wrote about the build (JSON), measured by nobody; or null. */
  readonly metadata: Uint8Array | null;
}

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `enclave image: ${why}`);
}

/** A 64-bit number that must be one a file can have. */
function readLength(reader: ByteReader, field: string): number {
  const value = reader.u64be(field);
  if (value > BigInt(imageBytesMax)) throw malformed(`${field} is out of range`);
  return Number(value);
}

interface Header {
  readonly version: number;
  readonly flags: number;
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
  readonly checksum: number;
}

function readHeader(image: Uint8Array): Header {
  const reader = new ByteReader(image.subarray(0, headerBytes), 'enclave image header');
  const magic = String.fromCharCode(...reader.bytes(4, 'magic'));
  if (magic !== '.eif') throw new EvidenceError('unsupported-format', 'enclave image: no EIF');
  const version = reader.u16be('version');
  // Version 1 has no checksum.
  if (version < 2 || version > 4) {
    throw new EvidenceError('unsupported-version', `enclave image: version ${version}`);
  }
  const flags = reader.u16be('flags');
  // Hints for whoever starts the enclave; not part of what is measured.
  reader.u64be('default memory');
  reader.u64be('default processors');
  reader.reserved(2, 'reserved');
  const count = reader.u16be('number of sections');
  if (count > sectionsMax) throw malformed(`more than ${sectionsMax} sections`);
  const list = (field: string): readonly number[] => {
    const used = Array.from({ length: count }, () => readLength(reader, field));
    reader.reserved(8 * (sectionsMax - count), `unused ${field}`);
    return used;
  };
  const offsets = list('section offset');
  const sizes = list('section size');
  reader.reserved(4, 'unused');
  const checksum = reader.u32be('checksum');
  if (flags > 1) throw new EvidenceError('reserved-bits', 'enclave image: unknown flags');
  return { version, flags, offsets, sizes, checksum };
}

function readSection(reader: ByteReader, offset: number, size: number): Section {
  if (offset !== reader.offset) throw malformed('sections do not follow each other');
  const head = reader.sub(sectionHeaderBytes, 'section header');
  const kind = sectionKinds[head.u16be('type')];
  if (kind === undefined || kind === 'invalid') throw malformed('unknown type of section');
  head.reserved(2, 'flags');
  if (size !== readLength(head, 'section size')) throw malformed('sizes of a section differ');
  return { kind, data: reader.bytes(size, kind) };
}

function readSections(image: Uint8Array, { offsets, sizes }: Header): readonly Section[] {
  const reader = new ByteReader(image, 'enclave image');
  reader.bytes(headerBytes, 'header');
  const sections = offsets.map((offset, i) => readSection(reader, offset, sizes[i] ?? 0));
  reader.end();
  return sections;
}

function onlyOne(sections: readonly Section[], kind: SectionKind): Uint8Array | null {
  const found = sections.filter((each) => each.kind === kind);
  if (found.length > 1) throw malformed(`more than one ${kind}`);
  return found[0]?.data ?? null;
}

/** @throws EvidenceError 'unsupported-format' | 'unsupported-version' | 'reserved-bits' | 'trailing-data' | 'malformed' */
export function parseEnclaveImage(image: Uint8Array): EnclaveImage {
  if (image.length > imageBytesMax) throw malformed('longer than 1 GiB');
  const header = readHeader(image);
  const sections = readSections(image, header);
  const checksum = crc32(image.subarray(0, headerBytes - 4), image.subarray(headerBytes));
  if (checksum !== header.checksum) throw malformed('checksum');
  const measured = sections.filter(({ kind }) => /^(kernel|cmdline|ramdisk)$/.test(kind));
  const kernel = onlyOne(sections, 'kernel');
  const commandLine = onlyOne(sections, 'cmdline');
  const [first, second, third] = measured;
  if (
    kernel === null ||
    commandLine === null ||
    first?.kind !== 'kernel' ||
    second?.kind !== 'cmdline' ||
    third === undefined
  ) {
    throw malformed('want a kernel, a command line and ramdisks, in this order');
  }
  return {
    version: header.version,
    architecture: header.flags === 1 ? 'aarch64' : 'x86_64',
    kernel,
    commandLine,
    ramdisks: measured.slice(2).map(({ data }) => data),
    signature: onlyOne(sections, 'signature'),
    metadata: onlyOne(sections, 'metadata'),
  };
}
