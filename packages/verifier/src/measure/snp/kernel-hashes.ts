// The page with the hashes of kernel, initrd and command line that QEMU hands to OVMF when it boots a kernel directly
// with `kernel-hashes=on` (QEMU, docs/specs/sev-guest-firmware.rst and target/i386/sev.c).

import { concatBytes } from '../../encoding/bytes.js';
import type { CryptoProvider } from '../../provider.js';
import { guidBytes } from '../guid.js';
import { malformed, pageBytes } from '../ovmf.js';

const tableGuid = guidBytes('9438d606-4f22-4cc9-b479-a793d411fd21');
const entryGuids = {
  commandLine: guidBytes('97d02dd8-bd20-4c94-aa78-e7714d36ab2a'),
  initrd: guidBytes('44baf731-3a2f-4bd7-9af1-41e29169781d'),
  kernel: guidBytes('4de79437-abd2-427f-b835-d5b172d2045b'),
} as const;
const entryBytes = 16 + 2 + 32;
const tableBytes = 16 + 2 + 3 * entryBytes;
/** QEMU pads the table to a multiple of 16. */
const paddedBytes = Math.ceil(tableBytes / 16) * 16;

/** What QEMU is given with -kernel, -initrd and -append. No initrd is an empty one. */
export interface DirectBoot {
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array;
  readonly commandLine: string;
}

function sized(guid: Uint8Array, length: number, ...rest: Uint8Array[]): Uint8Array {
  return concatBytes(guid, Uint8Array.of(length & 0xff, length >> 8), ...rest);
}

/** One page with the table at `offset`. @throws EvidenceError 'malformed' if it does not fit there */
export async function kernelHashesPage(
  boot: DirectBoot,
  offset: number,
  provider: CryptoProvider,
): Promise<Uint8Array> {
  if (offset + paddedBytes > pageBytes) throw malformed('table of kernel hashes leaves its page');
  const commandLine = new TextEncoder().encode(`${boot.commandLine}\0`);
  const entry = async (guid: Uint8Array, data: Uint8Array): Promise<Uint8Array> =>
    sized(guid, entryBytes, await provider.digest('sha256', data));
  const table = sized(
    tableGuid,
    tableBytes,
    await entry(entryGuids.commandLine, commandLine),
    await entry(entryGuids.initrd, boot.initrd),
    await entry(entryGuids.kernel, boot.kernel),
  );
  const page = new Uint8Array(pageBytes);
  page.set(table, offset);
  return page;
}
