// Where each format has the measurement of a workload: what the simulated TEE states in it, and the same as reference
// values. Must never say of two workloads the same.
import { createHash } from 'node:crypto';
import type { ReferenceValues } from '@vouchsafe/verifier';
import type { SimulatedMeasurement } from './measure.js';

type Registers = Readonly<Record<string, Buffer>>;

/** Both in one, for formats with one register for all that was loaded at launch. SHA-384. */
function launch({ platform, workload }: SimulatedMeasurement): Buffer {
  return createHash('sha384').update(platform).update(workload).digest();
}

/** A PCR into which one thing was measured, as TPM2_PCR_Extend does it. */
function extended(digest: Buffer): Buffer {
  const event = createHash('sha256').update(digest).digest();
  return createHash('sha256').update(Buffer.alloc(32)).update(event).digest();
}

/** Firmware goes to PCR 0, and what firmware starts, here the workload, to PCR 4 (TCG PC Client PFP, section 3.3.4). */
function vtpm({ platform, workload }: SimulatedMeasurement) {
  return { pcr0: extended(platform), pcr4: extended(workload) };
}

/** Claim to what it says, by format. */
export const simulatedRegisters = {
  'tdx-dcap': (measured: SimulatedMeasurement) => ({
    mrtd: measured.platform,
    rtmr3: measured.workload,
  }),
  'sev-snp': (measured: SimulatedMeasurement) => ({ measurement: launch(measured) }),
  'sgx-dcap': (measured: SimulatedMeasurement) => ({
    mrenclave: createHash('sha256').update(launch(measured)).digest(),
  }),
  // Image, kernel with its first ramdisk, application.
  'aws-nitro': (measured: SimulatedMeasurement) => ({
    pcr0: launch(measured),
    pcr1: measured.platform,
    pcr2: measured.workload,
  }),
  'tpm2-quote': vtpm,
  'azure-snp-vtpm': (measured: SimulatedMeasurement) => ({
    measurement: measured.platform,
    ...vtpm(measured),
  }),
  'azure-tdx-vtpm': (measured: SimulatedMeasurement) => ({
    mrtd: measured.platform,
    ...vtpm(measured),
  }),
} as const;

export type SimulatedFormat = keyof typeof simulatedRegisters;
export const simulatedFormats = Object.keys(simulatedRegisters) as readonly SimulatedFormat[];
export const defaultSimulatedFormat: SimulatedFormat = 'tdx-dcap';

/** Reference values that this workload, unchanged, meets in the simulated TEE of that format. */
export function toReferenceValues(
  measurement: SimulatedMeasurement,
  options: { readonly name: string; readonly format: SimulatedFormat },
): ReferenceValues {
  const registers: Registers = simulatedRegisters[options.format](measurement);
  const expected = Object.entries(registers).map(([claim, value]) => [
    claim,
    [value.toString('hex')],
  ]);
  const { name, format } = options;
  return { name, kind: 'workload', format, any_of: [Object.fromEntries(expected)] };
}
