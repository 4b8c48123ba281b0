// What can show what this machine runs: one interface per kind of platform. Collecting is all an attester does; it
// judges nothing and talks to nobody.
import { ShimError } from '../errors.js';
import type { SimulatedFormat } from '../simulated-registers.js';

/** RATS Conceptual Message Wrapper in its JSON record form: media type and value. */
export interface CmwRecord {
  readonly type: string;
  readonly value: Uint8Array;
}

/** What evidence there is an attester for, as the verifier calls it. */
export type AttesterFormat =
  | 'tdx-dcap'
  | 'sgx-dcap'
  | 'sev-snp'
  | 'aws-nitro'
  | 'tpm2-quote'
  | 'azure-snp-vtpm'
  | 'azure-tdx-vtpm';

/** Media type of evidence in a login (docs/attested-login.md section 4). */
export function evidenceTypeOf(format: AttesterFormat): string {
  return `application/vnd.vouchsafe.${format}`;
}

export interface CollectedEvidence {
  readonly evidence: CmwRecord;
  /** What the platform handed out beside it; untrusted, at most a few. */
  readonly endorsements: readonly CmwRecord[];
}

export interface Attester {
  /** As -attester names it. */
  readonly name: string;
  readonly format: AttesterFormat;
  /** Fresh evidence over these 64 bytes. @throws ShimError */
  collect(reportData: Uint8Array): Promise<CollectedEvidence>;
}

/** What attesters may need to know. */
export interface AttesterSettings {
  /** Where Linux has its report interface. */
  readonly tsmPath: string;
  /** Where Gramine has its attestation files. */
  readonly graminePath: string;
  /** Folder or file with the simulated vendor's keys; null when nobody asked for a simulation. */
  readonly simulatedTee: string | null;
  /** Which of the vendors' formats a simulation has. */
  readonly simulatedFormat: SimulatedFormat;
  /** The workload, for attesters that measure it themselves. */
  readonly command: readonly string[];
  /** For finding the workload: PATH. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export const reportDataBytes = 64;

/** @throws ShimError 'report-data-invalid' */
export function checkReportData(reportData: Uint8Array): void {
  if (reportData.length === reportDataBytes) return;
  throw new ShimError('report-data-invalid', `report data: want ${reportDataBytes} bytes`);
}

/** A way to get an attester on this machine. */
export interface AttesterKind {
  readonly name: string;
  /** Whether 'auto' may take it here: the hardware is there, or somebody asked for it in so many words. */
  isPresent(settings: AttesterSettings): Promise<boolean>;
  /** @throws ShimError saying what to do */
  open(settings: AttesterSettings): Promise<Attester>;
}
