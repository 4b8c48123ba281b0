// One machine per format: powered on with a vendor's keys and a measured workload, it signs what it is asked to. Loads
// the software vendors; only the simulated attester may load this.

import { sessionNonce } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import {
  azureContainer,
  createSoftwareAk,
  mintAkCertificate,
  mintAttest,
  mintHclReport,
  mintNitroDocument,
  mintSgxQuote,
  mintTdxQuote,
  runtimeData,
  runtimeReportData,
  type SimulatedVendor,
  type SoftwareAk,
  signAttest,
  simulatedAmd,
  simulatedAws,
  simulatedIntel,
  simulatedTpm,
  tdReportBytes,
  tpmContainer,
  tpmSignature,
} from '@vouchsafe/verifier/testing';
import type { SimulatedMeasurement } from '../measure.js';
import { type SimulatedFormat, simulatedRegisters } from '../simulated-registers.js';

/** Evidence over 64 bytes of report data. */
type Attest = (reportData: Uint8Array) => Promise<Uint8Array>;
type Clock = () => number;

interface SimulatedMachine {
  /** Of the vendor, in the folder. */
  readonly file: string;
  /** @throws when `text` is not such a file */
  power(text: string, measured: SimulatedMeasurement, clock: Clock): Promise<Attest>;
}

function machine<V>(
  vendor: SimulatedVendor<V>,
  power: (vendor: V, measured: SimulatedMeasurement, clock: Clock) => Attest,
): SimulatedMachine {
  return {
    file: vendor.file,
    power: async (text, measured, clock) => power(vendor.fromJson(text), measured, clock),
  };
}

const tdx = machine(simulatedIntel, (ca, measured) => {
  const { mrtd: mrTd, rtmr3 } = simulatedRegisters['tdx-dcap'](measured);
  return async (reportData) =>
    mintTdxQuote(ca, { version: 4, report: { reportData, mrTd, rtmr3 } });
});

const sgx = machine(simulatedIntel, (ca, measured) => {
  const { mrenclave: mrEnclave } = simulatedRegisters['sgx-dcap'](measured);
  return async (reportData) => mintSgxQuote(ca, { version: 3, report: { reportData, mrEnclave } });
});

const snp = machine(simulatedAmd, (chip, measured) => {
  const { measurement } = simulatedRegisters['sev-snp'](measured);
  return async (reportData) => chip.attest({ reportData, measurement }).report;
});

const NITRO_PCRS = 16;
const nitro = machine(simulatedAws, (ca, measured, clock) => {
  const { pcr0, pcr1, pcr2 } = simulatedRegisters['aws-nitro'](measured);
  const pcrs = registerMap(NITRO_PCRS, 48, { 0: pcr0, 1: pcr1, 2: pcr2 });
  return async (userData) =>
    mintNitroDocument(ca, { fields: { timestamp: new Date(clock()), pcrs, userData } });
});

/** Those of the firmware and its loader, which a policy asks for by default. */
const FIRMWARE_PCRS = 8;
const tpm = machine(simulatedTpm, (ca, measured, clock) => {
  const { pcr0, pcr4 } = simulatedRegisters['tpm2-quote'](measured);
  const pcrs = registerMap(FIRMWARE_PCRS, 32, { 0: pcr0, 4: pcr4 });
  const ak = createSoftwareAk({ kind: 'ecdsa-p256' });
  const now = clock();
  const certificate = mintAkCertificate(ca, ak, {
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(now + YEAR_MS),
  });
  return async (reportData) => {
    const { quote, numbers } = await quoteOver(ak, pcrs, reportData);
    return jsonBytes(
      tpmContainer({
        quote,
        signature: tpmSignature(ak, numbers),
        akPublic: ak.publicArea,
        pcrs,
        akCertificates: [certificate, ca.intermediate.der],
      }),
    );
  };
});

/** Azure's paravisor quotes every PCR. */
const AZURE_PCRS = 24;
const SNP_HARDWARE = 2;
const TDX_HARDWARE = 4;

const azureSnp = machine(simulatedAmd, (chip, measured) => {
  const { measurement, ...pcrs } = simulatedRegisters['azure-snp-vtpm'](measured);
  return azureVm(pcrs, (runtime) => {
    const reportData = runtimeReportData(runtime);
    const { report: hardwareReport } = chip.attest({ reportData, measurement });
    return {
      hclReport: mintHclReport({ hardwareReport, runtime, type: SNP_HARDWARE }),
      vcek: chip.endorsementKey.der,
    };
  });
});

const azureTdx = machine(simulatedIntel, (ca, measured) => {
  const { mrtd: mrTd, ...pcrs } = simulatedRegisters['azure-tdx-vtpm'](measured);
  return azureVm(pcrs, (runtime) => {
    const reportData = runtimeReportData(runtime);
    const hardwareReport = tdReportBytes(reportData);
    return {
      hclReport: mintHclReport({ hardwareReport, runtime, type: TDX_HARDWARE }),
      tdQuote: mintTdxQuote(ca, { version: 4, report: { reportData, mrTd } }),
    };
  });
});

export const simulatedMachines: Readonly<Record<SimulatedFormat, SimulatedMachine>> = {
  'tdx-dcap': tdx,
  'sev-snp': snp,
  'sgx-dcap': sgx,
  'aws-nitro': nitro,
  'tpm2-quote': tpm,
  'azure-snp-vtpm': azureSnp,
  'azure-tdx-vtpm': azureTdx,
};

type Hardware = Pick<Parameters<typeof azureContainer>[0], 'hclReport' | 'vcek' | 'tdQuote'>;

/** A VM whose hardware vouches, once at its start, for the key of its virtual TPM. */
function azureVm(
  registers: { readonly pcr0: Buffer; readonly pcr4: Buffer },
  start: (runtime: Uint8Array) => Hardware,
): Attest {
  const pcrs = registerMap(AZURE_PCRS, 32, { 0: registers.pcr0, 4: registers.pcr4 });
  const ak = createSoftwareAk({ kind: 'rsassa' });
  const hardware = start(runtimeData(ak));
  return async (reportData) => {
    const { quote: message, numbers } = await quoteOver(ak, pcrs, reportData);
    const [signature = new Uint8Array()] = numbers;
    return jsonBytes(azureContainer({ ...hardware, message, signature, pcrs: [...pcrs.values()] }));
  };
}

const CLOCK_SKEW_MS = 60_000;
const YEAR_MS = 365 * 86_400_000;

async function quoteOver(
  ak: SoftwareAk,
  pcrs: ReadonlyMap<number, Uint8Array>,
  reportData: Uint8Array,
) {
  const extraData = await sessionNonce(reportData, nodeProvider);
  const quote = mintAttest({ bank: 'sha256', pcrs, extraData }, ak.hash);
  return { quote, numbers: signAttest(ak, quote) };
}

/** Registers 0 to count - 1: those that are named, and zeros. */
function registerMap(
  count: number,
  bytes: number,
  named: Readonly<Record<number, Uint8Array>>,
): ReadonlyMap<number, Uint8Array> {
  return new Map(
    Array.from({ length: count }, (_, index) => [index, named[index] ?? new Uint8Array(bytes)]),
  );
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
