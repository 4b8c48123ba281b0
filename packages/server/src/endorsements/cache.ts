// What the vendors gave before, kept behind the barrier: SNP keys for ever, DCAP collateral until it is replaced, SNP
// revocation lists for days. Coherent through storage alone. Must never keep what was not judged first (see find.ts).
import { createHash } from 'node:crypto';
import {
  type DcapEndorsements,
  type DcapEvidence,
  dcapEndorsementsFor,
  formatDcapEndorsements,
  parseCertificate,
  parseCrl,
  parseDcapEndorsements,
  type SnpReport,
  snpEndorsementsFor,
} from '@vouchsafe/verifier';
import { LIST_LIMIT_MAX, type Storage, type Version } from '../framework/storage.js';
import type { SnpKey } from './source.js';

/** Something kept, and when the vendor gave it (milliseconds since the epoch). */
export interface Kept<T> {
  readonly fetchedAt: number;
  readonly value: T;
}

/** Numbers of entries are below LIST_LIMIT_MAX: a folder is looked through in one call. */
export interface CacheLimits {
  readonly collateralMax: number;
  readonly snpKeysMax: number;
  /** Lists that were fetched longer ago are not used any more, whatever they say about themselves. */
  readonly crlAgeMsMax: number;
}

export const CACHE_LIMITS: CacheLimits = {
  collateralMax: 512,
  snpKeysMax: LIST_LIMIT_MAX - 1,
  crlAgeMsMax: 7 * 86_400_000,
};

const COLLATERAL = 'dcap/';
const SNP_KEYS = 'snp-key/';
const SNP_CRLS = 'snp-crl/';
const SNP_CRLS_MAX = 64;
const PARSED_MAX = 256;
/** Many workloads that start at once are given one answer, which need not be written for each of them. */
const REWRITE_AFTER_MS = 60_000;
const DAMAGED = 'endorsement cache: stored entry is damaged';

interface Parsed {
  readonly version: Version;
  readonly kept: Kept<unknown>;
}

interface StoredEntry {
  readonly fetchedAt: number;
  /** For people who look into the database. */
  readonly of: string;
  readonly value: unknown;
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const decode = (text: unknown): Uint8Array => {
  if (typeof text !== 'string') throw new Error(DAMAGED);
  return new Uint8Array(Buffer.from(text, 'base64'));
};

/** TDX has no prefix: it was there first. */
function collateralName(evidence: DcapEvidence): string {
  const refs = new Map(dcapEndorsementsFor(evidence).map((ref) => [ref.kind, ref.id]));
  const kind = evidence.quote.tee === 'TDX' ? '' : 'sgx-';
  const certificate = refs.get('pck-certificate');
  if (certificate !== undefined) return `${kind}pck-${nameOf(certificate)}`;
  return `${kind}${refs.get('tcb-info') ?? ''}-${refs.get('pck-crl') ?? ''}`;
}

/** Paths at AMD's service; two for a report that does not say its product. */
function pathsOf(report: SnpReport, kind: 'vcek' | 'crl'): readonly string[] {
  return snpEndorsementsFor(report)
    .filter((ref) => ref.kind === kind)
    .map((ref) => ref.id);
}

/** Of the paths that a report names, the one of the product in 'ARK-Milan', 'SEV-Milan' or 'SEV-VLEK-Milan'. */
function findPath(paths: readonly string[], issuerName: string | null): string | null {
  const product = issuerName?.slice(issuerName.lastIndexOf('-') + 1) ?? '';
  return paths.find((path) => path.includes(`/v1/${product}/`)) ?? null;
}

function nameOf(path: string): string {
  return createHash('sha256').update(path).digest('hex');
}

/** 0 for a damaged entry, which is then written over. */
function fetchedAtOf(value: Buffer): number {
  try {
    const { fetchedAt } = JSON.parse(value.toString('utf8')) as Partial<StoredEntry>;
    return typeof fetchedAt === 'number' ? fetchedAt : 0;
  } catch {
    return 0;
  }
}

export class EndorsementCache {
  readonly #view: () => Storage;
  readonly #limits: CacheLimits;
  /** Valid for the exact stored version only. */
  readonly #parsed = new Map<string, Parsed>();

