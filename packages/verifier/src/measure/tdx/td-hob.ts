// The hand-off block list in which QEMU tells a TD's firmware what memory it has (QEMU, hw/i386/tdvf-hob.c; structures:
// UEFI Platform Initialization 1.8, volume 3, section 5). The firmware measures it first.

import { EvidenceError } from '../../errors.js';
import type { TdvfSection } from './tdvf.js';

const handOffBytes = 56;
const resourceBytes = 48;
const endBytes = 8;
const systemMemory = 0;
const unacceptedMemory = 7;
/** Present, initialised, tested. */
const resourceAttributes = 7;
/** QEMU's q35 machine: from this much memory on, what lies below 4 GiB ends at 2 GiB. */
const splitFrom = 0xb000_0000;
const splitAt = 0x8000_0000;
const memoryBytesMax = 2 ** 46;

interface MemoryRange {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

function unusable(why: string): EvidenceError {
  return new EvidenceError('input-invalid', `TD memory: ${why}`);
}

/** What is loaded before the start is accepted already; all else the guest must accept. */
function memoryRanges(sections: readonly TdvfSection[], memoryBytes: number): MemoryRange[] {
  const accepted = sections
    .filter(({ kind }) => kind === 'td-hob' || kind === 'temporary-memory')
    .sort((a, b) => a.address - b.address);
  const ranges: MemoryRange[] = [];
  let start = 0;
  for (const { address, bytes } of accepted) {
    if (address > start) ranges.push({ type: unacceptedMemory, start, end: address });
    ranges.push({ type: systemMemory, start: address, end: address + bytes });
    start = address + bytes;
  }
  const below = memoryBytes >= splitFrom ? splitAt : memoryBytes;
  if (start >= below) throw unusable('less than the firmware needs');
  ranges.push({ type: unacceptedMemory, start, end: below });
  if (memoryBytes >= splitFrom) {
    const above = 2 ** 32;
    ranges.push({ type: unacceptedMemory, start: above, end: above + memoryBytes - splitAt });
  }
  return ranges;
}

/**
 * The list's bytes without its end marker, which QEMU's firmware does not measure.
 * @throws EvidenceError 'input-invalid' for memory that no TD has
 */
export function tdHob(sections: readonly TdvfSection[], memoryBytes: number): Uint8Array {
  const at = sections.find(({ kind }) => kind === 'td-hob')?.address;
  if (at === undefined) throw unusable('the firmware has no place for a hand-off block');
  if (!Number.isSafeInteger(memoryBytes) || memoryBytes > memoryBytesMax || memoryBytes % 4096) {
    throw unusable('want whole pages, at most 64 TiB');
  }
  const ranges = memoryRanges(sections, memoryBytes);
  const bytes = new Uint8Array(handOffBytes + resourceBytes * ranges.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 1, true); // Hand-off information table
  view.setUint16(2, handOffBytes, true);
  view.setUint32(8, 9, true); // Version
  view.setBigUint64(48, BigInt(at + bytes.length + endBytes), true); // End of the list
  for (const [index, range] of ranges.entries()) {
    const offset = handOffBytes + resourceBytes * index;
    view.setUint16(offset, 3, true); // Resource descriptor
    view.setUint16(offset + 2, resourceBytes, true);
    view.setUint32(offset + 24, range.type, true);
    view.setUint32(offset + 28, resourceAttributes, true);
    view.setBigUint64(offset + 32, BigInt(range.start), true);
    view.setBigUint64(offset + 40, BigInt(range.end - range.start), true);
  }
  return bytes;
}
