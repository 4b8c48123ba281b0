// `measure tdx`: MRTD of a TD from its firmware, RTMR0 to RTMR2 from the kernel that QEMU boots, or RTMR1 and RTMR2 from what
// it boots from its disk.
import {
  type AcpiBlobs,
  encodeHex,
  type KernelHeader,
  kernelHeaders,
  measureTdx,
  type TdvfGeneration,
  type TdxDirectBoot,
  type TdxDiskBoot,
  type TdxLaunch,
  tdvfGenerations,
  tdxPageOrders,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { choiceFlag, repeatedFlag, required, textFlag, UsageError } from '../../arguments/flag.js';
import { command } from '../command.js';
import {
  documentFlags,
  documentOf,
  measuring,
  readInput,
  readInputOrNothing,
  registering,
  showDocument,
} from './document.js';

const UNITS: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** QEMU's -m: megabytes, or with a unit. */
function parseMemory(text: string): number {
  const [, digits = '', unit = 'M'] = /^([0-9]{1,9})([MGT]?)$/.exec(text.toUpperCase()) ?? [];
  if (digits === '') throw new UsageError('-memory: want a size such as 2048M or 16G');
  return Number(digits) * (UNITS[unit === '' ? 'M' : unit] ?? 0);
}

interface BootFlags {
  readonly kernel: string | null;
  readonly initrd: string | null;
  readonly append: string | null;
  readonly memory: string | null;
  readonly 'acpi-tables': string | null;
  readonly 'acpi-rsdp': string | null;
  readonly 'acpi-loader': string | null;
  readonly disk: string | null;
  readonly 'efi-application': readonly string[];
}

function readAcpi(flags: BootFlags): AcpiBlobs | null {
  const paths = [flags['acpi-tables'], flags['acpi-rsdp'], flags['acpi-loader']];
  const [tables, rsdp, loader] = paths;
  if (paths.every((path) => path === null)) return null;
  if (tables == null || rsdp == null || loader == null) {
    throw new UsageError('-acpi-tables, -acpi-rsdp and -acpi-loader go together');
  }
  return {
    tables: readInput(tables, 'ACPI tables'),
    rsdp: readInput(rsdp, 'ACPI root pointer'),
    loader: readInput(loader, 'ACPI table loader'),
  };
}

/** What the QEMU that usually goes with a firmware does. */
function usualHeader(generation: TdvfGeneration): KernelHeader {
  return generation === '2022' || generation === '2024' ? 'filled-in' : 'kept';
}

function readDirectBoot(
  flags: BootFlags,
  kernel: string,
  kernelHeader: KernelHeader,
): TdxDirectBoot {
  return {
    kernel: readInput(kernel, 'kernel'),
    initrd: readInputOrNothing(flags.initrd, 'initrd'),
    commandLine: required(flags.append, 'append'),
    memoryBytes: parseMemory(required(flags.memory, 'memory')),
    kernelHeader,
    acpi: readAcpi(flags),
  };
}

function readDiskBoot(flags: BootFlags, disk: string): TdxDiskBoot {
  if (flags.kernel !== null || flags.memory !== null || readAcpi(flags) !== null) {
    throw new UsageError('-kernel, -memory and -acpi-… do not go with -disk');
  }
  if (flags.append === null && flags.initrd !== null) {
    throw new UsageError('-initrd goes with -append');
  }
  return {
    disk: readInput(disk, 'disk'),
    applications: flags['efi-application'].map((path) => readInput(path, 'EFI application')),
    commandLine: flags.append,
    initrd: readInputOrNothing(flags.initrd, 'initrd'),
  };
}

function readBoot(flags: BootFlags, kernelHeader: KernelHeader): TdxLaunch['boot'] {
  const { kernel, disk, initrd, append, memory } = flags;
  if (disk !== null) return readDiskBoot(flags, disk);
  if (flags['efi-application'].length > 0) throw new UsageError('-efi-application goes with -disk');
  if (kernel !== null) return readDirectBoot(flags, kernel, kernelHeader);
  if ([initrd, append, memory, readAcpi(flags)].some((value) => value !== null)) {
    throw new UsageError('-initrd, -append, -memory and -acpi-… go with -kernel');
  }
  return null;
}

export const measureTdxCommand = command({
  usage: 'measure tdx [options]',
  summary: 'Compute MRTD and RTMR0 to RTMR2 of a TD',
  details: `Computes what a TDX quote states: MRTD from the firmware alone; RTMR1 and RTMR2 with -kernel, for a TD that QEMU boots directly; RTMR0 too when the three ACPI blobs are given, which a guest finds as raw below /sys/firmware/qemu_fw_cfg/by_name/etc, in acpi/tables, acpi/rsdp and table-loader. For a TD that boots from its disk RTMR1 with -disk, and with -append RTMR2, for boot loaders that measure nothing themselves. RTMR3 is the workload’s own. Nothing is verified, and nothing is fetched.\n\n${registering}`,
  examples: [
    ['The firmware alone:', 'measure tdx -tdvf=OVMF.fd -kind=firmware'],
    [
      'A TD that QEMU boots with a kernel:',
      'measure tdx -tdvf=OVMF.fd -kernel=vmlinuz -initrd=initrd.img -append="console=hvc0" -memory=2G',
    ],
    [
      'A TD that boots from a disk:',
      'measure tdx -tdvf=OVMF.fd -disk=disk.raw -efi-application=shimx64.efi -efi-application=grubx64.efi',
    ],
  ],
  flags: {
    tdvf: textFlag('Firmware image. Required.', { valueName: 'FILE' }),
    kernel: textFlag('Kernel that QEMU boots.', { valueName: 'FILE' }),
    disk: textFlag('Raw disk that the TD boots from, or its first 34 blocks.', {
      valueName: 'FILE',
    }),
    'efi-application': repeatedFlag(
      'EFI application that the TD loads from the disk, such as shim or GRUB, in order.',
      { valueName: 'FILE' },
    ),
    initrd: textFlag('Initrd of the kernel.', { valueName: 'FILE' }),
    append: textFlag(
      'Command line of the kernel: as QEMU’s -append has it, or for a disk as /proc/cmdline shows it.',
    ),
    memory: textFlag('Memory of the TD, as QEMU’s -m has it: 2048M, 16G.', { valueName: 'SIZE' }),
    'acpi-tables': textFlag('ACPI tables, for RTMR0.', { valueName: 'FILE' }),
    'acpi-rsdp': textFlag('ACPI root pointer, for RTMR0.', { valueName: 'FILE' }),
    'acpi-loader': textFlag('ACPI table loader, for RTMR0.', { valueName: 'FILE' }),
    edk2: choiceFlag(
      'Generation of the firmware: until 2023, until edk2-stable202502, edk2-stable202505, or from edk2-stable202508 on.',
      tdvfGenerations,
      '2024',
    ),
    'kernel-header': choiceFlag(
      'Whether QEMU fills in the kernel’s setup header or keeps it as it is in the file; auto: filled-in with -edk2=2022 and 2024, else kept.',
      ['auto', ...kernelHeaders],
      'auto',
    ),
    'page-order': choiceFlag(
      'Whether the VMM measures each page as it adds it, or after all of a section.',
      tdxPageOrders,
      'one-pass',
    ),
    ...documentFlags,
  },
  arguments: [0, 0],
  server: false,
  format: true,
  async run(context, flags) {
    const header = flags['kernel-header'];
    const launch: TdxLaunch = {
      firmware: readInput(required(flags.tdvf, 'tdvf'), 'firmware'),
      pageOrder: flags['page-order'],
      generation: flags.edk2,
      boot: readBoot(flags, header === 'auto' ? usualHeader(flags.edk2) : header),
    };
    const measured = await measuring(() => measureTdx(launch, nodeProvider));
    const set: Record<string, readonly string[]> = {};
    const missing: string[] = [];
    for (const [register, value] of Object.entries(measured)) {
      if (value === null) missing.push(register);
      else set[register] = [encodeHex(value)];
    }
    await showDocument(context, documentOf(flags, 'tdx-dcap', set), [
      ['not computed', [...missing, 'rtmr3'].join(', ')],
    ]);
    return 0;
  },
});
