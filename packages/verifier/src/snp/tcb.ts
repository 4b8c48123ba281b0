// TCB_VERSION: the security patch levels of one platform, in the layout of its product line
// (SEV-SNP ABI 1.58, section 2.2).

import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import type { SnpProduct } from './product.js';

export type TcbPart = 'fmc' | 'bootloader' | 'tee' | 'snp' | 'microcode';

/** The offset of each part in the eight bytes; every other byte is reserved. */
export type TcbLayout = Readonly<Partial<Record<TcbPart, number>>>;

const zen3And4: TcbLayout = { bootloader: 0, tee: 1, snp: 6, microcode: 7 };
const zen5: TcbLayout = { fmc: 0, bootloader: 1, tee: 2, snp: 3, microcode: 7 };

/** Null stands for a version 2 report, which names no product: those are Milan or Genoa. */
export function tcbLayoutOf(product: SnpProduct | null): TcbLayout {
  return product === 'turin' ? zen5 : zen3And4;
}

export interface TcbVersion {
  /** The eight bytes in their order, hex. */
  readonly raw: string;
  readonly parts: Readonly<Partial<Record<TcbPart, number>>>;
}

/** @throws EvidenceError 'reserved-bits' */
export function parseTcb(bytes: Uint8Array, layout: TcbLayout, field: string): TcbVersion {
  const offsets = new Set<number>(Object.values(layout));
  for (const [offset, byte] of bytes.entries()) {
    if (!offsets.has(offset) && byte !== 0) {
      throw new EvidenceError('reserved-bits', `SNP report: ${field} byte ${offset} is not zero`);
    }
  }
  const parts: Partial<Record<TcbPart, number>> = {};
  for (const [part, offset] of Object.entries(layout)) {
    parts[part as TcbPart] = bytes[offset] ?? 0;
  }
  return { raw: encodeHex(bytes), parts };
}

/** The eight bytes that these levels make. Levels that the layout has no place for are left out. */
export function encodeTcb(
  parts: Readonly<Partial<Record<TcbPart, number>>>,
  layout: TcbLayout,
): Uint8Array {
  const bytes = new Uint8Array(8);
  for (const [part, offset] of Object.entries(layout)) {
    bytes[offset] = parts[part as TcbPart] ?? 0;
  }
  return bytes;
}
