// What a TD's firmware tells the VMM to load and measure (Intel TDX Virtual Firmware Design Guide, section 11, "TDVF
// Metadata"). Found by the same table of GUIDed entries as the metadata for SEV.

import type { ByteReader } from '../../encoding/reader.js';
import { EvidenceError } from '../../errors.js';
import { malformed, type OvmfImage, pageBytes, readFromEnd } from '../ovmf.js';

const metadataGuid = 'e47a6535-984a-4798-865e-4685a7bf8ec2';
const sectionsMax = 64;
/** Pages that are measured bring their contents from the image, others need only be listed. */
const pagesMax = 65_536;

const sectionKinds = [
  'boot-firmware',
  'configuration',
  'td-hob',
  'temporary-memory',
  'permanent-memory',
  'payload',
  'payload-parameters',
] as const;
export type TdvfSectionKind = (typeof sectionKinds)[number];

const extendBit = 1;
const augmentBit = 2;

export interface TdvfSection {
  readonly kind: TdvfSectionKind;
  /** What the image holds of it; the rest of its memory is zero. */
  readonly data: Uint8Array;
  /** Guest physical; with `bytes` a multiple of 4096. */
  readonly address: number;
  readonly bytes: number;
  /** Its contents are measured (TDH.MR.EXTEND). */
  readonly isExtended: boolean;
  /** Added while the TD runs (TDH.MEM.PAGE.AUG): not measured at all. */
  readonly isAugmented: boolean;
}

function readSection(reader: ByteReader, image: Uint8Array): TdvfSection {
  const dataOffset = reader.u32le('section data offset');
  const rawBytes = reader.u32le('section data size');
  const address = Number(reader.u64le('section address'));
  const bytes = Number(reader.u64le('section memory size'));
  const kind = sectionKinds[reader.u32le('section type')];
  const attributes = reader.u32le('section attributes');
  if (kind === undefined) {
    throw new EvidenceError('unsupported-format', 'TDVF metadata: unknown type of section');
  }
  if ((attributes & ~(extendBit | augmentBit)) !== 0) {
    throw new EvidenceError('reserved-bits', `TDVF metadata: attributes of the ${kind} section`);
  }
  if (bytes === 0 || address % pageBytes !== 0 || bytes % pageBytes !== 0) {
    throw malformed(`TDVF metadata: ${kind} section is not made of whole pages`);
  }
  if (address + bytes > 2 ** 32) throw malformed(`TDVF metadata: ${kind} section above 4 GiB`);
  if (rawBytes > bytes || dataOffset + rawBytes > image.length) {
    throw malformed(`TDVF metadata: data of the ${kind} section`);
  }
  const isExtended = (attributes & extendBit) !== 0;
  const isAugmented = (attributes & augmentBit) !== 0;
  if (isExtended && (isAugmented || rawBytes !== bytes)) {
    throw malformed(`TDVF metadata: ${kind} section is measured, but not there as a whole`);
  }
  const data = image.subarray(dataOffset, dataOffset + rawBytes);
  return { kind, data, address, bytes, isExtended, isAugmented };
}

function checkTogether(sections: readonly TdvfSection[]): void {
  const ordered = [...sections].sort((a, b) => a.address - b.address);
  let pages = 0;
  for (const [index, { address, bytes }] of ordered.entries()) {
    pages += bytes / pageBytes;
    const next = ordered[index + 1];
    if (next !== undefined && next.address < address + bytes) {
      throw malformed('TDVF metadata: sections overlap');
    }
  }
  if (pages > pagesMax) throw malformed('TDVF metadata: too many pages');
  for (const kind of ['configuration', 'td-hob'] as const) {
    if (sections.filter((each) => each.kind === kind).length > 1) {
      throw malformed(`TDVF metadata: more than one ${kind} section`);
    }
  }
}

/**
 * Sections in the order of the metadata, which is that of the measurement; no two overlap.
 * @throws EvidenceError 'unsupported-format' if the image is not made for TDX, 'unsupported-version',
 *   'reserved-bits', 'malformed'
 */
export function parseTdvfSections(ovmf: OvmfImage): readonly TdvfSection[] {
  const pointer = ovmf.entries.get(metadataGuid);
  if (pointer === undefined) {
    throw new EvidenceError('unsupported-format', 'OVMF image: no TDVF metadata');
  }
  const reader = readFromEnd(ovmf, pointer, 'TDVF metadata');
  if (String.fromCharCode(...reader.bytes(4, 'signature')) !== 'TDVF') {
    throw malformed('TDVF metadata: wrong signature');
  }
  const size = reader.u32le('size');
  const version = reader.u32le('version');
  if (version !== 1) throw new EvidenceError('unsupported-version', `TDVF metadata: ${version}`);
  const count = reader.u32le('number of sections');
  if (count === 0 || count > sectionsMax || size !== 16 + 32 * count) {
    throw malformed('TDVF metadata: size and number of sections');
  }
  const sections = Array.from({ length: count }, () => readSection(reader, ovmf.image));
  checkTogether(sections);
  return sections;
}
