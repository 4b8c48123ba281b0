// A software machine of several parts: a TD, GPUs and a TPM, each bound as composite evidence asks for. For tests and
// the simulated TEE only: what it is told to bind wrongly, it does.

import { sessionNonce } from '../binding.js';
import { compositeBindings } from '../composite/composite-binding.js';
import { mediaTypeOf } from '../envelopes/media-types.js';
import { nodeProvider } from '../provider-node.js';
import type { EvidenceFormat } from '../types.js';
import type { DcapCa } from './dcap-ca.js';
import { type GpuReportFields, mintGpuReport, type SoftwareNvidia } from './nvidia-gpu.js';
import { mintTdxQuote, type TdReportFields } from './tdx-quote.js';
import { somePcrs } from './tpm.js';
import { mintTpmQuote, type SoftwareTpm } from './tpm-quote.js';

export type SoftwarePart =
  | { readonly kind: 'td'; readonly ca: DcapCa; readonly report?: Partial<TdReportFields> }
  | {
      readonly kind: 'gpu';
      readonly nvidia: SoftwareNvidia;
      readonly report?: Omit<Partial<GpuReportFields>, 'nonce'>;
    }
  | { readonly kind: 'tpm'; readonly tpm: SoftwareTpm };

/** Parts by name; `lead` is the TD. */
export type SoftwareMachine = Readonly<Record<string, SoftwarePart>>;

export interface MintCompositeOptions {
  /** The 64 bytes that a single piece of evidence would be bound to. */
  readonly session: Uint8Array;
  /** Replaces the 64 bytes that a part is bound to. */
  readonly bind?: (name: string, right: Uint8Array) => Uint8Array;
}

export interface MintedPart {
  readonly format: EvidenceFormat;
  readonly evidence: Uint8Array;
}

const formats = { td: 'tdx-dcap', gpu: 'nvidia-gpu', tpm: 'tpm2-quote' } as const;

async function mintPart(part: SoftwarePart, binding: Uint8Array): Promise<Uint8Array> {
  switch (part.kind) {
    case 'td':
      return mintTdxQuote(part.ca, { version: 5, report: { ...part.report, reportData: binding } });
    case 'gpu': {
      const nonce = await sessionNonce(binding, nodeProvider);
      return mintGpuReport(part.nvidia, { ...part.report, nonce });
    }
    case 'tpm': {
      const pcrs = somePcrs('sha256', [0, 1, 2, 3, 4, 5, 6, 7]);
      const extraData = await sessionNonce(binding, nodeProvider);
      const container = mintTpmQuote(part.tpm, { pcrs, extraData });
      return new TextEncoder().encode(JSON.stringify(container));
    }
  }
}

/** Evidence of every part of a machine, the lead first. */
export async function mintComposite(
  machine: SoftwareMachine,
  options: MintCompositeOptions,
): Promise<Readonly<Record<string, MintedPart>>> {
  const composition = Object.fromEntries(
    Object.entries(machine).map(([name, { kind }]) => [name, formats[kind]]),
  );
  const { session, bind = (_: string, right: Uint8Array) => right } = options;
  const bindings = await compositeBindings(session, composition, nodeProvider);
  const minted: Record<string, MintedPart> = {};
  for (const [name, right] of bindings) {
    const part = machine[name];
    if (part === undefined) continue;
    const evidence = await mintPart(part, bind(name, right));
    minted[name] = { format: formats[part.kind], evidence };
  }
  return minted;
}

/** As it travels: a collection of wrappers, to be written as JSON. */
export function compositeCollection(
  parts: Readonly<Record<string, MintedPart>>,
): Record<string, readonly [type: string, value: string]> {
  return Object.fromEntries(
    Object.entries(parts).map(([name, { format, evidence }]) => [
      name,
      [mediaTypeOf(format), Buffer.from(evidence).toString('base64url')] as const,
    ]),
  );
}
