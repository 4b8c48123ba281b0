// Ending tokens and leases, with all that hangs on them. Safe to run twice and to be cut short: what a crash leaves
// undone is still due, and the expirer finishes it.
import { ApiError } from '../framework/errors.js';
import type { Storage } from '../framework/storage.js';
import type { Lease } from '../leases/lease.js';
import { invalidLease, type LeaseStore, type Registration } from '../leases/store.js';
import type { TokenStore } from '../tokens/store.js';
import type { Mounted } from './mounts/router.js';

/** How long one worker may take over one revocation before another tries. */
const CLAIM_MS = 60_000;
const CHILDREN_PER_PAGE = 100;
const DUE_PER_PAGE = 200;
/** What revocation needs from the rest of core. */
export interface RevocationParts {
  readonly tokens: TokenStore;
  readonly leases: LeaseStore;
  /** The mount with this uuid, or null when it is gone. */
  readonly mountByUuid: (uuid: string) => Promise<Mounted | null>;
  readonly mountStorage: (mounted: Mounted) => Storage;
  /** Every mount that keeps something per token (cubbyhole), and core's own wrapped answers. */
  readonly forgetToken: (tokenId: string) => Promise<void>;
}

export class Revocation {
  readonly #parts: RevocationParts;

  constructor(parts: RevocationParts) {
    this.#parts = parts;
  }

  /**
   * Revokes a token, its leases, what it kept, and its children, depth first. When this resolves every one of them is
   * refused everywhere. False when the token was gone already.
   */
  async revokeTree(tokenId: string, now: number): Promise<boolean> {
    // A stack of its own: whoever makes a chain of tokens decides how deep it is, and none of it may be left over.
    const branches: Branch[] = [];
    const enter = async (id: string): Promise<void> => {
      if (!(await this.#parts.tokens.beginRevocation(id, now))) return;
      await this.#revokeLeasesOf(id, now);
      branches.push({ id, children: this.#childrenOf(id) });
    };
    let removed = false;
    await enter(tokenId);
    for (let branch = branches.at(-1); branch !== undefined; branch = branches.at(-1)) {
      const { value: child, done } = await branch.children.next();
      if (done !== true) {
        await enter(child);
        continue;
      }
      branches.pop();
      await this.#parts.forgetToken(branch.id);
      removed = await this.#parts.tokens.remove(branch.id);
    }
    return removed;
  }

  /** No child can be added once revocation has begun, so one walk behind a cursor sees them all. */
  async *#childrenOf(tokenId: string): AsyncGenerator<string> {
    let after = '';
    for (;;) {
      const page = { after, limit: CHILDREN_PER_PAGE };
      const children = await this.#parts.tokens.children(tokenId, page);
      yield* children;
      if (children.length < CHILDREN_PER_PAGE) return;
      after = children.at(-1) ?? '';
    }
  }

  /** Revokes the token alone; its children live on as orphans. */
  async revokeOrphan(tokenId: string, now: number): Promise<boolean> {
    const { tokens } = this.#parts;
    if (!(await tokens.beginRevocation(tokenId, now))) return false;
    await tokens.orphanChildren(tokenId);
    return await this.revokeTree(tokenId, now);
  }

  /** What can not be revoked now stays due: the expirer tries again, the token goes all the same. */
  async #revokeLeasesOf(tokenId: string, now: number): Promise<void> {
    for await (const id of this.#parts.leases.allOfToken(tokenId)) await this.#tryLease(id, now);
  }

  /** @throws ApiError when the backend could not revoke it; the lease stays and is tried again. */
  async revokeLease(leaseId: string, now: number): Promise<void> {
    const lease = await this.#parts.leases.find(leaseId);
    if (lease === null) throw invalidLease();
    if (!(await this.#tryLease(leaseId, now))) {
      throw new ApiError('internal', 'failed to revoke the lease; it will be tried again', {
        code: 'lease-revocation-failed',
      });
    }
  }

  /** Drops the lease whether or not the backend can revoke what it stands for, or another worker is at it. */
  async forceLease(leaseId: string, now: number): Promise<void> {
    await this.#tryLease(leaseId, now);
    await this.#parts.leases.remove(leaseId);
  }

  /** True when the lease is gone afterwards, or somebody else is at it. */
  async #tryLease(leaseId: string, now: number): Promise<boolean> {
    const { leases } = this.#parts;
    const claimed = await leases.claim(leaseId, now, CLAIM_MS);
    if (claimed === null) return true;
    try {
      await this.#revokeAtBackend(claimed, now);
    } catch (error) {
      await leases.fail(leaseId, now, error instanceof ApiError ? error.code : 'internal');
      return false;
    }
    await leases.remove(leaseId);
    return true;
  }

  async #revokeAtBackend(
    lease: Pick<Lease, 'mountUuid' | 'internal' | 'path'>,
    now: number,
  ): Promise<void> {
    const mounted = await this.#parts.mountByUuid(lease.mountUuid);
    if (mounted === null) return;
    await mounted.backend.revokeLease?.({
      storage: this.#parts.mountStorage(mounted),
      mount: mounted.info,
      now,
      internal: lease.internal,
      path: lease.path,
    });
  }

  /** Takes back what a backend granted when no lease could be written for it. */
  async undoGrant(registration: Registration): Promise<void> {
    const { mount, grant, path, now } = registration;
    await this.#revokeAtBackend({ mountUuid: mount.uuid, internal: grant.internal, path }, now);
  }

  /** Every lease and token made below a path: for revoke-prefix, and when a mount goes or moves. */
  async revokeBelow(path: string, now: number, force: boolean): Promise<void> {
    const { leases, tokens } = this.#parts;
    for await (const id of leases.below(path)) {
      if (force) await this.forceLease(id, now);
      else await this.#tryLease(id, now);
    }
    for await (const tokenId of tokens.listByPath(path)) await this.revokeTree(tokenId, now);
  }

  /**
   * One round over what is due. One token or lease that fails does not keep the rest waiting.
   * @returns the faults met; what they belong to is still due and is tried again
   */
  async expire(now: number): Promise<readonly unknown[]> {
    const { leases, tokens } = this.#parts;
    const faults: unknown[] = [];
    const attempt = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        faults.push(error);
      }
    };
    const pages = (read: (after: string) => Promise<readonly Due[]>) => inPages(read, DUE_PER_PAGE);
    for await (const { id } of pages(async (after) =>
      (await leases.due(now, { after, limit: DUE_PER_PAGE })).map((due) => ({
        key: due.key,
        id: due.leaseId,
      })),
    )) {
      await attempt(() => this.#tryLease(id, now));
    }
    for await (const { id } of pages(async (after) =>
      (await tokens.due(now, { after, limit: DUE_PER_PAGE })).map((due) => ({
        key: due.key,
        id: due.name,
      })),
    )) {
      await attempt(() => this.revokeTree(id, now));
    }
    return faults;
  }
}

/** A token whose revocation has begun, and those of its children that are still to be met. */
interface Branch {
  readonly id: string;
  readonly children: AsyncGenerator<string>;
}

interface Due {
  /** Cursor. */
  readonly key: string;
  readonly id: string;
}

/** Walks behind a cursor, so that what stays due is met once. */
async function* inPages(
  read: (after: string) => Promise<readonly Due[]>,
  limit: number,
): AsyncGenerator<Due> {
  let after = '';
  for (;;) {
    const page = await read(after);
    yield* page;
    if (page.length < limit) return;
    after = page.at(-1)?.key ?? '';
  }
}
