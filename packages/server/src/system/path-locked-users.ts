// sys/locked-users: who is locked out after failed logins, and letting them in again. What is counted lies in the views of
// the auth methods; this only asks there.

import { viewPrefix } from '../core/mounts/entry.js';
import type { Mounted } from '../core/mounts/router.js';
import type { Path, Response } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import { DEFAULT_LOCKOUT, LoginLockout } from '../framework/lockout.js';
import { path } from '../framework/path.js';
import { LIST_LIMIT_MAX } from '../framework/storage.js';
import type { SystemParts } from './parts.js';

/** Names looked at in one mount; there are more only while somebody guesses names by the thousands. */
const NAMES_MAX = 5 * LIST_LIMIT_MAX;

interface LockedAt {
  readonly accessor: string;
  readonly names: readonly string[];
}

export function lockedUserPaths(parts: SystemParts): readonly Path[] {
  return [listPath(parts), unlockPath(parts)];
}

function listPath(parts: SystemParts): Path {
  return path({
    pattern: 'locked-users(/)',
    help: {
      synopsis: 'Users that are locked out after failed logins.',
      description: 'By auth method, those with most first. Names that no user has are among them.',
    },
    fields: { mount_accessor: field.string('accessor of one auth method; empty for all') },
    operations: {
      read: async ({ now }, { mount_accessor: accessor }) => {
        const mounts = await countingMounts(parts, accessor);
        const all = await Promise.all(mounts.map((mounted) => lockedAt(parts, mounted, now)));
        return answer(all.filter(({ names }) => names.length > 0));
      },
    },
  });
}

function unlockPath(parts: SystemParts): Path {
  return path({
    pattern: 'locked-users/:mount_accessor/unlock/:alias_identifier+',
    help: {
      synopsis: 'Lets a locked user try again.',
      description: 'Failures so far are forgotten. No error when the user is not locked.',
    },
    fields: {
      mount_accessor: field.string('accessor of the auth method'),
      alias_identifier: field.string('name of the user there'),
    },
    operations: {
      update: async (_, { mount_accessor: accessor, alias_identifier: alias }) => {
        const [mounted] = accessor === '' ? [] : await countingMounts(parts, accessor);
        if (mounted === undefined) {
          const text = 'mount_accessor is none of an auth method that locks users out';
          throw invalidRequest(text, 'locked-users-accessor');
        }
        const name = mounted.backend.lockoutName?.(alias) ?? null;
        if (name !== null) await lockoutOf(parts, mounted).clear(name);
        return null;
      },
    },
  });
}

/** @param accessor '' for every mount whose failed logins are counted */
async function countingMounts(parts: SystemParts, accessor: string): Promise<readonly Mounted[]> {
  const { mounts, router } = parts.core.active;
  const { entries } = await mounts.table.current();
  const asked = entries.filter(
    (entry) => !entry.tainted && (accessor === '' || entry.accessor === accessor),
  );
  const mounted = await Promise.all(asked.map((entry) => router.mounted(entry)));
  return mounted.filter(({ backend }) => backend.lockoutName !== undefined);
}

function lockoutOf(parts: SystemParts, { entry, info }: Mounted): LoginLockout {
  const storage = parts.core.active.view(viewPrefix(entry));
  return new LoginLockout(storage, info.lockout ?? DEFAULT_LOCKOUT);
}

async function lockedAt(parts: SystemParts, mounted: Mounted, now: number): Promise<LockedAt> {
  const names = await lockoutOf(parts, mounted).locked(now, NAMES_MAX);
  return { accessor: mounted.entry.accessor, names };
}

/** As Vault answers: by namespace, of which there is one. */
function answer(locked: readonly LockedAt[]): Response {
  const total = locked.reduce((sum, { names }) => sum + names.length, 0);
  const most = [...locked].sort((a, b) => b.names.length - a.names.length);
  const mountAccessors = most.map(({ accessor, names }) => ({
    mount_accessor: accessor,
    counts: names.length,
    alias_identifiers: names,
  }));
  const root = {
    namespace_id: 'root',
    namespace_path: '',
    counts: total,
    mount_accessors: mountAccessors,
  };
  return { data: { by_namespace: total === 0 ? [] : [root], total } };
}
