// Where endorsements come from: a bundle on disk, what was fetched before, the vendors' services, the workload itself.
// Nothing found here is trusted: verify() checks every byte. Sources say only what they have.
import { createHash } from 'node:crypto';
import {
  type DcapEndorsements,
  type DcapEvidence,
  dcapEndorsementsFor,
  formatDcapEndorsements,
  parseCrl,
  type SnpEndorsements,
  type SnpReport,
} from '@vouchsafe/verifier';

/** The certificate of the key that signed a report, and of the authority over it. Both DER. */
export type SnpKey = Pick<SnpEndorsements, 'endorsementKey' | 'authority'>;

/**
 * One place to look. Empty means "nothing for this platform"; a source that is out of reach says so by throwing.
 * Keys and revocation lists are asked for apart: a key is good for ever, a list for days, and a workload may bring the
 * one but never the other.
 */
export interface EndorsementSource {
  readonly name: string;
  findDcap(evidence: DcapEvidence, now: Date): Promise<readonly DcapEndorsements[]>;
  findSnpKeys(report: SnpReport, now: Date): Promise<readonly SnpKey[]>;
  /** DER, of the root over the report's product. */
  findSnpCrls(report: SnpReport, now: Date): Promise<readonly Uint8Array[]>;
}

/** Told when a source fails, so that the operator sees an outage; the next source is tried. */
export type OnSourceFault = (source: string, error: unknown) => void;

/** What a collateral document says about itself. For finding, ordering and planning only: not verified. */
export interface CollateralFacts {
  /** Of the TCB info; lower-case hex, '' when unreadable. */
  readonly fmspc: string;
  /** What the TCB info is about; older documents know SGX only and do not say so. */
  readonly tee: 'SGX' | 'TDX';
  /** Of the TCB info, ms; 0 when unreadable. */
  readonly issuedAt: number;
  /** When the first part runs out, ms; 0 when unreadable. */
  readonly expiresAt: number;
  /** Two documents with the same are the same. */
  readonly sha256: string;
}

/** Documents are immutable, and the same ones are looked at for every login. */
const factsOf = new WeakMap<DcapEndorsements, CollateralFacts>();

export function collateralFacts(collateral: DcapEndorsements): CollateralFacts {
  const known = factsOf.get(collateral);
  if (known !== undefined) return known;
  const tcbInfo = readMembers(collateral.tcbInfo);
  const qeIdentity = readMembers(collateral.qeIdentity);
  const facts = {
    fmspc: typeof tcbInfo.fmspc === 'string' ? tcbInfo.fmspc.toLowerCase() : '',
    tee: tcbInfo.id === 'TDX' ? ('TDX' as const) : ('SGX' as const),
    issuedAt: timeOf(tcbInfo.issueDate),
    expiresAt: Math.min(
      timeOf(tcbInfo.nextUpdate),
      timeOf(qeIdentity.nextUpdate),
      crlExpiresAt(collateral.pckCrl),
      crlExpiresAt(collateral.rootCaCrl),
    ),
    sha256: createHash('sha256').update(formatDcapEndorsements(collateral)).digest('hex'),
  };
  factsOf.set(collateral, facts);
  return facts;
}

/**
 * Whether collateral is worth trying for a quote: of its kind of TEE and platform. A quote without its PCK certificate
 * does not say its platform; collateral that brings the certificate may be of it.
 */
export function mayBeFor(evidence: DcapEvidence, collateral: DcapEndorsements): boolean {
  const { fmspc, tee } = collateralFacts(collateral);
  if (tee !== evidence.quote.tee) return false;
  const wanted = dcapEndorsementsFor(evidence).find((ref) => ref.kind === 'tcb-info')?.id;
  return wanted === undefined ? collateral.pckCertificateChain !== null : fmspc === wanted;
}

function crlExpiresAt(der: Uint8Array): number {
  try {
    return parseCrl(der).nextUpdate.getTime();
  } catch {
    return 0;
  }
}

function timeOf(value: unknown): number {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? 0 : at;
}

function readMembers(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
