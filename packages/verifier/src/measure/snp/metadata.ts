// What OVMF tells the VMM about a SEV-SNP guest: pages to measure, where a processor wakes up, where the hashes of
// the kernel go (edk2, OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm; QEMU, docs/specs/sev-guest-firmware.rst).

import { ByteReader } from '../../encoding/reader.js';
import { EvidenceError } from '../../errors.js';
import { malformed, type OvmfImage, pageBytes, readFromEnd } from '../ovmf.js';

const guids = {
  metadata: 'dc886566-984a-4798-a75e-5585a7bf67cc',
  hashTable: '7255371f-3a3b-4b04-927b-1da6efa8d454',
  resetBlock: '00f771de-1a7e-4fcb-890e-68c77e2fb44e',
} as const;

const sectionKinds = {
  1: 'memory',
  2: 'secrets',
  3: 'cpuid',
  4: 'svsm-calling-area',
  16: 'kernel-hashes',
} as const;
export type SnpSectionKind = (typeof sectionKinds)[keyof typeof sectionKinds];

const sectionsMax = 64;
/** The image itself lies above; no firmware asks for more below. */
const sectionPagesMax = 65_536;

/** Guest physical addresses; both numbers are multiples of 4096. */
export interface SnpSection {
  readonly kind: SnpSectionKind;
  readonly address: number;
  readonly bytes: number;
}

export interface SnpMetadata {
  readonly sections: readonly SnpSection[];
  /** Address at which application processors start; null if the image does not say. */
  readonly resetAddress: number | null;
  /** Address of the table of kernel hashes; null if the image has no place for it. */
  readonly hashTable: { readonly address: number; readonly bytes: number } | null;
}

function readSection(reader: ByteReader): SnpSection {
  const address = reader.u32le('section address');
  const bytes = reader.u32le('section size');
  const type = reader.u32le('section type');
  const kind = Object.hasOwn(sectionKinds, type)
    ? sectionKinds[type as keyof typeof sectionKinds]
    : undefined;
  if (kind === undefined) {
    throw new EvidenceError('unsupported-format', `SEV metadata: section type ${type}`);
  }
  if (bytes === 0 || address % pageBytes !== 0 || bytes % pageBytes !== 0) {
    throw malformed(`SEV metadata: ${kind} section is not made of whole pages`);
  }
  if (address + bytes > 2 ** 32) throw malformed(`SEV metadata: ${kind} section above 4 GiB`);
  if (kind !== 'memory' && bytes !== pageBytes) {
    throw malformed(`SEV metadata: ${kind} section is not one page`);
  }
  return { kind, address, bytes };
}

function readSections(ovmf: OvmfImage, pointer: Uint8Array): readonly SnpSection[] {
  const reader = readFromEnd(ovmf, pointer, 'SEV metadata');
  const magic = String.fromCharCode(...reader.bytes(4, 'signature'));
  if (magic !== 'ASEV') throw malformed('SEV metadata: wrong signature');
  const size = reader.u32le('size');
  const version = reader.u32le('version');
  if (version !== 1) throw new EvidenceError('unsupported-version', `SEV metadata: ${version}`);
  const count = reader.u32le('number of sections');
  if (count > sectionsMax || size !== 16 + 12 * count) {
    throw malformed('SEV metadata: size and number of sections');
  }
  const sections = Array.from({ length: count }, () => readSection(reader));
  const ordered = [...sections].sort((a, b) => a.address - b.address);
  for (const [index, section] of ordered.entries()) {
    const next = ordered[index + 1];
    if (next !== undefined && next.address < section.address + section.bytes) {
      throw malformed('SEV metadata: sections overlap');
    }
  }
  const pages = sections.reduce((sum, { bytes }) => sum + bytes / pageBytes, 0);
  if (pages > sectionPagesMax) throw malformed('SEV metadata: too many pages');
  return sections;
}

/** @throws EvidenceError 'unsupported-format' if the image is not made for SEV-SNP, 'malformed', 'unsupported-version' */
export function parseSnpMetadata(ovmf: OvmfImage): SnpMetadata {
  const pointer = ovmf.entries.get(guids.metadata);
  if (pointer === undefined) {
    throw new EvidenceError('unsupported-format', 'OVMF image: no SEV metadata');
  }
  const reset = ovmf.entries.get(guids.resetBlock);
  const table = ovmf.entries.get(guids.hashTable);
  return {
    sections: readSections(ovmf, pointer),
    resetAddress:
      reset === undefined ? null : new ByteReader(reset, 'SEV reset block').u32le('address'),
    hashTable: table === undefined ? null : readHashTable(table),
  };
}

function readHashTable(entry: Uint8Array): SnpMetadata['hashTable'] {
  const reader = new ByteReader(entry, 'SEV hash table entry');
  const address = reader.u32le('address');
  const bytes = reader.u32le('size');
  reader.end();
  return address === 0 ? null : { address, bytes };
}
