// Decision records: why each login was accepted or refused, for the operator. The workload sees only code and id.
import { randomUUID } from 'node:crypto';
import type { Fault } from '@vouchsafe/verifier';
import { type Listing, listKeys } from '../../framework/listing.js';
import type { Storage } from '../../framework/storage.js';
import type { Attempt } from './evaluate.js';

export interface Decision {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: 'accepted' | 'refused';
  /** 'accepted', or the code of the refusal. */
  readonly code: string;
  readonly message: string;
  /** Of composite evidence, the part that was refused; null if none was, for the whole, and without parts. */
  readonly part: string | null;
  /** Whether the evidence was found genuine and meant for this login; what was decided before that is not worth much. */
  readonly genuine: boolean;
  readonly role: string;
  readonly remoteAddress: string;
  readonly format: string;
  /** Hex SHA-256 of the evidence, or, of composite evidence, of the JSON text of the collection as it came. */
  readonly evidenceSha256: string;
  readonly publicKeySha256: string;
  readonly binding: 'key' | 'exporter' | 'none';
  readonly policyDigest: string;
  readonly referenceDigests: readonly string[];
  readonly tcbStatus: string | null;
  readonly advisories: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly faults: readonly Fault[];
  /** Seconds, per kind. */
  readonly endorsementAges: Readonly<Record<string, number>>;
  readonly endorsementSource: string;
  /** What each set of endorsements that was tried came to, in order. */
  readonly attempts: readonly Attempt[];
}

/**
 * Records of genuine evidence lie apart from the others: whoever has no hardware can make as many refusals as they
 * like, and must not be able to push out the records of those that have.
 */
const GENUINE = 'decision/';
const UNPROVEN = 'decision-unproven/';
const ID = /^[0-9]{15}-[0-9a-f-]{36}$/;
const INSTANT_DIGITS = 15;
const TRIM_BATCH = 500;
const TRIM_EVERY = 500;

/** How many records are kept of either kind; older ones are dropped. */
export interface DecisionLimits {
  readonly genuineMax: number;
  readonly unprovenMax: number;
}

export const DECISION_LIMITS: DecisionLimits = { genuineMax: 5000, unprovenMax: 1000 };

/** Sorts by time and says nothing else: instant and a UUID. */
export function newDecisionId(at: number): string {
  return `${String(at).padStart(INSTANT_DIGITS, '0')}-${randomUUID()}`;
}

/** The records of one mount. Keeps nothing in memory but a count of its own writes. */
export class DecisionLog {
  readonly #limits: DecisionLimits;
  #writes = 0;

  constructor(limits: DecisionLimits) {
    this.#limits = limits;
  }

  /** Durable when it resolves. */
  async record(storage: Storage, decision: Decision): Promise<void> {
    const key = (decision.genuine ? GENUINE : UNPROVEN) + decision.id;
    await storage.commit([{ put: key, value: Buffer.from(JSON.stringify(decision)) }], []);
    this.#writes += 1;
    // Between two rounds of tidying a flood could write any amount.
    if (this.#writes % TRIM_EVERY === 0) await this.trim(storage);
  }

  /** Drops the oldest records over the limits. Safe to run anywhere, any number of times. */
  async trim(storage: Storage): Promise<void> {
    await trimFolder(storage, GENUINE, this.#limits.genuineMax);
    await trimFolder(storage, UNPROVEN, this.#limits.unprovenMax);
  }
}

async function trimFolder(storage: Storage, folder: string, max: number): Promise<void> {
  for (;;) {
    const ids = await storage.list(folder, { after: '', limit: max + TRIM_BATCH });
    const surplus = ids.slice(0, Math.max(0, ids.length - max));
    if (surplus.length === 0) return;
    const writes = surplus.map((id) => ({ delete: folder + id }));
    await storage.commit(writes, []);
    if (surplus.length < TRIM_BATCH) return;
  }
}

export async function findDecision(storage: Storage, id: string): Promise<Decision | null> {
  if (!ID.test(id)) return null;
  const found = (await storage.get(GENUINE + id)) ?? (await storage.get(UNPROVEN + id));
  return found === null ? null : (JSON.parse(found.value.toString('utf8')) as Decision);
}

/** Ids of both kinds, oldest first. */
export async function listDecisions(
  storage: Storage,
  listing: Listing,
): Promise<readonly string[]> {
  const [genuine, unproven] = await Promise.all([
    listKeys(storage, GENUINE, listing),
    listKeys(storage, UNPROVEN, listing),
  ]);
  const ids = [...genuine, ...unproven].sort();
  return listing.limit > 0 ? ids.slice(0, listing.limit) : ids;
}
