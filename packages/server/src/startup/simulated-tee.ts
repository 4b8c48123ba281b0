// The simulated TEE of a development server: a software vendor whose evidence has the genuine format and whose roots
// only a -dev server accepts. Must never be reachable from a server that was started with a configuration alone.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type DcapEndorsements,
  type EvidenceFormat,
  type TrustedRoot,
  tdxEndorsementsFor,
} from '@vouchsafe/verifier';
import { DcapCa, mintDcapCollateral } from '@vouchsafe/verifier/testing';
import { collateralFacts, type EndorsementSource } from '../endorsements/source.js';
import { makeDirectory } from '../framework/make-directory.js';
import { StartError } from './options.js';

export const SIMULATED_CA_FILE = 'simulated-tee.json';
const MINT_EVERY_MS = 3_600_000;

export interface SimulatedTee {
  readonly roots: Readonly<Partial<Record<EvidenceFormat, readonly TrustedRoot[]>>>;
  readonly source: EndorsementSource;
}

/** Makes the vendor's keys in `folder`, or reads those of an earlier start. The file opens nothing but a -dev server. */
export function openSimulatedTee(folder: string, now: Date): SimulatedTee {
  const file = join(folder, SIMULATED_CA_FILE);
  const ca = readOrCreate(folder, file, now);
  let minted: { readonly at: number; readonly collateral: DcapEndorsements } | null = null;
  const mintedAt = (at: Date): DcapEndorsements => {
    const age = minted === null ? null : at.getTime() - minted.at;
    if (minted !== null && age !== null && age >= 0 && age < MINT_EVERY_MS)
      return minted.collateral;
    const collateral = mintDcapCollateral(ca, { now: at });
    minted = { at: at.getTime(), collateral };
    return collateral;
  };
  return {
    roots: { 'tdx-dcap': ca.roots },
    source: {
      name: 'simulated',
      async findTdx(evidence, at) {
        const wanted = tdxEndorsementsFor(evidence).find((ref) => ref.kind === 'tcb-info')?.id;
        const collateral = mintedAt(at);
        return collateralFacts(collateral).fmspc === wanted ? [collateral] : [];
      },
      findSnpKeys: async () => [],
      findSnpCrls: async () => [],
    },
  };
}

function readOrCreate(folder: string, file: string, now: Date): DcapCa {
  try {
    if (existsSync(file)) return DcapCa.fromJson(readFileSync(file, 'utf8'));
    makeDirectory(folder);
    const ca = DcapCa.create({ now });
    writeFileSync(file, ca.toJson(), { mode: 0o600 });
    chmodSync(file, 0o600);
    return ca;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown fault';
    throw new StartError(`simulated TEE: cannot use ${file}: ${why}`);
  }
}
