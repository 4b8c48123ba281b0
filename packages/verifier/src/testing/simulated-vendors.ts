// The vendors of the simulated TEE: each with a file of its own, in a folder that a development server shares with the
// workloads on the same machine. Evidence by them proves nothing; a server may trust them in -dev mode only.

import { randomBytes } from 'node:crypto';
import type { ChainRoot } from '../pki/chain.js';
import type { EvidenceFormat } from '../types.js';
import { DcapCa } from './dcap-ca.js';
import {
  createSoftwareNitro,
  readSoftwareNitro,
  type SoftwareNitro,
  saveSoftwareNitro,
} from './nitro.js';
import { readSavedKey, savedMember, saveKey } from './saved-keys.js';
import { createSoftwareAmd } from './snp.js';
import { SnpSimulator } from './snp-simulator.js';
import { createSoftwareAkCa, type SoftwareAkCa } from './tpm.js';

/** One vendor: how it is made and kept, and what it vouches for. */
export interface SimulatedVendor<V> {
  /** Name of its file, which holds its private keys. */
  readonly file: string;
  /** Of the evidence that leads to its root. */
  readonly formats: readonly EvidenceFormat[];
  /** Certificates are valid from a day before `now` for ten years. */
  create(now: Date): V;
  toJson(vendor: V): string;
  /** @throws for a text that toJson did not write */
  fromJson(text: string): V;
  /** To be put beside genuine roots in development only. */
  rootsOf(vendor: V): readonly ChainRoot[];
}

const dayMs = 86_400_000;

function tenYears(now: Date): { readonly notBefore: Date; readonly notAfter: Date } {
  return {
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(now.getTime() + 3652 * dayMs),
  };
}

/** Quotes of enclaves and TDs; those of TDs on Azure too. */
export const simulatedIntel: SimulatedVendor<DcapCa> = {
  file: 'simulated-tee.json',
  formats: ['tdx-dcap', 'sgx-dcap', 'azure-tdx-vtpm'],
  create: (now) => DcapCa.create({ now }),
  toJson: (ca) => ca.toJson(),
  fromJson: (text) => DcapCa.fromJson(text),
  rootsOf: (ca) => ca.roots,
};

/** Reports of one chip with a made-up id. */
export const simulatedAmd: SimulatedVendor<SnpSimulator> = {
  file: 'simulated-amd.json',
  formats: ['sev-snp', 'azure-snp-vtpm'],
  create: (now) =>
    SnpSimulator.create({
      // Under a name of its own, so that its revocation list is never taken for AMD's, nor AMD's for its.
      amd: createSoftwareAmd({
        product: 'milan',
        organisation: 'Simulated, not AMD',
        ...tenYears(now),
      }),
      chipId: new Uint8Array(randomBytes(64)),
      levels: { bootloader: 4, tee: 0, snp: 24, microcode: 219 },
      ...tenYears(now),
    }),
  toJson: (machine) => machine.toJson(),
  fromJson: (text) => SnpSimulator.fromJson(text),
  rootsOf: ({ amd }) => [{ kind: 'certificate', der: amd.ark.der }],
};

/** Documents of enclaves on one instance. */
export const simulatedAws: SimulatedVendor<SoftwareNitro> = {
  file: 'simulated-aws.json',
  formats: ['aws-nitro'],
  create: (now) => createSoftwareNitro(tenYears(now)),
  toJson: saveSoftwareNitro,
  fromJson: readSoftwareNitro,
  rootsOf: ({ root }) => [{ kind: 'certificate', der: root }],
};

function readAuthority(saved: unknown, name: keyof SoftwareAkCa): SoftwareAkCa['root'] {
  const { der, privateKey: key } = readSavedKey(savedMember(saved, name));
  return { der, key };
}

/** Who certifies the attestation keys of software TPMs. */
export const simulatedTpm: SimulatedVendor<SoftwareAkCa> = {
  file: 'simulated-tpm.json',
  formats: ['tpm2-quote'],
  create: (now) => createSoftwareAkCa(tenYears(now)),
  toJson: ({ root, intermediate }) =>
    JSON.stringify({
      root: saveKey({ der: root.der, privateKey: root.key }),
      intermediate: saveKey({ der: intermediate.der, privateKey: intermediate.key }),
    }),
  fromJson: (text) => {
    const saved: unknown = JSON.parse(text);
    return {
      root: readAuthority(saved, 'root'),
      intermediate: readAuthority(saved, 'intermediate'),
    };
  },
  rootsOf: ({ root }) => [{ kind: 'certificate', der: root.der }],
};
