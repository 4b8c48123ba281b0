// The state in which a VMM starts a SEV-SNP guest's processors: the save area (VMSA, AMD APM volume 2, table B-4)
// with the reset values that each VMM uses. Facts only.

import { pageBytes } from '../ovmf.js';

export const snpVmms = ['qemu', 'ec2', 'gce'] as const;
export type SnpVmm = (typeof snpVmms)[number];

/** The reset vector: where the boot processor starts. */
export const resetVector = 0xffff_fff0;

interface VmmDefaults {
  readonly codeFlags: (address: number) => number;
  readonly stackFlags: number;
  readonly taskFlags: number;
  readonly pat: bigint;
  /** EDX after reset; null: the processor's signature. */
  readonly edx: number | null;
  readonly mxcsr: number;
  readonly fpuControl: number;
}

const resetPat = 0x0007_0406_0007_0406n;

const vmms: Readonly<Record<SnpVmm, VmmDefaults>> = {
  qemu: {
    codeFlags: () => 0x9b,
    stackFlags: 0x93,
    taskFlags: 0x8b,
    pat: resetPat,
    edx: null,
    mxcsr: 0x1f80,
    fpuControl: 0x37f,
  },
  ec2: {
    codeFlags: (address) => (address === resetVector ? 0x9a : 0x9b),
    stackFlags: 0x92,
    taskFlags: 0x83,
    pat: resetPat,
    edx: 0x600,
    mxcsr: 0,
    fpuControl: 0,
  },
  gce: {
    codeFlags: () => 0x9b,
    stackFlags: 0x93,
    taskFlags: 0x8b,
    pat: 0x0007_0106n,
    edx: 0x600,
    mxcsr: 0,
    fpuControl: 0,
  },
};

/** Whether the processor's signature is part of the state that this VMM starts with. */
export function needsCpuSignature(vmm: SnpVmm): boolean {
  return vmms[vmm].edx === null;
}

export interface ProcessorState {
  readonly vmm: SnpVmm;
  /** Where it starts: 32 bits, real mode. */
  readonly address: number;
  /** CPUID leaf 1, EAX. Used where needsCpuSignature(). */
  readonly cpuSignature: number;
  /** SEV_FEATURES (APM volume 2, table B-4): bit 0 is SEV-SNP itself. */
  readonly guestFeatures: bigint;
}

/** One page. */
export function processorStatePage(state: ProcessorState): Uint8Array {
  const defaults = vmms[state.vmm];
  const page = new Uint8Array(pageBytes);
  const view = new DataView(page.buffer);
  const segment = (at: number, selector: number, flags: number, base: number) => {
    view.setUint16(at, selector, true);
    view.setUint16(at + 2, flags, true);
    view.setUint32(at + 4, 0xffff, true);
    view.setBigUint64(at + 8, BigInt(base), true);
  };
  const register = (at: number, value: bigint) => view.setBigUint64(at, value, true);

  segment(0x00, 0, 0x93, 0); // ES
  const codeBase = (state.address & 0xffff_0000) >>> 0;
  segment(0x10, 0xf000, defaults.codeFlags(state.address), codeBase);
  segment(0x20, 0, defaults.stackFlags, 0);
  segment(0x30, 0, 0x93, 0); // DS
  segment(0x40, 0, 0x93, 0); // FS
  segment(0x50, 0, 0x93, 0); // GS
  segment(0x60, 0, 0, 0); // GDTR
  segment(0x70, 0, 0x82, 0); // LDTR
  segment(0x80, 0, 0, 0); // IDTR
  segment(0x90, 0, defaults.taskFlags, 0);
  register(0xd0, 0x1000n); // EFER: SVME
  register(0x148, 0x40n); // CR4: MCE
  register(0x158, 0x10n); // CR0: ET
  register(0x160, 0x400n); // DR7
  register(0x168, 0xffff_0ff0n); // DR6
  register(0x170, 0x2n); // RFLAGS
  register(0x178, BigInt(state.address & 0xffff)); // RIP
  register(0x268, defaults.pat); // G_PAT
  register(0x310, BigInt(defaults.edx ?? state.cpuSignature)); // RDX
  register(0x3b0, state.guestFeatures); // SEV_FEATURES
  register(0x3e8, 0x1n); // XCR0
  view.setUint32(0x408, defaults.mxcsr, true);
  view.setUint16(0x410, defaults.fpuControl, true);
  return page;
}
