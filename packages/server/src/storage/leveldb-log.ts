// Checks LevelDB's write-ahead log before LevelDB replays it. LevelDB skips a damaged record without a word and then
// deletes the log; a store of secrets refuses instead, and leaves the files as they are.
// Format: LevelDB doc/log_format.md (32 KiB blocks; CRC-32C, length, type, payload).

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc >>> 0;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC32C_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The stored form: rotated right by 15 bits, plus a constant. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Where the record at `offset` ends, or null when there is no whole and undamaged record. */
function findRecordEnd(log: Buffer, offset: number): number | null {
  const blockEnd = (Math.floor(offset / BLOCK_BYTES) + 1) * BLOCK_BYTES;
  if (offset + HEADER_BYTES > Math.min(blockEnd, log.length)) return null;
  const end = offset + HEADER_BYTES + log.readUInt16LE(offset + 4);
  const type = log[offset + 6] ?? 0;
  if (type < FULL || type > LAST || end > blockEnd || end > log.length) return null;
  return maskedCrc(log.subarray(offset + 6, end)) === log.readUInt32LE(offset) ? end : null;
}

/**
 * Offset of damage inside the log, or null when it is sound. A torn tail is sound: it belongs to a commit that was
 * never acknowledged. Damage is told from a torn tail by another commit that starts after it (commits are written
 * one group at a time, so a later one means that the earlier was acknowledged).
 */
export function findLogDamage(log: Buffer): number | null {
  let offset = 0;
  while (offset < log.length) {
    const blockEnd = (Math.floor(offset / BLOCK_BYTES) + 1) * BLOCK_BYTES;
    if (blockEnd - offset < HEADER_BYTES) {
      offset = blockEnd;
      continue;
    }
    const end = findRecordEnd(log, offset);
    if (end === null) return hasCommitAfter(log, offset) ? offset : null;
    offset = end;
  }
  return null;
}

function hasCommitAfter(log: Buffer, damage: number): boolean {
  for (let offset = damage + 1; offset + HEADER_BYTES <= log.length; offset += 1) {
    const type = log[offset + 6];
    if ((type === FULL || type === FIRST) && findRecordEnd(log, offset) !== null) return true;
  }
  return false;
}
