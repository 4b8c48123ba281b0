// Remembers what expires and finds it in time, over one storage view (sys/expire/). Revoking itself is core's: this
// store says what is due, lets one worker claim it, and keeps count of failures.
import type { LeaseGrant } from '../framework/backend.js';
import { randomBase62 } from '../framework/base62.js';
import { invalidRequest } from '../framework/errors.js';
import { countIndexed, countKeys, expiryKey, findDue } from '../framework/expiry-index.js';
import { type Listing, listKeys } from '../framework/listing.js';
import { type Page, retryOnConflict, type Storage, type Write } from '../framework/storage.js';
import { walk } from '../framework/walk.js';
import { backoffMs, FAILURES_MAX, LEASE_ID_BYTES_MAX, type Lease, suffixOf } from './lease.js';
import { planLease } from './renewal.js';
import { tidyLeaseIndexes } from './tidy.js';

const ID_PREFIX = 'id/';
const TOKEN_PREFIX = 'token/';
const DUE_PREFIX = 'expire/';
const IRREVOCABLE_PREFIX = 'irrevocable/';
const SUFFIX_LENGTH = 24;

/** What becomes a lease. */
export interface Registration {
  readonly path: string;
  readonly grant: LeaseGrant;
  readonly tokenId: string;
  /** End of a batch token, which nothing that it made outlives; null where the token's own lease tree sees to that. */
  readonly notAfter: number | null;
  readonly mount: {
    readonly uuid: string;
    readonly defaultLeaseTtlSeconds: number;
    readonly maxLeaseTtlSeconds: number;
  };
  readonly now: number;
}

export interface LeaseWithWarnings {
  readonly lease: Lease;
  readonly ttlSeconds: number;
  readonly warnings: readonly string[];
}

/** @property key cursor for the next page. */
export interface DueLease {
  readonly key: string;
  readonly leaseId: string;
}

function indexKeys(lease: Lease): readonly string[] {
  const suffix = suffixOf(lease.id);
  const keys: string[] = [];
  if (lease.tokenId !== '') keys.push(`${TOKEN_PREFIX}${lease.tokenId}/${suffix}`);
  if (lease.isIrrevocable) keys.push(IRREVOCABLE_PREFIX + suffix);
  else keys.push(expiryKey(DUE_PREFIX, lease.dueAt, suffix));
  return keys;
}

function putWrites(lease: Lease, before: Lease | null): readonly Write[] {
  const value = Buffer.from(JSON.stringify(lease), 'utf8');
  const id = Buffer.from(lease.id, 'utf8');
  const fresh = indexKeys(lease);
  const old = before === null ? [] : indexKeys(before);
  return [
    { put: ID_PREFIX + lease.id, value },
    ...old.filter((key) => !fresh.includes(key)).map((key) => ({ delete: key })),
    ...fresh.filter((key) => !old.includes(key)).map((key) => ({ put: key, value: id })),
  ];
}

export class LeaseStore {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /**
   * Makes the lease in one commit with its indexes. Core must look at the token again afterwards and revoke the lease
   * if a revocation has begun meanwhile: token and lease live in different views.
   */
  async register(registration: Registration): Promise<LeaseWithWarnings> {
    const { path, grant, tokenId, notAfter, mount, now } = registration;
    const terms = { issuedAt: now, maxTtlSeconds: grant.maxTtlSeconds, notAfter };
    const { ttlSeconds, warnings } = planLease(terms, grant, mount, now);
    const expiresAt = now + ttlSeconds * 1000;
    const lease: Lease = {
      id: `${path.replace(/\/+$/, '')}/${randomBase62(SUFFIX_LENGTH)}`,
      path,
      tokenId,
      mountUuid: mount.uuid,
      internal: grant.internal,
      renewable: grant.renewable,
      issuedAt: now,
      lastRenewedAt: null,
      expiresAt,
      maxTtlSeconds: grant.maxTtlSeconds,
      notAfter,
      failures: 0,
      failureCode: '',
      isIrrevocable: false,
      dueAt: expiresAt,
      isRevoking: false,
      claimedUntil: 0,
    };
    const expected = [{ key: ID_PREFIX + lease.id, version: null }];
    await this.#storage.commit(putWrites(lease, null), expected);
    return { lease, ttlSeconds, warnings };
  }