  /**
   * `view` gives the cache's part of the barrier, or throws while the server is sealed.
   * @throws RangeError for limits that no folder can have
   */
  constructor(view: () => Storage, limits: CacheLimits) {
    const mostEntries = Math.max(limits.collateralMax, limits.snpKeysMax);
    if (mostEntries >= LIST_LIMIT_MAX) throw new RangeError('endorsement cache: too many entries');
    this.#view = view;
    this.#limits = limits;
  }

  async findDcap(evidence: DcapEvidence): Promise<Kept<DcapEndorsements> | null> {
    return await this.#read(COLLATERAL + collateralName(evidence), (value) =>
      parseDcapEndorsements(String(value)),
    );
  }

  async keepDcap(evidence: DcapEvidence, found: DcapEndorsements, now: Date): Promise<void> {
    const name = collateralName(evidence);
    const value = formatDcapEndorsements(found);
    await this.#write(COLLATERAL, name, { of: name, value }, now, this.#limits.collateralMax);
  }

  async findSnpKeys(report: SnpReport): Promise<readonly SnpKey[]> {
    const found: SnpKey[] = [];
    for (const path of pathsOf(report, 'vcek')) {
      const kept = await this.#read(SNP_KEYS + nameOf(path), (value): SnpKey => {
        const { endorsementKey, authority } = value as Record<string, unknown>;
        return { endorsementKey: decode(endorsementKey), authority: decode(authority) };
      });
      if (kept !== null) found.push(kept.value);
    }
    return found;
  }

  async keepSnpKey(report: SnpReport, key: SnpKey, now: Date): Promise<void> {
    const { issuer } = parseCertificate(key.endorsementKey);
    const path = findPath(pathsOf(report, 'vcek'), issuer.commonName);
    if (path === null) return;
    const value = { endorsementKey: encode(key.endorsementKey), authority: encode(key.authority) };
    await this.#write(SNP_KEYS, nameOf(path), { of: path, value }, now, this.#limits.snpKeysMax);
  }

  async findSnpCrls(report: SnpReport, now: Date): Promise<readonly Kept<Uint8Array>[]> {
    const found: Kept<Uint8Array>[] = [];
    for (const path of pathsOf(report, 'crl')) {
      const kept = await this.#read(SNP_CRLS + nameOf(path), decode);
      if (kept !== null && now.getTime() - kept.fetchedAt <= this.#limits.crlAgeMsMax) {
        found.push(kept);
      }
    }
    return found;
  }

  async keepSnpCrl(report: SnpReport, crl: Uint8Array, now: Date): Promise<void> {
    const path = findPath(pathsOf(report, 'crl'), parseCrl(crl).issuer.commonName);
    if (path === null) return;
    await this.#write(SNP_CRLS, nameOf(path), { of: path, value: encode(crl) }, now, SNP_CRLS_MAX);
  }

  async #read<T>(key: string, parse: (value: unknown) => T): Promise<Kept<T> | null> {
    const known = this.#parsed.get(key);
    const storage = this.#view();
    const entry =
      known === undefined ? await storage.get(key) : await storage.getUnless(key, known.version);
    if (entry === 'unchanged') return known === undefined ? null : (known.kept as Kept<T>);
    if (entry === null) return null;
    const stored = JSON.parse(entry.value.toString('utf8')) as StoredEntry;
    const kept = { fetchedAt: stored.fetchedAt, value: parse(stored.value) };
    this.#parsed.delete(key);
    this.#parsed.set(key, { version: entry.version, kept });
    const oldest = this.#parsed.keys().next().value;
    if (this.#parsed.size > PARSED_MAX && oldest !== undefined) this.#parsed.delete(oldest);
    return kept;
  }

  /** The last writer wins: both have what the vendor said. When the folder is full others make room, by name. */
  async #write(
    folder: string,
    name: string,
    entry: Omit<StoredEntry, 'fetchedAt'>,
    now: Date,
    entriesMax: number,
  ): Promise<void> {
    const storage = this.#view();
    const before = await storage.get(folder + name);
    if (before !== null && Math.abs(now.getTime() - fetchedAtOf(before.value)) < REWRITE_AFTER_MS) {
      return;
    }
    const value = Buffer.from(JSON.stringify({ fetchedAt: now.getTime(), ...entry }));
    const names = await storage.list(folder, { after: '', limit: entriesMax + 1 });
    const others = names.filter((each) => each !== name);
    const dropped = others.slice(0, Math.max(0, others.length + 1 - entriesMax));
    await storage.commit(
      [...dropped.map((each) => ({ delete: folder + each })), { put: folder + name, value }],
      [],
    );
  }
}
