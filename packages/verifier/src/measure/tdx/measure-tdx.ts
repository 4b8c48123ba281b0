// What a genuine TDX quote will state as MRTD and RTMR0 to RTMR2, from the files a TD is started with by QEMU, or as MRTD,
// RTMR1 and RTMR2, from those that it finds on its disk. Offline; trusts its input. RTMR3 is the workload's own.

import { concatBytes } from '../../encoding/bytes.js';
import { decodeHex } from '../../encoding/hex.js';
import { EvidenceError } from '../../errors.js';
import type { CryptoProvider } from '../../provider.js';
import { guidBytes } from '../guid.js';
import { parseOvmf } from '../ovmf.js';
import { measuredPeBytes } from '../pe-image.js';
import { diskRtmr1Events, diskRtmr2Events, type TdxDiskBoot } from './disk-boot.js';
import {
  endOfBoot,
  separator,
  startOfBoot,
  type TdvfGeneration,
  utf16,
} from './firmware-events.js';
import { filledInKernel } from './linux-kernel.js';
import { computeMrtd, type TdxPageOrder } from './mrtd.js';
import { tdHob } from './td-hob.js';
import { parseTdvfSections, type TdvfSection } from './tdvf.js';

const registerBytes = 48;

/**
 * The kernel's setup header, as the firmware gets it. 'filled-in': with QEMU's values, as until QEMU 10.1. 'kept': as in
 * the file, from QEMU 10.2 on, and from 10.0 on where the firmware takes the unchanged copy that QEMU offers as well
 * (edk2-stable202505; Ubuntu's 2025.02-8ubuntu3, but not its 2025.02-3ubuntu2).
 */
export const kernelHeaders = ['filled-in', 'kept'] as const;
export type KernelHeader = (typeof kernelHeaders)[number];

/** As a guest shows them under /sys/firmware/qemu_fw_cfg/by_name/etc: acpi/tables, acpi/rsdp, table-loader. */
export interface AcpiBlobs {
  readonly tables: Uint8Array;
  readonly rsdp: Uint8Array;
  readonly loader: Uint8Array;
}

/** QEMU with -kernel, -initrd, -append and -m. */
export interface TdxDirectBoot {
  readonly kernel: Uint8Array;
  /** Empty: none. */
  readonly initrd: Uint8Array;
  readonly commandLine: string;
  readonly memoryBytes: number;
  readonly kernelHeader: KernelHeader;
  /** Null: RTMR0 is not computed. */
  readonly acpi: AcpiBlobs | null;
}

export interface TdxLaunch {
  /** The firmware as one file. */
  readonly firmware: Uint8Array;
  readonly pageOrder: TdxPageOrder;
  readonly generation: TdvfGeneration;
  /** Null: only MRTD is computed. */
  readonly boot: TdxDirectBoot | TdxDiskBoot | null;
}

/** 48 bytes each; null was not computed. */
export interface TdxMeasurement {
  readonly mrtd: Uint8Array;
  readonly rtmr0: Uint8Array | null;
  readonly rtmr1: Uint8Array | null;
  readonly rtmr2: Uint8Array | null;
}

const globalVariable = guidBytes('8be4df61-93ca-11d2-aa0d-00e098032b8c');
const imageSecurity = guidBytes('d719b2cb-3d3a-4596-a3bc-dad00e67656f');
/** A firmware without Secure Boot measures that these are empty, in this order. */
const secureBootVariables = [
  [globalVariable, 'SecureBoot'],
  [globalVariable, 'PK'],
  [globalVariable, 'KEK'],
  [imageSecurity, 'db'],
  [imageSecurity, 'dbx'],
] as const;

const bootOrder = new Uint8Array(2);
/** Boot0000 of OVMF: its own user interface, "UiApp", in its own firmware volume. */
const boot0000 = decodeHex(
  '090100002c0055006900410070007000000004071400c9bdb87cebf8344faaea3ee4af6516a1' +
    '0406140021aa2c4614760345836e8ab6f46623317fff0400',
);

/** UEFI_VARIABLE_DATA without data (TCG PC Client Platform Firmware Profile 1.06, section 10.2.6). */
function emptyVariable(vendor: Uint8Array, name: string): Uint8Array {
  const lengths = new Uint8Array(16);
  new DataView(lengths.buffer).setBigUint64(0, BigInt(name.length), true);
  return concatBytes(vendor, lengths, utf16(name));
}

/** A register that starts at zero, after events with these data. */
async function extend(
  events: readonly Uint8Array[],
  provider: CryptoProvider,
): Promise<Uint8Array> {
  let register: Uint8Array = new Uint8Array(registerBytes);
  for (const data of events) {
    const digest = await provider.digest('sha384', data);
    register = await provider.digest('sha384', concatBytes(register, digest));
  }
  return register;
}

