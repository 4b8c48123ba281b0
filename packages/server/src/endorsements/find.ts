// Which endorsements to try, in which order: the freshest that the server has; the vendor when that is missing, old or
// about to run out; last what the workload brought. Hands out candidates; verify() and the caller judge them.
import { createHash } from 'node:crypto';
import {
  type DcapEndorsements,
  type DcapEvidence,
  dcapEndorsementsFor,
  parseCertificate,
  parseCrl,
  type SnpEndorsements,
  type SnpReport,
} from '@vouchsafe/verifier';
import type { EndorsementCache } from './cache.js';
import {
  collateralFacts,
  type EndorsementSource,
  type OnSourceFault,
  type SnpKey,
} from './source.js';

/** One thing to try. */
export interface Candidate<N> {
  readonly source: string;
  readonly endorsements: N;
  /** To be called once the candidate has been judged on its merits: puts what the vendor gave into the cache. */
  readonly keep: (() => Promise<void>) | null;
}

export interface FinderParts {
  /** Free to ask: bundle, simulated vendor. */
  readonly local: readonly EndorsementSource[];
  readonly cache: EndorsementCache | null;
  /** Empty when the server is offline. */
  readonly vendors: readonly EndorsementSource[];
  /** What was fetched longer ago is fetched again, long before it runs out. */
  readonly refreshIntervalMs: number;
  readonly onFault: OnSourceFault;
}

/** Vendors are asked again when what there is has but a day left… */
const EXPIRY_MARGIN_MS = 86_400_000;
/** …yet about one thing no more often than this, whatever they answer. */
const ASK_AGAIN_MS = 900_000;
const ASKED_MAX = 4096;

interface Found<T> {
  readonly source: string;
  readonly value: T;
  /** For ordering, ms. */
  readonly issuedAt: number;
  readonly fromVendor: boolean;
}

/** Freshest first; of two that are equally fresh the vendor's, so that the cache learns that it is still current. */
function freshestFirst<T>(found: readonly Found<T>[]): readonly Found<T>[] {
  return [...found].sort(
    (a, b) => b.issuedAt - a.issuedAt || Number(b.fromVendor) - Number(a.fromVendor),
  );
}

export class EndorsementFinder {
  readonly #parts: FinderParts;
  /** When the vendors were last asked, by what they were asked for. Memory of this process only. */
  readonly #asked = new Map<string, number>();

  constructor(parts: FinderParts) {
    this.#parts = parts;
  }

  /** No two candidates are the same. */
  async *findDcap(
    evidence: DcapEvidence,
    offered: EndorsementSource,
    now: Date,
  ): AsyncGenerator<Candidate<DcapEndorsements>> {
    const tried = new Set<string>();
    const { cache } = this.#parts;
    const subject = subjectOf(evidence);
    const local = await this.#localDcap(evidence, now);
    const isEarly = local.isDue && this.#mayAsk(subject, now);
    const fetched = isEarly ? await this.#vendorDcap(evidence, subject, now) : [];
    const rounds = [
      async () => [...local.found, ...fetched],
      async () => (isEarly ? [] : await this.#vendorDcap(evidence, subject, now)),
      async () => await this.#askDcap([offered], evidence, now, false),
    ];
    for (const round of rounds) {
      for (const { source, value, fromVendor } of freshestFirst(await round())) {
        const { sha256 } = collateralFacts(value);
        if (tried.has(sha256)) continue;
        tried.add(sha256);
        const isNew = fromVendor && cache !== null;
        const keep = isNew ? () => cache.keepDcap(evidence, value, now) : null;
        yield { source, endorsements: value, keep };
      }
    }
  }

  async *findSnp(
    report: SnpReport,
    offered: EndorsementSource,
    now: Date,
  ): AsyncGenerator<Candidate<SnpEndorsements>> {
    const lists = await this.#snpCrls(report, now);
    const tried = new Set<string>();
    const rounds = [
      async () => await this.#localSnpKeys(report, now),
      async () => await this.#askSnpKeys(this.#parts.vendors, report, now, true),
      async () => await this.#askSnpKeys([offered], report, now, false),
    ];
    for (const round of rounds) {
      for (const key of await round()) {
        const content = Buffer.from(key.value.endorsementKey).toString('base64');
        if (tried.has(content)) continue;
        tried.add(content);
        for (const list of lists) yield this.#snpCandidate(report, key, list, now);
      }
    }
  }

  #snpCandidate(
    report: SnpReport,
    key: Found<SnpKey>,
    lists: readonly Found<Uint8Array>[],
    now: Date,
  ): Candidate<SnpEndorsements> {
    const { cache } = this.#parts;
    const product = productOf(issuerOf(key.value.endorsementKey, parseCertificate));
    const used = lists.filter((each) => productOf(issuerOf(each.value, parseCrl)) === product);
    const revocation: SnpEndorsements['revocation'] =
      used.length === 0
        ? { kind: 'not-checked' }
        : { kind: 'crls', crls: used.map((each) => each.value) };
    const keep = async (): Promise<void> => {
      if (key.fromVendor) await cache?.keepSnpKey(report, key.value, now);
      for (const each of used) {
        if (each.fromVendor) await cache?.keepSnpCrl(report, each.value, now);
      }
    };
    const isNew = [key, ...used].some((each) => each.fromVendor);
    return {
      source: [...new Set([key, ...used].map((each) => each.source))].join('+'),
      endorsements: { format: 'sev-snp', ...key.value, revocation },
      keep: isNew && cache !== null ? keep : null,
    };
  }

