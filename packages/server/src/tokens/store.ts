// Issues, finds, renews and removes tokens over one storage view (sys/token/). Storage is the only truth: every
// change is a commit on an expected version. Never stores, logs or returns a token's bytes except from create().
import { randomBytes } from 'node:crypto';
import { type Awaitable, andThen } from '../framework/awaitable.js';
import { randomBase62 } from '../framework/base62.js';
import { ApiError, invalidRequest, StorageConflict } from '../framework/errors.js';
import { countKeys, type DueItem, findDue } from '../framework/expiry-index.js';
import {
  type Entry,
  type Page,
  type Place,
  retryOnConflict,
  type Storage,
} from '../framework/storage.js';
import { leafOf, walk } from '../framework/walk.js';
import { BATCH_KEY_BYTES, openBatchToken, sealBatchToken, type WithBatchKey } from './batch.js';
import { decodeEntry, encodeEntry, isUsable, SPENT, type TokenEntry } from './entry.js';
import { EntryCache, type VersionedEntry } from './entry-cache.js';
import { tidyIndexes } from './tidy.js';
import {
  isBatchToken,
  makeSalt,
  makeServiceToken,
  SALT_BYTES,
  SaltedNames,
  TOKEN_BYTES_MAX,
} from './token-format.js';
import * as index from './token-index.js';
import type { TokenSpec } from './token-spec.js';

const SALT_KEY = 'salt';
const BATCH_KEY = 'batch-key';
const ACCESSOR_LENGTH = 24;
const CACHED_ENTRIES_MAX = 10_000;

/** @property token the only copy; the caller owns and wipes it. */
export interface CreatedToken {
  readonly token: Buffer;
  readonly entry: TokenEntry;
}

/** Whether the auth mount of that UUID is there and not on its way out. */
export type IsMountServing = (mountUuid: string) => Promise<boolean>;

/** Reads `key`, or makes it once: the loser of a race takes the winner's bytes. */
async function readOrMake(storage: Storage, key: string, make: () => Buffer): Promise<Buffer> {
  return await retryOnConflict(async () => {
    const found = await storage.get(key);
    if (found !== null) return found.value;
    const value = make();
    await storage.commit([{ put: key, value }], [{ key, version: null }]);
    return value;
  });
}

function entryFrom(spec: TokenSpec, id: string, accessor: string, now: number): TokenEntry {
  const { customId: _, numUses, ...rest } = spec;
  return {
    ...rest,
    id,
    accessor,
    usesLeft: numUses,
    createdAt: now,
    expiresAt: spec.ttlSeconds === 0 ? null : now + spec.ttlSeconds * 1000,
    lastRenewedAt: null,
    isRevoking: false,
  };
}

export class TokenStore {
  readonly #storage: Storage;
  readonly #names: SaltedNames;
  readonly #withBatchKey: WithBatchKey;
  readonly #isMountServing: IsMountServing;
  readonly #cache = new EntryCache(CACHED_ENTRIES_MAX);

  private constructor(
    storage: Storage,
    names: SaltedNames,
    withBatchKey: WithBatchKey,
    isMountServing: IsMountServing,
  ) {
    this.#storage = storage;
    this.#names = names;
    this.#withBatchKey = withBatchKey;
    this.#isMountServing = isMountServing;
  }

  /** Makes salt and batch key on first use. Call after unsealing. */
  static async open(storage: Storage, isMountServing: IsMountServing): Promise<TokenStore> {
    const salt = await readOrMake(storage, SALT_KEY, makeSalt);
    if (salt.length !== SALT_BYTES) throw new ApiError('internal', 'token salt has a wrong length');
    (await readOrMake(storage, BATCH_KEY, () => randomBytes(BATCH_KEY_BYTES))).fill(0);
    // Read for each use and wiped, rather than kept: whoever holds it can make tokens.
    const withBatchKey: WithBatchKey = async (use) => {
      const found = await storage.get(BATCH_KEY);
      if (found === null) throw new ApiError('internal', 'batch key is missing');
      try {
        return use(found.value);
      } finally {
        found.value.fill(0);
      }
    };
    const names = new SaltedNames(salt);
    salt.fill(0);
    return new TokenStore(storage, names, withBatchKey, isMountServing);
  }

  /** On seal: forgets all that was decrypted. The store is not usable afterwards. */
  close(): void {
    this.#cache.clear();
    this.#names.close();
  }

  /** The name of a token at rest. @throws never */
  idOf(token: Buffer): string {
    return this.#names.of(token);
  }