  /** Expired and irrevocable leases too, as long as they have not been revoked. Null when unknown. */
  async find(leaseId: string): Promise<Lease | null> {
    return (await this.#read(leaseId))?.lease ?? null;
  }

  /** @throws ApiError invalid-request 'lease_id must be specified', 'invalid lease' */
  async get(leaseId: string): Promise<Lease> {
    if (leaseId === '') throw invalidRequest('lease_id must be specified', 'lease-id-missing');
    const lease = await this.find(leaseId);
    if (lease === null) throw invalidLease();
    return lease;
  }

  /**
   * Stores a renewal: `ttlSeconds` from now, as planRenewal() or the backend's answer gave it. Refused once a
   * revocation has begun. @throws ApiError invalid-request
   */
  async renew(leaseId: string, ttlSeconds: number, now: number): Promise<Lease> {
    const expiresAt = now + ttlSeconds * 1000;
    const renewed = await this.#change(leaseId, (lease) => {
      if (lease.isRevoking || lease.expiresAt <= now) return null;
      return { ...lease, expiresAt, dueAt: expiresAt, lastRenewedAt: now };
    });
    if (renewed === null) throw invalidLease();
    return renewed;
  }

  /** What the expirer should look at, longest due first. `page.after` is the last `key`, or ''. */
  async due(now: number, page: Page): Promise<readonly DueLease[]> {
    const items = await findDue(this.#storage, DUE_PREFIX, now, page);
    const found = await this.#storage.getMany(items.map(({ key }) => key));
    return items.flatMap(({ key }, at) => {
      const entry = found[at];
      return entry == null ? [] : [{ key, leaseId: entry.value.toString('utf8') }];
    });
  }

  /**
   * Takes the right to revoke until `now + holdMs`; for others it is not due before then. Null when it is gone or
   * somebody else holds it. A worker that dies lets go by time. Works during a back-off and on irrevocable leases
   * too: due() never gives those, an operator may try.
   */
  async claim(leaseId: string, now: number, holdMs: number): Promise<Lease | null> {
    return await this.#change(leaseId, (lease) => {
      if (lease.claimedUntil > now) return null;
      const claimedUntil = now + holdMs;
      return { ...lease, isRevoking: true, claimedUntil, dueAt: claimedUntil };
    });
  }

  /** Notes a failed revocation: due again after a back-off, irrevocable after the sixth. Null when gone. */
  async fail(leaseId: string, now: number, failureCode: string): Promise<Lease | null> {
    return await this.#change(leaseId, (lease) => {
      const failures = lease.failures + 1;
      const isIrrevocable = failures >= FAILURES_MAX;
      const dueAt = now + backoffMs(failures);
      const code = failureCode.slice(0, 64);
      return { ...lease, failures, failureCode: code, isIrrevocable, dueAt, claimedUntil: 0 };
    });
  }

  /** The lease has been revoked, or is dropped by force. False when it was gone already. */
  async remove(leaseId: string): Promise<boolean> {
    return await retryOnConflict(async () => {
      const found = await this.#read(leaseId);
      if (found === null) return false;
      const keys = [ID_PREFIX + leaseId, ...indexKeys(found.lease)];
      const expected = [{ key: ID_PREFIX + leaseId, version: found.version }];
      await this.#storage.commit(
        keys.map((key) => ({ delete: key })),
        expected,
      );
      return true;
    });
  }

  /** Lease ids of one token. */
  async ofToken(tokenId: string, limit: number): Promise<readonly string[]> {
    const prefix = `${TOKEN_PREFIX}${tokenId}/`;
    return await this.#idsUnder(prefix, { after: '', limit });
  }

  /**
   * Every lease id of one token, in one walk behind a cursor: what can not be revoked, or is held by another worker,
   * is given once and not again.
   */
  async *allOfToken(tokenId: string): AsyncGenerator<string> {
    for await (const key of walk(this.#storage, `${TOKEN_PREFIX}${tokenId}/`)) {
      const found = await this.#storage.get(key);
      if (found !== null) yield found.value.toString('utf8');
    }
  }

  /** Immediate children below a prefix ('' or ending in '/'), as LIST answers them. @throws ApiError list-large */
  async list(prefix: string, listing: Listing): Promise<readonly string[]> {
    return await listKeys(this.#storage, ID_PREFIX + prefix, listing);
  }

  /** Every lease id below `prefix` ('database/creds/app/', trailing slash or not). Depth first. */
  async *below(prefix: string): AsyncGenerator<string> {
    const folder = `${ID_PREFIX}${prefix}`.replace(/\/*$/, '/');
    for await (const key of walk(this.#storage, folder)) yield key.slice(ID_PREFIX.length);
  }

  async irrevocable(page: Page): Promise<readonly Lease[]> {
    const ids = await this.#idsUnder(IRREVOCABLE_PREFIX, page);
    const leases = await Promise.all(ids.map((id) => this.find(id)));
    return leases.filter((lease) => lease !== null);
  }

  /** All leases there are. Reads keys only. */
  async count(): Promise<{ readonly total: number; readonly irrevocable: number }> {
    const irrevocable = await countKeys(this.#storage, IRREVOCABLE_PREFIX);
    const waiting = await countIndexed(this.#storage, DUE_PREFIX);
    return { total: waiting + irrevocable, irrevocable };
  }

  /** Removes index keys that lead nowhere. How many. */
  async tidy(): Promise<number> {
    const indexes = [TOKEN_PREFIX, DUE_PREFIX, IRREVOCABLE_PREFIX];
    return await tidyLeaseIndexes(this.#storage, ID_PREFIX, indexes);
  }

  async #idsUnder(prefix: string, page: Page): Promise<readonly string[]> {
    const names = await this.#storage.list(prefix, page);
    const found = await this.#storage.getMany(names.map((name) => prefix + name));
    return found.flatMap((entry) => (entry === null ? [] : [entry.value.toString('utf8')]));
  }

  async #read(
    leaseId: string,
  ): Promise<{ readonly lease: Lease; readonly version: number } | null> {
    if (!isLeaseId(leaseId)) return null;
    const found = await this.#storage.get(ID_PREFIX + leaseId);
    if (found === null) return null;
    const lease = JSON.parse(found.value.toString('utf8')) as Lease;
    found.value.fill(0);
    return { lease, version: found.version };
  }

  /** Null when there is no such lease, or `work` gives null. */
  async #change(leaseId: string, work: (lease: Lease) => Lease | null): Promise<Lease | null> {
    return await retryOnConflict(async () => {
      const found = await this.#read(leaseId);
      const after = found === null ? null : work(found.lease);
      if (found === null || after === null) return null;
      const expected = [{ key: ID_PREFIX + leaseId, version: found.version }];
      await this.#storage.commit(putWrites(after, found.lease), expected);
      return after;
    });
  }
}

/** Comes from request bodies: anything that could not be a key is simply unknown. */
function isLeaseId(text: string): boolean {
  if (Buffer.byteLength(text) > LEASE_ID_BYTES_MAX || /[\p{Cc}\p{Surrogate}]/u.test(text))
    return false;
  return /\/[0-9A-Za-z]{24}$/.test(text) && !/(^|\/)\.{0,2}(\/|$)/.test(text);
}

export function invalidLease(): Error {
  return invalidRequest('invalid lease', 'invalid-lease');
}
