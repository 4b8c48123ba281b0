// One good confidential VM of each kind behind a software paravisor, and a way to spoil any part. Holds
// no test of its own: the name keeps it out of the published package.

import assert from 'node:assert/strict';
import type { EvidenceErrorCode } from '../errors.js';
import { EvidenceError } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import {
  type AzureContainerFields,
  azureContainer,
  type HclFields,
  mintHclReport,
  runtimeData,
  runtimeReportData,
  tdReportBytes,
} from '../testing/azure.js';
import { DcapCa } from '../testing/dcap-ca.js';
import { type MintCollateralOptions, mintDcapCollateral } from '../testing/dcap-collateral.js';
import { type Scene as SnpScene, stage as stageSnp } from '../testing/snp-scene.js';
import { mintTdxQuote, type TdReportFields } from '../testing/tdx-quote.js';
import {
  mintAttest,
  type QuoteFields,
  type SoftwareAk,
  signAttest,
  somePcrs,
} from '../testing/tpm.js';
import { akOf, binding, nonce } from '../testing/tpm-scene.js';
import type { ExpectedBinding, VerifiedClaims } from '../types.js';
import { parseAzureSnpEvidence, parseAzureTdxEvidence } from './parse.js';
import { verifyAzureSnp, verifyAzureTdx } from './verify.js';

export const every = Array.from({ length: 24 }, (_, pcr) => pcr);
export const tdxNow = new Date('2026-05-01T12:00:00Z');
const intel = DcapCa.create({ now: tdxNow });

export interface AzureScene {
  /** The key in the runtime data; and, unless `signer` says else, the one that signs. */
  readonly ak?: SoftwareAk;
  readonly signer?: SoftwareAk;
  readonly runtime?: Uint8Array;
  /** What the hardware states, if it is not the hash of the runtime data. */
  readonly reportData?: Uint8Array;
  /** What the TDREPORT in the HCL report states. */
  readonly tdReportData?: Uint8Array;
  readonly hcl?: Partial<HclFields>;
  readonly quote?: Partial<QuoteFields>;
  readonly spoilSignature?: (signature: Uint8Array) => Uint8Array;
  readonly spoilQuote?: (quote: Uint8Array) => Uint8Array;
  readonly container?: Partial<AzureContainerFields>;
  readonly spoil?: (container: Record<string, unknown>) => Record<string, unknown>;
  readonly snp?: SnpScene;
  readonly tdReport?: Partial<TdReportFields>;
  readonly collateral?: Omit<MintCollateralOptions, 'now'>;
  readonly expectedBinding?: ExpectedBinding;
  readonly now?: Date;
  readonly noRoots?: boolean;
}

function containerOf(
  scene: AzureScene,
  hardware: Pick<AzureContainerFields, 'hclReport' | 'vcek' | 'tdQuote'>,
): Uint8Array {
  const ak = scene.ak ?? akOf('rsassa');
  const pcrs = somePcrs('sha256', every);
  const quote = { bank: 'sha256', pcrs, extraData: nonce, ...scene.quote } as const;
  const message = mintAttest(quote, 'sha256');
  const [signature = new Uint8Array()] = signAttest(scene.signer ?? ak, message);
  const container = azureContainer({
    ...hardware,
    message: scene.spoilQuote?.(message) ?? message,
    signature: scene.spoilSignature?.(signature) ?? signature,
    pcrs: [...pcrs.values()],
    ...scene.container,
  });
  return new TextEncoder().encode(JSON.stringify(scene.spoil?.(container) ?? container));
}

export function stageAzureSnp(scene: AzureScene) {
  const runtime = scene.runtime ?? runtimeData(scene.ak ?? akOf('rsassa'));
  const reportData = scene.reportData ?? runtimeReportData(runtime);
  const { bytes: report, input } = stageSnp({
    ...scene.snp,
    report: { reportData, ...scene.snp?.report },
  });
  const hclReport = mintHclReport({ hardwareReport: report, runtime, type: 2, ...scene.hcl });
  const vcek = input.endorsements.endorsementKey;
  return { bytes: containerOf(scene, { hclReport, vcek }), input };
}

export async function playAzureSnp(scene: AzureScene): Promise<VerifiedClaims> {
  const { bytes, input } = stageAzureSnp(scene);
  return verifyAzureSnp({
    ...input,
    evidence: parseAzureSnpEvidence(bytes),
    expectedBinding: scene.expectedBinding ?? binding,
    now: scene.now ?? input.now,
    roots: scene.noRoots === true ? [] : input.roots,
  });
}

export function stageAzureTdx(scene: AzureScene): Uint8Array {
  const runtime = scene.runtime ?? runtimeData(scene.ak ?? akOf('rsassa'));
  const reportData = scene.reportData ?? runtimeReportData(runtime);
  const tdQuote = mintTdxQuote(intel, {
    version: 4,
    report: { reportData, ...scene.tdReport },
  });
  const hardwareReport = tdReportBytes(scene.tdReportData ?? reportData);
  const hclReport = mintHclReport({ hardwareReport, runtime, type: 4, ...scene.hcl });
  return containerOf(scene, { hclReport, tdQuote });
}

export async function playAzureTdx(scene: AzureScene): Promise<VerifiedClaims> {
  return verifyAzureTdx({
    evidence: parseAzureTdxEvidence(stageAzureTdx(scene)),
    endorsements: mintDcapCollateral(intel, { now: tdxNow, ...scene.collateral }),
    roots: scene.noRoots === true ? [] : intel.roots,
    expectedBinding: scene.expectedBinding ?? binding,
    now: scene.now ?? tdxNow,
    provider: nodeProvider,
  });
}

export async function refusesAzure(
  play: (scene: AzureScene) => Promise<VerifiedClaims>,
  code: EvidenceErrorCode,
  scene: AzureScene,
): Promise<void> {
  await assert.rejects(play(scene), (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}
