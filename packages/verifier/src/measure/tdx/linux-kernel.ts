// A Linux kernel as QEMU up to 10.1 hands it to the firmware: with the fields of its setup header filled in that a boot loader
// fills in (Linux, Documentation/arch/x86/boot.rst; QEMU, hw/i386/x86-common.c, x86_load_linux()).

import { copyBytes } from '../../encoding/bytes.js';
import { EvidenceError } from '../../errors.js';

const setupBytesMin = 0x1000;
/** QEMU keeps this much free below the end of low memory for ACPI tables. */
const acpiBytes = 0x28000;
const initrdAddressMax = 0x37ff_ffff;
const lowMemory = { split: 0xb000_0000, below: 0x8000_0000 } as const;
/** The setup code and the command line, where QEMU puts them for a kernel that is loaded high. */
const setupAddress = 0x10000;
const commandLineAddress = 0x20000;

function unusable(why: string): EvidenceError {
  return new EvidenceError('input-invalid', `Linux kernel: ${why}`);
}

function initrdAddress(view: DataView, initrdBytes: number, memoryBytes: number): number {
  const version = view.getUint16(0x206, true);
  // XLF_CAN_BE_LOADED_ABOVE_4G; before it the header itself says how far up.
  const canBeHigh = version >= 0x20c && (view.getUint16(0x236, true) & 0x40) !== 0;
  const stated = version < 0x20c ? view.getUint32(0x22c, true) : 0;
  const limit = canBeHigh ? 0xffff_ffff : stated || initrdAddressMax;
  const low = memoryBytes >= lowMemory.split ? lowMemory.below : memoryBytes;
  const highest = Math.min(limit, low - acpiBytes - 1);
  if (initrdBytes >= highest) throw unusable('the initrd does not fit into memory');
  return Math.floor((highest - initrdBytes) / 4096) * 4096;
}

/** @throws EvidenceError 'input-invalid' for a kernel older than boot protocol 2.03 or too large an initrd */
export function filledInKernel(
  kernel: Uint8Array,
  initrdBytes: number,
  memoryBytes: number,
): Uint8Array {
  if (kernel.length < setupBytesMin) throw unusable('shorter than its setup code');
  const filledIn = copyBytes(kernel);
  const view = new DataView(filledIn.buffer);
  if (view.getUint32(0x202, true) !== 0x5372_6448) throw unusable('no setup header');
  const isHigh = (view.getUint8(0x211) & 1) !== 0;
  if (view.getUint16(0x206, true) < 0x203 || !isHigh) throw unusable('boot protocol before 2.03');
  view.setUint8(0x210, 0xb0); // Loader: QEMU
  view.setUint8(0x211, view.getUint8(0x211) | 0x80); // Heap may be used
  view.setUint32(0x224, commandLineAddress - setupAddress - 0x200, true);
  view.setUint32(0x228, commandLineAddress, true);
  if (initrdBytes > 0) {
    view.setUint32(0x218, initrdAddress(view, initrdBytes, memoryBytes), true);
    view.setUint32(0x21c, initrdBytes, true);
  }
  return filledIn;
}
