// The simulated TEE of a development server: software vendors whose evidence has the genuine formats and whose roots
// only a -dev server accepts. Must never be reachable from a server that was started with a configuration alone.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DcapEndorsements, EvidenceFormat, SnpReport, TrustedRoot } from '@vouchsafe/verifier';
import {
  type DcapCa,
  type MintedTee,
  mintDcapCollateral,
  type SimulatedVendor,
  type SnpSimulator,
  simulatedAmd,
  simulatedAws,
  simulatedIntel,
  simulatedTpm,
} from '@vouchsafe/verifier/testing';
import { type EndorsementSource, mayBeFor } from '../endorsements/source.js';
import { makeDirectory } from '../framework/make-directory.js';
import { StartError } from './options.js';

const HOUR_MS = 3_600_000;
const CRL_LIFETIME_MS = 30 * 24 * HOUR_MS;

/** Of evidence that a development server with a simulated TEE believes. */
export const simulatedTeeFormats: readonly EvidenceFormat[] = [
  simulatedIntel,
  simulatedAmd,
  simulatedAws,
  simulatedTpm,
].flatMap((vendor) => vendor.formats);

export interface SimulatedTee {
  readonly roots: Readonly<Partial<Record<EvidenceFormat, readonly TrustedRoot[]>>>;
  readonly source: EndorsementSource;
}

/** Makes the vendors' keys in `folder`, or reads those of an earlier start. The files open nothing but a -dev server. */
export function openSimulatedTee(folder: string, now: Date): SimulatedTee {
  const intel = readOrCreate(folder, simulatedIntel, now);
  const amd = readOrCreate(folder, simulatedAmd, now);
  const aws = readOrCreate(folder, simulatedAws, now);
  const tpm = readOrCreate(folder, simulatedTpm, now);
  return {
    roots: {
      ...rootsOf(simulatedIntel, intel),
      ...rootsOf(simulatedAmd, amd),
      ...rootsOf(simulatedAws, aws),
      ...rootsOf(simulatedTpm, tpm),
    },
    source: simulatedSource(intel, amd),
  };
}

function rootsOf<V>(kind: SimulatedVendor<V>, vendor: V): SimulatedTee['roots'] {
  return Object.fromEntries(kind.formats.map((format) => [format, kind.rootsOf(vendor)]));
}

/** What the vendors' services would answer. Nitro documents and TPM quotes bring all that there is. */
function simulatedSource(intel: DcapCa, amd: SnpSimulator): EndorsementSource {
  const collateral: Readonly<Record<MintedTee, (at: Date) => DcapEndorsements>> = {
    SGX: hourly((at) => mintDcapCollateral(intel, { now: at, tee: 'SGX' })),
    TDX: hourly((at) => mintDcapCollateral(intel, { now: at, tee: 'TDX' })),
  };
  const crl = hourly((thisUpdate) =>
    amd.crl({ thisUpdate, nextUpdate: new Date(thisUpdate.getTime() + CRL_LIFETIME_MS) }),
  );
  // Genuine chips are none of its business, nor may its list stand in for AMD's.
  const isOurs = ({ chipId }: SnpReport): boolean => Buffer.from(chipId).equals(amd.chipId);
  return {
    name: 'simulated',
    async findDcap(evidence, at) {
      const minted = collateral[evidence.quote.tee](at);
      return mayBeFor(evidence, minted) ? [minted] : [];
    },
    async findSnpKeys(report) {
      const { endorsementKey, amd: vendor } = amd;
      const key = { endorsementKey: endorsementKey.der, authority: vendor.ask.der };
      return isOurs(report) ? [key] : [];
    },
    findSnpCrls: async (report, at) => (isOurs(report) ? [crl(at)] : []),
  };
}

/** Minted anew once an hour, and when the clock is set back. */
function hourly<T>(mint: (at: Date) => T): (at: Date) => T {
  let last: { readonly at: number; readonly value: T } | null = null;
  return (at) => {
    const age = last === null ? -1 : at.getTime() - last.at;
    if (last === null || age < 0 || age >= HOUR_MS) last = { at: at.getTime(), value: mint(at) };
    return last.value;
  };
}

function readOrCreate<V>(folder: string, kind: SimulatedVendor<V>, now: Date): V {
  const file = join(folder, kind.file);
  try {
    if (existsSync(file)) return kind.fromJson(readFileSync(file, 'utf8'));
    makeDirectory(folder);
    const vendor = kind.create(now);
    writeFileSync(file, kind.toJson(vendor), { mode: 0o600 });
    chmodSync(file, 0o600);
    return vendor;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown fault';
    throw new StartError(`simulated TEE: cannot use ${file}: ${why}`);
  }
}
