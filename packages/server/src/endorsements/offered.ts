// What the platform handed to the workload and the workload passed on: good enough to verify with, never fresher than
// what the server has of its own, and so asked last. A workload can not bring a revocation list.
import { parseDcapEndorsements, snpEndorsementsFromTable } from '@vouchsafe/verifier';
import type { EndorsementSource } from './source.js';

export interface Offered {
  readonly dcapCollateral: readonly Buffer[];
  /** SNP certificate tables (GHCB extended guest request), as configfs-tsm hands them out in `auxblob`. */
  readonly snpTables: readonly Buffer[];
}

/** A source for one login. */
export function offeredSource(offered: Offered): EndorsementSource {
  return {
    name: 'offered',
    findDcap: async () =>
      offered.dcapCollateral.map((document) => parseDcapEndorsements(document.toString('utf8'))),
    findSnpKeys: async (report) =>
      offered.snpTables.map((table) =>
        snpEndorsementsFromTable(new Uint8Array(table), report, { kind: 'not-checked' }),
      ),
    findSnpCrls: async () => [],
  };
}
