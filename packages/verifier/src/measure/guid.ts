// GUIDs as firmware spells them: the first three fields little-endian (UEFI 2.10, appendix A).

import { copyBytes } from '../encoding/bytes.js';
import { decodeHex, encodeHex } from '../encoding/hex.js';

function swapFields(bytes: Uint8Array): Uint8Array {
  const out = copyBytes(bytes);
  out.subarray(0, 4).reverse();
  out.subarray(4, 6).reverse();
  out.subarray(6, 8).reverse();
  return out;
}

/** '96b582de-1fb2-45f7-baea-a366c55a082d' to its 16 bytes in memory. */
export function guidBytes(text: string): Uint8Array {
  return swapFields(decodeHex(text.replaceAll('-', '')));
}

/** 16 bytes in memory to the usual lower-case text. */
export function guidText(bytes: Uint8Array): string {
  const hex = encodeHex(swapFields(bytes));
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