  /**
   * Makes the token in one commit with all of its indexes. `spec` must come from the rules: nothing is checked here
   * but that the parent is still usable and the id is free.
   * @throws ApiError invalid-request
   */
  async create(spec: TokenSpec, now: number): Promise<CreatedToken> {
    if (spec.type === 'batch') return await this.#createBatch(spec, now);
    return await retryOnConflict(async () => {
      const token = spec.customId === null ? makeServiceToken() : Buffer.from(spec.customId);
      const id = this.idOf(token);
      const entry = entryFrom(spec, id, randomBase62(ACCESSOR_LENGTH), now);
      const expectations = [{ key: index.idKey(id), version: null as number | null }];
      if (spec.parentId !== '') {
        const parent = await this.#readUsable(spec.parentId, now);
        if (parent === null) throw noParent();
        // A revocation that starts now moves this version, so no child can slip in behind its back.
        expectations.push({ key: index.idKey(spec.parentId), version: parent.version });
      }
      try {
        await this.#storage.commit(index.createWrites(this.#names, entry), expectations);
      } catch (error) {
        token.fill(0);
        const isTaken = error instanceof StorageConflict && (await this.#read(id)) !== null;
        if (isTaken) throw invalidRequest('cannot create a token with a duplicate ID');
        throw error;
      }
      return { token, entry };
    });
  }

  async #createBatch(spec: TokenSpec, now: number): Promise<CreatedToken> {
    if (spec.parentId !== '' && (await this.#readUsable(spec.parentId, now)) === null) {
      throw noParent();
    }
    // The id is the hash of the result and so can not be inside; '' stands for it.
    const sealed = entryFrom({ ...spec, renewable: false }, '', '', now);
    const plain = encodeEntry(sealed);
    const token = await this.#withBatchKey((key) => sealBatchToken(key, plain));
    plain.fill(0);
    return { token, entry: { ...sealed, id: this.idOf(token) } };
  }

  /** Null when unknown, expired, spent, being revoked, or what a batch token came from is gone. */
  lookup(token: Buffer, now: number): Awaitable<TokenEntry | null> {
    if (token.length === 0 || token.length > TOKEN_BYTES_MAX) return null;
    if (isBatchToken(token)) return this.#lookupBatch(token, now);
    return this.lookupById(this.idOf(token), now);
  }

  async #lookupBatch(token: Buffer, now: number): Promise<TokenEntry | null> {
    const plain = await this.#withBatchKey((key) => openBatchToken(key, token));
    if (plain === null) return null;
    const entry = { ...decodeEntry(plain, ''), id: this.idOf(token) };
    plain.fill(0);
    if (!isUsable(entry, now)) return null;
    // Nothing of it is stored that disabling the mount could revoke.
    if (entry.mountUuid !== '' && !(await this.#isMountServing(entry.mountUuid))) return null;
    if (entry.parentId === '') return entry;
    return (await this.lookupById(entry.parentId, now)) === null ? null : entry;
  }

  /** Service tokens only; null as in lookup(). */
  lookupById(tokenId: string, now: number): Awaitable<TokenEntry | null> {
    return andThen(this.#readUsable(tokenId, now), (found) => found?.entry ?? null);
  }

  /** Null when no usable token has this accessor. */
  async lookupByAccessor(accessor: string, now: number): Promise<TokenEntry | null> {
    if (accessor.length === 0 || accessor.length > 64) return null;
    const found = await this.#storage.get(index.accessorKey(this.#names, accessor));
    if (found === null) return null;
    const record = JSON.parse(found.value.toString('utf8')) as index.AccessorRecord;
    return await this.lookupById(record.tokenId, now);
  }

  /**
   * Sets expiry to `ttlSeconds` from now. `plan` sees the entry as it is and may throw to refuse; it runs again when
   * another writer won. @throws ApiError what `plan` throws; bad-token when the token is not usable any more
   */
  async renew(
    tokenId: string,
    plan: (entry: TokenEntry) => { readonly ttlSeconds: number },
    now: number,
  ): Promise<TokenEntry> {
    const renewed = await this.#change(tokenId, (entry) => {
      if (!isUsable(entry, now)) return null;
      const { ttlSeconds } = plan(entry);
      const expiresAt = ttlSeconds === 0 ? null : now + ttlSeconds * 1000;
      return { ...entry, expiresAt, lastRenewedAt: now };
    });
    if (renewed === null) throw invalidRequest('token not found', 'token-not-found');
    return renewed;
  }

  /**
   * Takes one use of a token with limited uses. The entry with what is left: SPENT means that this was the last one
   * and the caller revokes the token after the answer. Null when there was none left to take.
   */
  async useOne(tokenId: string, now: number): Promise<TokenEntry | null> {
    return await this.#change(tokenId, (entry) => {
      if (!isUsable(entry, now)) return null;
      if (entry.usesLeft === 0) return entry;
      return { ...entry, usesLeft: entry.usesLeft === 1 ? SPENT : entry.usesLeft - 1 };
    });
  }

  /**
   * First step of a revocation: from here on the token is refused, can get no children, and is due at once, so that
   * the expirer finishes what a crash leaves undone. False when it is gone already.
   */
  async beginRevocation(tokenId: string, now: number): Promise<boolean> {
    const marked = await this.#change(tokenId, (entry) =>
      entry.isRevoking
        ? entry
        : { ...entry, isRevoking: true, expiresAt: Math.min(entry.expiresAt ?? now, now) },
    );
    return marked !== null;
  }

  /** Last step: entry and indexes in one commit. False when it is gone already. Does not look at children. */
  async remove(tokenId: string): Promise<boolean> {
    return await retryOnConflict(async () => {
      const found = await this.#read(tokenId);
      if (found === null) return false;
      const expected = [{ key: index.idKey(tokenId), version: found.version }];
      await this.#storage.commit(index.removeWrites(this.#names, found.entry), expected);
      this.#cache.drop(tokenId);
      return true;
    });
  }

  /** Ids of service tokens below, sorted. `page.after` is an id or ''. */
  async children(tokenId: string, page: Page): Promise<readonly string[]> {
    return await this.#storage.list(`${index.PARENT_PREFIX}${tokenId}/`, page);
  }

  /** Makes orphans of all children. How many. */
  async orphanChildren(tokenId: string): Promise<number> {
    let total = 0;
    for (;;) {
      const ids = await this.children(tokenId, { after: '', limit: 100 });
      if (ids.length === 0) return total;
      for (const id of ids) {
        const orphan = await this.#change(id, (entry) => ({ ...entry, parentId: '' }));
        if (orphan === null) {
          await this.#storage.commit([{ delete: index.childKey(tokenId, id) }], []);
        }
      }
      total += ids.length;
    }
  }

  /** Accessors in no useful order. `next` is the cursor for the following page, or null. */
  async listAccessors(
    page: Page,
  ): Promise<{ readonly accessors: readonly string[]; readonly next: string | null }> {
    const names = await this.#storage.list(index.ACCESSOR_PREFIX, page);
    const found = await this.#storage.getMany(names.map((name) => index.ACCESSOR_PREFIX + name));
    const accessors = found.flatMap((entry) =>
      entry === null
        ? []
        : [(JSON.parse(entry.value.toString('utf8')) as index.AccessorRecord).accessor],
    );
    return { accessors, next: names.length < page.limit ? null : (names.at(-1) ?? null) };
  }

  /** Tokens whose time is over, oldest first; `name` is the token id. See findDue for paging. */
  async due(now: number, page: Page): Promise<readonly DueItem[]> {
    return await findDue(this.#storage, index.EXPIRE_PREFIX, now, page);
  }

  /**
   * Ids of tokens whose creation path lies below `prefix` ('auth/userpass/'), or is it ('auth/userpass/login/ann').
   * For revocation by prefix and when a mount goes.
   */
  async *listByPath(prefix: string): AsyncGenerator<string> {
    const folder = `${index.PATH_PREFIX}${prefix}`;
    for await (const key of walk(this.#storage, folder.replace(/\/*$/, '/'))) yield leafOf(key);
  }

  /** Service tokens in the store, expired ones that wait for removal included. Reads keys only. */
  async count(): Promise<number> {
    return await countKeys(this.#storage, index.ID_PREFIX);
  }

  /** Removes index keys that lead nowhere. How many. */
  async tidy(): Promise<number> {
    return await tidyIndexes(this.#storage);
  }

  #readUsable(tokenId: string, now: number): Awaitable<VersionedEntry | null> {
    return andThen(this.#read(tokenId), (found) =>
      found !== null && isUsable(found.entry, now) ? found : null,
    );
  }

  #read(tokenId: string): Awaitable<VersionedEntry | null> {
    const cached = this.#cache.find(tokenId);
    if (cached === null) {
      const place = this.#storage.locate(index.idKey(tokenId));
      return andThen(this.#storage.get(place), (found) => this.#remember(tokenId, place, found));
    }
    const { place } = cached;
    return andThen(this.#storage.getUnless(place, cached.version), (found) =>
      found === 'unchanged' ? cached : this.#remember(tokenId, place, found),
    );
  }

  #remember(tokenId: string, place: Place, found: Entry | null): VersionedEntry | null {
    if (found === null) {
      this.#cache.drop(tokenId);
      return null;
    }
    const versioned = { entry: decodeEntry(found.value, tokenId), version: found.version, place };
    found.value.fill(0);
    this.#cache.put(tokenId, versioned);
    return versioned;
  }

  /** Null when there is no such token, or `work` gives null. */
  async #change(
    tokenId: string,
    work: (entry: TokenEntry) => TokenEntry | null,
  ): Promise<TokenEntry | null> {
    return await retryOnConflict(async () => {
      const found = await this.#read(tokenId);
      const after = found === null ? null : work(found.entry);
      if (found === null || after === null || after === found.entry) return after;
      const expected = [{ key: index.idKey(tokenId), version: found.version }];
      await this.#storage.commit(index.changeWrites(found.entry, after), expected);
      return after;
    });
  }
}

function noParent(): ApiError {
  return invalidRequest('parent token lookup failed: no parent found', 'no-parent');
}
