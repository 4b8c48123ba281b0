// What firmware measures of the disk that it boots from: its GUID partition table, but for entries that are not used (UEFI
// 2.10, section 5.3; TCG PC Client Platform Firmware Profile 1.06, section 10.2.5, UEFI_GPT_DATA).

import { concatBytes, isZero } from '../../encoding/bytes.js';
import { ByteReader } from '../../encoding/reader.js';
import { EvidenceError } from '../../errors.js';
import { crc32 } from '../crc32.js';

const headerBytes = 92;
const headerChecksumAt = 16;
const blockSizes = [512, 4096] as const;
const signature = 'EFI PART';
const entriesMax = 1024;
const entryBytesMax = 4096;

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `partition table: ${why}`);
}

function findHeader(disk: Uint8Array): { readonly header: Uint8Array; readonly block: number } {
  for (const block of blockSizes) {
    const header = disk.subarray(block, block + headerBytes);
    const magic = String.fromCharCode(...header.subarray(0, signature.length));
    if (magic === signature && header.length === headerBytes) return { header, block };
  }
  throw new EvidenceError('unsupported-format', 'partition table: no GPT at the start of the disk');
}

/**
 * The data of EV_EFI_GPT_EVENT.
 * @param disk the disk from its first byte, at least as far as the table's entries: 34 blocks on most disks
 * @throws EvidenceError 'unsupported-format' for no GPT; 'malformed' where checksums and sizes do not agree
 */
export function partitionTableEvent(disk: Uint8Array): Uint8Array {
  const { header, block } = findHeader(disk);
  const reader = new ByteReader(header, 'partition table');
  reader.bytes(headerChecksumAt - 4, 'signature and revision');
  if (reader.u32le('size of the header') !== headerBytes) throw malformed('size of the header');
  const checksum = reader.u32le('checksum');
  const zeroed = [header.subarray(0, headerChecksumAt), new Uint8Array(4), header.subarray(20)];
  if (crc32(...zeroed) !== checksum) throw malformed('the checksum of the header is wrong');
  reader.bytes(52, 'addresses and GUID of the disk');
  const start = Number(reader.u64le('address of the entries')) * block;
  const count = reader.u32le('number of entries');
  const entryBytes = reader.u32le('size of an entry');
  if (count > entriesMax || entryBytes < 128 || entryBytes > entryBytesMax) {
    throw malformed('more or larger entries than a disk has');
  }
  const end = start + count * entryBytes;
  if (end > disk.length) throw malformed(`want the first ${end} bytes of the disk`);
  const entries = disk.subarray(start, end);
  if (crc32(entries) !== reader.u32le('checksum of the entries')) {
    throw malformed('the checksum of the entries is wrong');
  }
  const used = Array.from({ length: count }, (_, i) =>
    entries.subarray(i * entryBytes, (i + 1) * entryBytes),
  ).filter((entry) => !isZero(entry.subarray(0, 16)));
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(used.length), true);
  return concatBytes(header, number, ...used);
}
