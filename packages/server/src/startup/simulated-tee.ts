// The simulated TEE of a development server: a software vendor whose evidence has the genuine format and whose roots
// only a -dev server accepts. Must never be reachable from a server that was started with a configuration alone.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DcapEndorsements, EvidenceFormat, TrustedRoot } from '@vouchsafe/verifier';
import { DcapCa, type MintedTee, mintDcapCollateral } from '@vouchsafe/verifier/testing';
import { type EndorsementSource, mayBeFor } from '../endorsements/source.js';
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
  const minted = new Map<
    MintedTee,
    { readonly at: number; readonly collateral: DcapEndorsements }
  >();
  const mintedAt = (tee: MintedTee, at: Date): DcapEndorsements => {
    const known = minted.get(tee);
    const age = known === undefined ? null : at.getTime() - known.at;
    if (known !== undefined && age !== null && age >= 0 && age < MINT_EVERY_MS) {
      return known.collateral;
    }
    const collateral = mintDcapCollateral(ca, { now: at, tee });
    minted.set(tee, { at: at.getTime(), collateral });
    return collateral;
  };
  return {
    roots: { 'tdx-dcap': ca.roots, 'sgx-dcap': ca.roots },
    source: {
      name: 'simulated',
      async findDcap(evidence, at) {
        const collateral = mintedAt(evidence.quote.tee, at);
        return mayBeFor(evidence, collateral) ? [collateral] : [];
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
