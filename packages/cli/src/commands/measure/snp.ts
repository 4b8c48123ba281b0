// `measure snp`: the launch digest of a SEV-SNP guest from its firmware, kernel and processors.
import {
  decodeHex,
  encodeHex,
  findCpuSignature,
  measureSnp,
  type SnpLaunch,
  snpCpuTypes,
  snpVmms,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import {
  choiceFlag,
  defaultedFlag,
  integerFlag,
  required,
  textFlag,
  UsageError,
} from '../../arguments/flag.js';
import { command } from '../command.js';
import {
  documentFlags,
  documentOf,
  measuring,
  parseNumber,
  readInput,
  readInputOrNothing,
  registering,
  showDocument,
} from './document.js';

interface BootFlags {
  readonly kernel: string | null;
  readonly initrd: string | null;
  readonly append: string | null;
}

function readBoot({ kernel, initrd, append }: BootFlags): SnpLaunch['boot'] {
  if (kernel === null) {
    if (initrd !== null || append !== null) {
      throw new UsageError('-initrd and -append go with -kernel');
    }
    return null;
  }
  return {
    kernel: readInput(kernel, 'kernel'),
    initrd: readInputOrNothing(initrd, 'initrd'),
    commandLine: append ?? '',
  };
}

function chooseSignature(type: string | null, signature: string | null): number | null {
  if (type !== null && signature !== null) {
    throw new UsageError('-vcpu-type and -vcpu-sig say the same: give one');
  }
  if (signature !== null) return Number(parseNumber(signature, 'vcpu-sig'));
  if (type === null) return null;
  const found = findCpuSignature(type);
  if (found === null) {
    throw new UsageError(`-vcpu-type: want one of ${snpCpuTypes.join(', ')}; or give -vcpu-sig`);
  }
  return found;
}

function parseDigest(text: string | null): Uint8Array | null {
  if (text === null) return null;
  if (!/^[0-9a-fA-F]{96}$/.test(text)) throw new UsageError('-ovmf-hash: want 96 hex digits');
  return decodeHex(text);
}

export const measureSnpCommand = command({
  usage: 'measure snp [options]',
  summary: 'Compute the launch digest of a SEV-SNP guest',
  details: `Computes what a SEV-SNP report states as its measurement: the firmware’s pages, the pages that it asks for, the hashes of kernel, initrd and command line (with a firmware that has a place for them, and QEMU’s kernel-hashes=on), and the state in which each processor starts. Nothing is verified, and nothing is fetched.\n\n${registering}`,
  examples: [
    [
      'A guest of four processors that QEMU boots with a kernel:',
      'measure snp -ovmf=OVMF.fd -kernel=vmlinuz -initrd=initrd.img -append="console=ttyS0" -vcpus=4 -vcpu-type=EPYC-v4',
    ],
  ],
  flags: {
    ovmf: textFlag('Firmware image. Required.', { valueName: 'FILE' }),
    'ovmf-hash': textFlag(
      'Digest of the firmware’s pages, in hex, where it is known and -ovmf only ends like it.',
      { valueName: 'HEX' },
    ),
    kernel: textFlag('Kernel that QEMU boots.', { valueName: 'FILE' }),
    initrd: textFlag('Initrd that goes with it.', { valueName: 'FILE' }),
    append: textFlag('Command line that goes with it.'),
    vcpus: integerFlag('Number of processors. Required.'),
    'vcpu-type': textFlag('Processor model by QEMU’s name, such as EPYC-v4.', {
      valueName: 'MODEL',
    }),
    'vcpu-sig': textFlag('Processor signature (CPUID leaf 1, EAX) instead of a model.', {
      valueName: 'NUMBER',
    }),
    'guest-features': defaultedFlag(
      'SEV_FEATURES of the guest: 0x1 for SEV-SNP, 0x21 with debug registers swapped.',
      '0x1',
      { valueName: 'NUMBER' },
    ),
    vmm: choiceFlag('Who starts the guest.', snpVmms, 'qemu'),
    ...documentFlags,
  },
  arguments: [0, 0],
  server: false,
  format: true,
  async run(context, flags) {
    const launch: SnpLaunch = {
      ovmf: readInput(required(flags.ovmf, 'ovmf'), 'firmware'),
      ovmfDigest: parseDigest(flags['ovmf-hash']),
      boot: readBoot(flags),
      vmm: flags.vmm,
      processors: required(flags.vcpus, 'vcpus'),
      cpuSignature: chooseSignature(flags['vcpu-type'], flags['vcpu-sig']),
      guestFeatures: parseNumber(flags['guest-features'], 'guest-features'),
    };
    const digest = await measuring(() => measureSnp(launch, nodeProvider));
    const document = documentOf(flags, 'sev-snp', { measurement: [encodeHex(digest)] });
    await showDocument(context, document);
    return 0;
  },
});
