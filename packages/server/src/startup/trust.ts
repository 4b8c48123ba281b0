// Whom this server believes about hardware: the vendors' pinned roots always, the simulated vendor only when a -dev
// server was told to; and where it looks for endorsements.
import { pinnedAmdRoots, pinnedIntelRoots } from '@vouchsafe/verifier';
import type { TrustAnchors } from '../auth/attest/evaluate.js';
import { openBundle } from '../endorsements/bundle.js';
import type { OnSourceFault } from '../endorsements/source.js';
import { StartError } from './options.js';
import type { SimulatedTee } from './simulated-tee.js';

/** @throws StartError naming the bundle that cannot be read */
export function nodeSources(
  parts: { readonly bundleFolders: readonly string[]; readonly simulated: SimulatedTee | null },
  onSourceFault: OnSourceFault,
): TrustAnchors {
  const { simulated } = parts;
  const bundles = parts.bundleFolders.map((folder) => {
    try {
      return openBundle(folder);
    } catch (error) {
      throw new StartError(
        `endorsement bundle: ${error instanceof Error ? error.message : folder}`,
      );
    }
  });
  return {
    roots: {
      'tdx-dcap': [...pinnedIntelRoots, ...(simulated?.tdxRoots ?? [])],
      'sev-snp': pinnedAmdRoots,
    },
    sources: [...bundles, ...(simulated === null ? [] : [simulated.source])],
    snpRevocation: { kind: 'not-checked' },
    onSourceFault,
  };
}
