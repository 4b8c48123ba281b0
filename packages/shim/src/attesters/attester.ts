// What can show what this machine runs: one interface per kind of platform. Collecting is all an attester does; it
// judges nothing and talks to nobody.

/** RATS Conceptual Message Wrapper in its JSON record form: media type and value. */
export interface CmwRecord {
  readonly type: string;
  readonly value: Uint8Array;
}

/** Media types of what a login carries (docs/attested-login.md section 4). */
export const cmwTypes = {
  tdxQuote: 'application/vnd.vouchsafe.tdx-dcap',
  snpReport: 'application/vnd.vouchsafe.sev-snp',
  snpCertificates: 'application/vnd.vouchsafe.snp-certificates',
} as const;

export interface CollectedEvidence {
  readonly evidence: CmwRecord;
  /** What the platform handed out beside it; untrusted, at most a few. */
  readonly endorsements: readonly CmwRecord[];
}

export interface Attester {
  /** As -attester names it. */
  readonly name: string;
  readonly format: 'tdx-dcap' | 'sev-snp';
  /** Fresh evidence over these 64 bytes. @throws ShimError */
  collect(reportData: Uint8Array): Promise<CollectedEvidence>;
}

/** What attesters may need to know. */
export interface AttesterSettings {
  /** Where Linux has its report interface. */
  readonly tsmPath: string;
  /** Folder or file with the simulated vendor's keys; null when nobody asked for a simulation. */
  readonly simulatedTee: string | null;
  /** The workload, for attesters that measure it themselves. */
  readonly command: readonly string[];
  /** For finding the workload: PATH. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const reportDataBytes = 64;

/** A way to get an attester on this machine. */
export interface AttesterKind {
  readonly name: string;
  /** Whether 'auto' may take it here: the hardware is there, or somebody asked for it in so many words. */
  isPresent(settings: AttesterSettings): Promise<boolean>;
  /** @throws ShimError saying what to do */
  open(settings: AttesterSettings): Promise<Attester>;
}
