// Azure's paravisor in software: runtime data, HCL report and the JSON that attesters write, around
// reports and quotes of the software AMD, Intel and TPM. For tests and the simulated TEE only.

import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { u32le } from './event-log.js';
import type { SoftwareAk } from './tpm.js';

export interface RuntimeFields {
  readonly keys: readonly Record<string, unknown>[];
  readonly configuration?: unknown;
  readonly userData?: unknown;
}

/** The JWK of an RSA key, as the paravisor writes it. */
export function jwkOf(kid: string, key: KeyObject): Record<string, unknown> {
  const { n, e } = createPublicKey(key).export({ format: 'jwk' });
  return { kid, key_ops: ['sign'], kty: 'RSA', e, n };
}

/** Runtime data about one attestation key, in the paravisor's order. */
export function runtimeData(ak: SoftwareAk, change: Partial<RuntimeFields> = {}): Uint8Array {
  const text = JSON.stringify({
    keys: change.keys ?? [jwkOf('HCLAkPub', ak.privateKey)],
    'vm-configuration': change.configuration ?? {
      'console-enabled': true,
      'secure-boot': true,
      'tpm-enabled': true,
      vmUniqueId: '911B0EF8-9DBA-48B0-B275-4E4DF2D39252',
    },
    'user-data': change.userData ?? '00'.repeat(64),
  });
  return new TextEncoder().encode(text);
}

/** What the hardware's report has to state about runtime data. */
export function runtimeReportData(runtime: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update(runtime).digest();
  return concatBytes(new Uint8Array(digest), new Uint8Array(32));
}

/** A TDREPORT of which only REPORTDATA is anything, in as many bytes as an SNP report has. */
export function tdReportBytes(reportData: Uint8Array): Uint8Array {
  const report = new Uint8Array(1_184);
  report[0] = 0x81;
  report.set(reportData, 128);
  return report;
}

export interface HclFields {
  readonly hardwareReport: Uint8Array;
  readonly runtime: Uint8Array;
  /** 2 is SNP, 4 is TDX. */
  readonly type: number;
  readonly signature?: string;
  readonly version?: number;
  readonly requestType?: number;
  readonly status?: number;
  readonly size?: number;
  readonly dataVersion?: number;
  readonly hashType?: number;
  readonly runtimeSize?: number;
  /** Behind the report; zeros are the rest of the NV index. */
  readonly trailing?: Uint8Array;
}

export function mintHclReport(fields: HclFields): Uint8Array {
  const { runtime, hardwareReport } = fields;
  const runtimeSize = fields.runtimeSize ?? runtime.length;
  return concatBytes(
    new TextEncoder().encode(fields.signature ?? 'HCLA'),
    u32le(fields.version ?? 2),
    u32le(fields.size ?? 32 + hardwareReport.length + 20 + runtime.length),
    u32le(fields.requestType ?? 2),
    u32le(fields.status ?? 0),
    new Uint8Array(12),
    hardwareReport,
    u32le(20 + runtimeSize),
    u32le(fields.dataVersion ?? 1),
    u32le(fields.type),
    u32le(fields.hashType ?? 1),
    u32le(runtimeSize),
    runtime,
    fields.trailing ?? new Uint8Array(64),
  );
}

export interface AzureContainerFields {
  readonly hclReport: Uint8Array;
  readonly message: Uint8Array;
  /** The bare signature. */
  readonly signature: Uint8Array;
  readonly pcrs: readonly Uint8Array[];
  readonly vcek?: Uint8Array;
  readonly tdQuote?: Uint8Array;
  readonly eventLog?: Uint8Array;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

/** The container as an object, for tests that spoil it. */
export function azureContainer(fields: AzureContainerFields): Record<string, unknown> {
  const { vcek, tdQuote, eventLog } = fields;
  return {
    version: 1,
    hcl_report: base64url(fields.hclReport),
    tpm_quote: {
      message: hex(fields.message),
      signature: hex(fields.signature),
      pcrs: fields.pcrs.map(hex),
    },
    ...(vcek && { vcek: base64url(vcek) }),
    ...(tdQuote && { td_quote: base64url(tdQuote) }),
    ...(eventLog && { event_log: base64url(eventLog) }),
  };
}
