// What a genuine SEV-SNP report will state as its MEASUREMENT, from the files a guest is started with. Offline;
// trusts its input: a measurement is as good as the files.

import { EvidenceError } from '../../errors.js';
import type { CryptoProvider } from '../../provider.js';
import { type OvmfImage, pageBytes, parseOvmf } from '../ovmf.js';
import { type DirectBoot, kernelHashesPage } from './kernel-hashes.js';
import { LaunchDigest } from './launch-digest.js';
import { parseSnpMetadata, type SnpMetadata, type SnpSection } from './metadata.js';
import {
  needsCpuSignature,
  processorStatePage,
  resetVector,
  type SnpVmm,
} from './processor-state.js';

const processorsMax = 4096;

export interface SnpLaunch {
  /** The firmware image: OVMF as one file (code with or without variables, as the VMM maps it). */
  readonly ovmf: Uint8Array;
  /**
   * The digest of the image's pages (48 bytes), if somebody computed it from the whole image before;
   * `ovmf` then only has to end like it. Null: computed here.
   */
  readonly ovmfDigest: Uint8Array | null;
  /** Null: the firmware finds its kernel on a disk, which is not measured. */
  readonly boot: DirectBoot | null;
  readonly vmm: SnpVmm;
  readonly processors: number;
  /** CPUID leaf 1, EAX: see findCpuSignature(). Null only where the VMM does not start with it. */
  readonly cpuSignature: number | null;
  /** SEV_FEATURES; 1n is SEV-SNP alone. */
  readonly guestFeatures: bigint;
}

function unusable(why: string): EvidenceError {
  return new EvidenceError('input-invalid', `SNP launch: ${why}`);
}

function checkInput(launch: SnpLaunch): number {
  const { processors, cpuSignature, guestFeatures, ovmfDigest } = launch;
  if (!Number.isSafeInteger(processors) || processors < 1 || processors > processorsMax) {
    throw unusable(`processors: want 1 to ${processorsMax}`);
  }
  if ((guestFeatures & 1n) === 0n || guestFeatures >> 64n !== 0n) {
    throw unusable('guest features: want 64 bits with bit 0, SEV-SNP, set');
  }
  if (ovmfDigest !== null && ovmfDigest.length !== 48) {
    throw unusable('digest of the image: want 48 bytes');
  }
  if (cpuSignature === null) {
    if (needsCpuSignature(launch.vmm)) throw unusable(`${launch.vmm} needs a processor signature`);
    return 0;
  }
  if (!Number.isSafeInteger(cpuSignature) || cpuSignature < 0 || cpuSignature >= 2 ** 32) {
    throw unusable('processor signature: want 32 bits');
  }
  return cpuSignature;
}

/** The one page that takes the hashes. @throws EvidenceError 'input-invalid' if the image has none */
async function hashesPage(
  boot: DirectBoot,
  metadata: SnpMetadata,
  provider: CryptoProvider,
): Promise<Uint8Array> {
  const { hashTable, sections } = metadata;
  const section = sections.find(({ kind }) => kind === 'kernel-hashes');
  if (hashTable === null || section === undefined) {
    throw unusable('this OVMF image does not measure a kernel: it has no place for its hashes');
  }
  const offset = hashTable.address - section.address;
  if (offset < 0 || offset >= pageBytes) {
    throw new EvidenceError('malformed', 'OVMF image: table of kernel hashes in another section');
  }
  return kernelHashesPage(boot, offset, provider);
}

async function addSection(
  digest: LaunchDigest,
  { kind, address, bytes }: SnpSection,
  vmm: SnpVmm,
  hashes: Uint8Array | null,
): Promise<void> {
  switch (kind) {
    case 'memory':
      return digest.addUndescribed(vmm === 'gce' ? 'unmeasured' : 'zero', address, bytes);
    case 'secrets':
      return digest.addUndescribed('secrets', address, bytes);
    case 'cpuid':
      return digest.addUndescribed('cpuid', address, bytes);
    case 'svsm-calling-area':
      return digest.addUndescribed('zero', address, bytes);
    case 'kernel-hashes':
      return hashes === null
        ? digest.addUndescribed('zero', address, bytes)
        : digest.addPages(address, hashes);
  }
}

async function addSections(
  digest: LaunchDigest,
  launch: SnpLaunch,
  ovmf: OvmfImage,
  provider: CryptoProvider,
): Promise<SnpMetadata> {
  const metadata = parseSnpMetadata(ovmf);
  const hashes = launch.boot === null ? null : await hashesPage(launch.boot, metadata, provider);
  // EC2 adds the CPUID page after all others.
  const isLast = ({ kind }: SnpSection): boolean => launch.vmm === 'ec2' && kind === 'cpuid';
  const { sections } = metadata;
  const ordered = [...sections.filter((each) => !isLast(each)), ...sections.filter(isLast)];
  for (const section of ordered) await addSection(digest, section, launch.vmm, hashes);
  return metadata;
}

/** The digest of the image's pages alone: what `ovmfDigest` takes. @throws EvidenceError as parseOvmf() */
export async function measureOvmfPages(
  image: Uint8Array,
  provider: CryptoProvider,
): Promise<Uint8Array> {
  const digest = new LaunchDigest(provider, null);
  const ovmf = parseOvmf(image);
  await digest.addPages(2 ** 32 - ovmf.image.length, ovmf.image);
  return digest.value;
}

/**
 * The 48 bytes of the launch digest.
 * @throws EvidenceError 'input-invalid' for a launch that cannot be, 'unsupported-format' |
 *   'unsupported-version' | 'malformed' for an image that is not OVMF made for SEV-SNP
 */
export async function measureSnp(launch: SnpLaunch, provider: CryptoProvider): Promise<Uint8Array> {
  const cpuSignature = checkInput(launch);
  const ovmf = parseOvmf(launch.ovmf);
  const start = launch.ovmfDigest ?? (await measureOvmfPages(launch.ovmf, provider));
  const digest = new LaunchDigest(provider, start);
  const metadata = await addSections(digest, launch, ovmf, provider);
  const { vmm, guestFeatures } = launch;
  const pageFor = (address: number): Uint8Array =>
    processorStatePage({ vmm, address, cpuSignature, guestFeatures });
  await digest.addProcessorState(pageFor(resetVector));
  if (launch.processors > 1) {
    if (metadata.resetAddress === null || metadata.resetAddress === 0) {
      throw unusable('this OVMF image does not say where further processors start');
    }
    const page = pageFor(metadata.resetAddress);
    for (let i = 1; i < launch.processors; i += 1) await digest.addProcessorState(page);
  }
  return digest.value;
}
