// Disks for tests: their first blocks, with a GUID partition table whose checksums are right. Nothing else is on them.
import { concatBytes } from '../encoding/bytes.js';
import { crc32 } from '../measure/crc32.js';
import { u32, u64 } from './firmware.js';

export interface DiskFields {
  /** Contents of entries by their place in the table. */
  readonly partitions?: ReadonlyMap<number, Uint8Array>;
  readonly block?: number;
  readonly entryCount?: number;
  readonly entryBytes?: number;
  readonly headerBytes?: number;
}

/** A partition: its type and some filler. */
export function makePartition(type: number, bytes = 128): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i < 16 ? type : (i * 7) & 0xff));
}

export function makeDisk(fields: DiskFields = {}): Uint8Array {
  const block = fields.block ?? 512;
  const count = fields.entryCount ?? 128;
  const entryBytes = fields.entryBytes ?? 128;
  const partitions = fields.partitions ?? new Map([[0, makePartition(1, entryBytes)]]);
  const entries = new Uint8Array(Math.min(count * entryBytes, 0x10000));
  for (const [at, entry] of partitions) entries.set(entry, at * entryBytes);
  const header = concatBytes(
    new TextEncoder().encode('EFI PART'),
    u32(0x10000, fields.headerBytes ?? 92, 0, 0),
    ...[1, 999, 34, 900].map(u64),
    makePartition(0xd1).subarray(0, 16),
    u64(2),
    u32(count, entryBytes, crc32(entries)),
  );
  header.set(u32(crc32(header)), 16);
  const disk = new Uint8Array(2 * block + entries.length);
  disk.set(header, block);
  disk.set(entries, 2 * block);
  return disk;
}