/** What the firmware measures into RTMR0 of a direct boot, in order. @throws EvidenceError 'input-invalid' */
export function rtmr0Events(
  sections: readonly TdvfSection[],
  memoryBytes: number,
  acpi: AcpiBlobs,
  generation: TdvfGeneration,
): readonly Uint8Array[] {
  if (generation === '2025' || generation === '2025-08') {
    throw new EvidenceError('input-invalid', 'TDX launch: RTMR0 of edk2 2025 is not computed');
  }
  const configuration = sections.find(({ kind }) => kind === 'configuration');
  if (configuration === undefined) {
    throw new EvidenceError(
      'input-invalid',
      'TDX launch: the firmware has no configuration volume',
    );
  }
  return [
    tdHob(sections, memoryBytes),
    configuration.data,
    ...secureBootVariables.map(([vendor, name]) => emptyVariable(vendor, name)),
    separator,
    ...[acpi.loader, acpi.rsdp, acpi.tables],
    ...[bootOrder, boot0000],
    ...(generation === '2022' ? [separator] : []),
  ];
}

function rtmr1Events(boot: TdxDirectBoot, generation: TdvfGeneration): readonly Uint8Array[] {
  const kernel =
    boot.kernelHeader === 'kept'
      ? boot.kernel
      : filledInKernel(boot.kernel, boot.initrd.length, boot.memoryBytes);
  return [measuredPeBytes(kernel), ...startOfBoot(generation), ...endOfBoot];
}

/** The kernel's EFI stub measures its command line, as the firmware hands it over, and its initrd. */
export function rtmr2Events(
  { commandLine, initrd }: Pick<TdxDirectBoot, 'commandLine' | 'initrd'>,
  generation: TdvfGeneration,
): readonly Uint8Array[] {
  if (initrd.length === 0) return [utf16(`${commandLine}\0`)];
  const option = 'initrd=initrd';
  const options =
    generation === '2025-08' ? `${option} ${commandLine}` : `${commandLine} ${option}`;
  return [utf16(`${options}\0`), initrd];
}

function checkCommandLine(commandLine: string): void {
  if (commandLine === '' || commandLine.includes('\0')) {
    throw new EvidenceError('input-invalid', 'TDX launch: want a command line');
  }
}

type Registers = Omit<TdxMeasurement, 'mrtd'>;

async function measureDirectBoot(
  boot: TdxDirectBoot,
  sections: readonly TdvfSection[],
  generation: TdvfGeneration,
  provider: CryptoProvider,
): Promise<Registers> {
  const { acpi, memoryBytes } = boot;
  checkCommandLine(boot.commandLine);
  if (!Number.isSafeInteger(memoryBytes) || memoryBytes <= 0) {
    throw new EvidenceError('input-invalid', 'TDX launch: want the size of memory');
  }
  return {
    rtmr0:
      acpi === null
        ? null
        : await extend(rtmr0Events(sections, memoryBytes, acpi, generation), provider),
    rtmr1: await extend(rtmr1Events(boot, generation), provider),
    rtmr2: await extend(rtmr2Events(boot, generation), provider),
  };
}

async function measureDiskBoot(
  boot: TdxDiskBoot,
  generation: TdvfGeneration,
  provider: CryptoProvider,
): Promise<Registers> {
  const { commandLine } = boot;
  const rtmr1 = await extend(diskRtmr1Events(boot, generation), provider);
  if (commandLine === null) return { rtmr0: null, rtmr1, rtmr2: null };
  checkCommandLine(commandLine);
  const rtmr2 = await extend(diskRtmr2Events(boot, commandLine), provider);
  return { rtmr0: null, rtmr1, rtmr2 };
}

/**
 * @throws EvidenceError 'input-invalid' for a launch that cannot be; 'unsupported-format' |
 *   'unsupported-version' | 'reserved-bits' | 'malformed' for files that are not what they should be
 */
export async function measureTdx(
  launch: TdxLaunch,
  provider: CryptoProvider,
): Promise<TdxMeasurement> {
  const { boot, generation } = launch;
  const sections = parseTdvfSections(parseOvmf(launch.firmware));
  const mrtd = await computeMrtd(sections, launch.pageOrder, provider);
  if (boot === null) return { mrtd, rtmr0: null, rtmr1: null, rtmr2: null };
  const registers =
    'disk' in boot
      ? await measureDiskBoot(boot, generation, provider)
      : await measureDirectBoot(boot, sections, generation, provider);
  return { mrtd, ...registers };
}
