// Where endorsements come from: a bundle on disk, what was fetched before, the vendors' services, the workload itself.
// Nothing found here is trusted: verify() checks every byte. Sources say only what they have.
import type {
  DcapEndorsements,
  SnpEndorsements,
  SnpReport,
  TdxEvidence,
} from '@vouchsafe/verifier';

/** One place to look. Empty means "nothing for this platform"; a source that is out of reach says so by throwing. */
export interface EndorsementSource {
  readonly name: string;
  /** Freshest first. */
  findTdx(evidence: TdxEvidence, now: Date): Promise<readonly DcapEndorsements[]>;
  findSnp(report: SnpReport, now: Date): Promise<readonly SnpEndorsements[]>;
}

/** What lists a server insists on for SEV-SNP: AMD's CRL, or the stated fact that nobody looked. */
export type SnpRevocation = SnpEndorsements['revocation'];

/** Told when a source fails, so that the operator sees an outage; the next source is tried. */
export type OnSourceFault = (source: string, error: unknown) => void;

/** Asks each source in turn, lazily: the next one only when nothing of the one before was good enough. */
export async function* findInOrder<N>(
  sources: readonly EndorsementSource[],
  ask: (source: EndorsementSource) => Promise<readonly N[]>,
  onFault: OnSourceFault,
): AsyncGenerator<{ readonly source: string; readonly endorsements: N }> {
  for (const source of sources) {
    let found: readonly N[] = [];
    try {
      found = await ask(source);
    } catch (error) {
      onFault(source.name, error);
    }
    for (const endorsements of found) yield { source: source.name, endorsements };
  }
}

/** FMSPC of a collateral document's TCB info, lower-case hex, or null. For finding only: not verified. */
export function fmspcOf(collateral: DcapEndorsements): string | null {
  return memberOf(collateral.tcbInfo, 'fmspc')?.toLowerCase() ?? null;
}

/** Issue date of a collateral document's TCB info in ms, 0 when unreadable. For ordering only. */
export function issuedAt(collateral: DcapEndorsements): number {
  const at = Date.parse(memberOf(collateral.tcbInfo, 'issueDate') ?? '');
  return Number.isNaN(at) ? 0 : at;
}

function memberOf(json: string, name: string): string | null {
  try {
    const value = (JSON.parse(json) as Record<string, unknown>)[name];
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}