  async #localDcap(
    evidence: DcapEvidence,
    now: Date,
  ): Promise<{ readonly found: readonly Found<DcapEndorsements>[]; readonly isDue: boolean }> {
    const { cache, local, refreshIntervalMs, onFault } = this.#parts;
    const found = [...(await this.#askDcap(local, evidence, now, false))];
    const goodUntil = found.map(({ value }) => collateralFacts(value).expiresAt - EXPIRY_MARGIN_MS);
    try {
      const kept = (await cache?.findDcap(evidence)) ?? null;
      if (kept !== null) {
        const { issuedAt, expiresAt } = collateralFacts(kept.value);
        found.push({ source: 'cache', value: kept.value, issuedAt, fromVendor: false });
        goodUntil.push(Math.min(kept.fetchedAt + refreshIntervalMs, expiresAt - EXPIRY_MARGIN_MS));
      }
    } catch (error) {
      onFault('cache', error);
    }
    return { found, isDue: Math.max(0, ...goodUntil) <= now.getTime() };
  }

  async #vendorDcap(
    evidence: DcapEvidence,
    subject: string,
    now: Date,
  ): Promise<readonly Found<DcapEndorsements>[]> {
    this.#noteAsked(subject, now);
    return await this.#askDcap(this.#parts.vendors, evidence, now, true);
  }

  async #askDcap(
    sources: readonly EndorsementSource[],
    evidence: DcapEvidence,
    now: Date,
    fromVendor: boolean,
  ): Promise<readonly Found<DcapEndorsements>[]> {
    const issuedAt = (value: DcapEndorsements) => collateralFacts(value).issuedAt;
    const question = (source: EndorsementSource) => source.findDcap(evidence, now);
    return await this.#askAll(sources, question, issuedAt, fromVendor);
  }

  async #localSnpKeys(report: SnpReport, now: Date): Promise<readonly Found<SnpKey>[]> {
    const { cache, local, onFault } = this.#parts;
    const found = [...(await this.#askSnpKeys(local, report, now, false))];
    try {
      for (const value of (await cache?.findSnpKeys(report)) ?? []) {
        found.push({ source: 'cache', value, issuedAt: 0, fromVendor: false });
      }
    } catch (error) {
      onFault('cache', error);
    }
    return found;
  }

  async #askSnpKeys(
    sources: readonly EndorsementSource[],
    report: SnpReport,
    now: Date,
    fromVendor: boolean,
  ): Promise<readonly Found<SnpKey>[]> {
    const question = (source: EndorsementSource) => source.findSnpKeys(report, now);
    return await this.#askAll(sources, question, () => 0, fromVendor);
  }

  /**
   * Sets of lists to check with, each with the freshest list of each issuer. The second set, without what the vendor
   * gave just now, is there in case that is not genuine. One empty set when nobody has any list: nothing was checked,
   * and the claims will say so.
   */
  async #snpCrls(report: SnpReport, now: Date): Promise<readonly (readonly Found<Uint8Array>[])[]> {
    const { cache, local, vendors, refreshIntervalMs, onFault } = this.#parts;
    const known: Found<Uint8Array>[] = [];
    let fetchedAt = 0;
    for (const source of local) {
      const crls = await this.#ask(source, () => source.findSnpCrls(report, now));
      for (const crl of crls) known.push(...this.#readCrl(source.name, crl, false));
    }
    const goodUntil = known.map((each) => nextUpdateOf(each) - EXPIRY_MARGIN_MS);
    try {
      for (const kept of (await cache?.findSnpCrls(report, now)) ?? []) {
        known.push(...this.#readCrl('cache', kept.value, false));
        fetchedAt = Math.max(fetchedAt, kept.fetchedAt);
      }
    } catch (error) {
      onFault('cache', error);
    }
    goodUntil.push(fetchedAt + refreshIntervalMs);
    const fresh: Found<Uint8Array>[] = [];
    const subject = `crl ${report.product ?? ''} ${report.keyInfo.signer}`;
    if (Math.max(...goodUntil) <= now.getTime() && this.#mayAsk(subject, now)) {
      this.#noteAsked(subject, now);
      for (const source of vendors) {
        const crls = await this.#ask(source, () => source.findSnpCrls(report, now));
        for (const crl of crls) fresh.push(...this.#readCrl(source.name, crl, true));
      }
    }
    const best = freshestOfIssuers([...known, ...fresh]);
    if (!best.some((each) => each.fromVendor)) return [best];
    const without = freshestOfIssuers(known);
    return without.length === 0 ? [best] : [best, without];
  }

  #readCrl(source: string, value: Uint8Array, fromVendor: boolean): readonly Found<Uint8Array>[] {
    try {
      const at = parseCrl(value).thisUpdate.getTime();
      return [{ source, value, issuedAt: at, fromVendor }];
    } catch (error) {
      this.#parts.onFault(source, error);
      return [];
    }
  }

  async #askAll<T>(
    sources: readonly EndorsementSource[],
    question: (source: EndorsementSource) => Promise<readonly T[]>,
    issuedAt: (value: T) => number,
    fromVendor: boolean,
  ): Promise<readonly Found<T>[]> {
    const found: Found<T>[] = [];
    for (const source of sources) {
      for (const value of await this.#ask(source, () => question(source))) {
        found.push({ source: source.name, value, issuedAt: issuedAt(value), fromVendor });
      }
    }
    return found;
  }

  async #ask<T>(
    source: EndorsementSource,
    question: () => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    try {
      return await question();
    } catch (error) {
      this.#parts.onFault(source.name, error);
      return [];
    }
  }

  #mayAsk(subject: string, now: Date): boolean {
    const last = this.#asked.get(subject);
    return last === undefined || Math.abs(now.getTime() - last) >= ASK_AGAIN_MS;
  }

  #noteAsked(subject: string, now: Date): void {
    this.#asked.delete(subject);
    this.#asked.set(subject, now.getTime());
    const oldest = this.#asked.keys().next().value;
    if (this.#asked.size > ASKED_MAX && oldest !== undefined) this.#asked.delete(oldest);
  }
}

/** Short: a quote that brings a platform manifest asks for as much as it is long. */
function subjectOf(evidence: DcapEvidence): string {
  const wanted = JSON.stringify(dcapEndorsementsFor(evidence));
  return createHash('sha256').update(wanted).digest('base64');
}

function nextUpdateOf(found: Found<Uint8Array>): number {
  return parseCrl(found.value).nextUpdate.getTime();
}

function freshestOfIssuers(lists: readonly Found<Uint8Array>[]): readonly Found<Uint8Array>[] {
  const best = new Map<string, Found<Uint8Array>>();
  for (const list of freshestFirst(lists)) {
    const { issuer } = parseCrl(list.value);
    if (!best.has(issuer.text)) best.set(issuer.text, list);
  }
  return [...best.values()];
}

function issuerOf(
  der: Uint8Array,
  parse: (der: Uint8Array) => { readonly issuer: { readonly commonName: string | null } },
): string | null {
  try {
    return parse(der).issuer.commonName;
  } catch {
    return null;
  }
}

/** 'Milan' of 'ARK-Milan', 'SEV-Milan' and 'SEV-VLEK-Milan'. */
function productOf(authority: string | null): string {
  return authority?.slice(authority.lastIndexOf('-') + 1) ?? '';
}
