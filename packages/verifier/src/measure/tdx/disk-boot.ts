// A TD that boots from a disk: what its firmware, shim and the kernel's EFI stub measure. What a boot loader measures
// beyond that, as GRUB does where it finds a TPM, is not known here.

import { EvidenceError } from '../../errors.js';
import { measuredPeBytes } from '../pe-image.js';
import { endOfBoot, startOfBoot, type TdvfGeneration, utf16 } from './firmware-events.js';
import { partitionTableEvent } from './partition-table.js';
import { mokListEvents } from './shim.js';

const applicationsMax = 16;

export interface TdxDiskBoot {
  /** The disk from its first byte; 34 blocks of it are enough on most. */
  readonly disk: Uint8Array;
  /** In the order in which they are loaded: shim, GRUB; what a TD's event log has as EV_EFI_BOOT_SERVICES_APPLICATION. */
  readonly applications: readonly Uint8Array[];
  /** As the kernel shows it in /proc/cmdline. Null: RTMR2 is not computed. */
  readonly commandLine: string | null;
  /** Empty: none. */
  readonly initrd: Uint8Array;
}

export function diskRtmr1Events(
  { disk, applications }: TdxDiskBoot,
  generation: TdvfGeneration,
): readonly Uint8Array[] {
  if (applications.length === 0 || applications.length > applicationsMax) {
    throw new EvidenceError(
      'input-invalid',
      `TDX launch: want 1 to ${applicationsMax} EFI applications`,
    );
  }
  return [
    ...startOfBoot(generation),
    partitionTableEvent(disk),
    ...applications.map(measuredPeBytes),
    ...endOfBoot,
  ];
}

/** Without a boot loader's own events. GRUB hands the command line over without a zero at its end. */
export function diskRtmr2Events(
  { applications, initrd }: TdxDiskBoot,
  commandLine: string,
): readonly Uint8Array[] {
  const rest = initrd.length === 0 ? [] : [initrd];
  return [...applications.flatMap(mokListEvents), utf16(commandLine), ...rest];
}
