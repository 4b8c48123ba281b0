// Moves a mount and waits for the server to finish, for `secrets move` and `auth move`.
import { CommandError, during } from '../session/explain.js';
import type { Context } from './context.js';

interface Remount {
  readonly migration_id?: string;
  readonly data?: { readonly migration_id?: string } | null;
}

interface RemountStatus {
  readonly migration_info?: { readonly status?: string };
}

const pollMs = 500;
const pollsMax = 7_200; // One hour: moving revokes every lease first.

/** `from` and `to` as the API has them, auth/ included. @throws CommandError */
export async function moveMount(
  context: Context,
  what: string,
  from: string,
  to: string,
): Promise<void> {
  const { client } = context;
  const doing = `moving ${what} ${from} to ${to}`;
  const started = await during(
    doing,
    client.call<Remount>('POST', 'sys/remount', { data: { from, to } }),
  );
  const id = started?.data?.migration_id ?? started?.migration_id;
  if (id === undefined || id === '') {
    // A server that moves at once has nothing to wait for.
    context.line(`Success! Moved ${what} ${from} to: ${to}`);
    return;
  }
  context.line(`Started moving ${what} ${from} to ${to}, with migration ID ${id}`);
  for (let poll = 0; poll < pollsMax; poll += 1) {
    const call = client.read<RemountStatus>(`sys/remount/status/${id}`);
    const status = (await during('checking migration status', call))?.data?.migration_info?.status;
    if (status === 'success') {
      context.line(`Success! Finished moving ${what} ${from} to ${to}, with migration ID ${id}`);
      return;
    }
    if (status === 'failure') {
      throw new CommandError(`Failure! Error encountered moving ${what} ${from} to ${to}`, 2);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new CommandError(`Error ${doing}: not finished within an hour; it goes on`, 2);
}
