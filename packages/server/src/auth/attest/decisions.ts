// Decision records: why each login was accepted or refused, for the operator. The workload sees only code and id.
import { randomUUID } from 'node:crypto';
import type { Fault } from '@vouchsafe/verifier';
import { countKeys } from '../../framework/expiry-index.js';
import type { Page, Storage } from '../../framework/storage.js';
import type { Attempt } from './evaluate.js';

export interface Decision {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: 'accepted' | 'refused';
  /** 'accepted', or the code of the refusal. */
  readonly code: string;
  readonly message: string;
  readonly role: string;
  readonly remoteAddress: string;
  readonly format: string;
  /** SHA-256 of the evidence as it came, hex; '' when there was none to read. */
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

const PREFIX = 'decision/';
const INSTANT_DIGITS = 15;
/** Records beyond this many are dropped, oldest first. */
export const DECISIONS_MAX_DEFAULT = 5000;
const DROPPED_PER_COMMIT = 500;

/** Sorts by time and says nothing else: instant and a UUID. */
export function newDecisionId(at: number): string {
  return `${String(at).padStart(INSTANT_DIGITS, '0')}-${randomUUID()}`;
}

export async function recordDecision(storage: Storage, decision: Decision): Promise<void> {
  const value = Buffer.from(JSON.stringify(decision));
  await storage.commit([{ put: PREFIX + decision.id, value }], []);
}

export async function findDecision(storage: Storage, id: string): Promise<Decision | null> {
  if (!/^[0-9]{15}-[0-9a-f-]{36}$/.test(id)) return null;
  const found = await storage.get(PREFIX + id);
  return found === null ? null : (JSON.parse(found.value.toString('utf8')) as Decision);
}

/** Ids, oldest first. */
export async function listDecisions(storage: Storage, page: Page): Promise<readonly string[]> {
  return await storage.list(PREFIX, page);
}

/**
 * Drops the oldest records over `max`, all of them: anybody can be refused, as fast as the server answers, so a pass
 * that dropped a fixed number would never catch up. Bounded commits; safe to be cut short.
 */
export async function trimDecisions(storage: Storage, max: number): Promise<void> {
  let surplus = (await countKeys(storage, PREFIX)) - max;
  while (surplus > 0) {
    const limit = Math.min(surplus, DROPPED_PER_COMMIT);
    const oldest = await storage.list(PREFIX, { after: '', limit });
    if (oldest.length === 0) return;
    await storage.commit(
      oldest.map((id) => ({ delete: PREFIX + id })),
      [],
    );
    surplus -= oldest.length;
  }
}
