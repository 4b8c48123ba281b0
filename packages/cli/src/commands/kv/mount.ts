// Finds which mount a key lies in and of which version it is, so that `kv` commands can build the right path.
import { ApiResponseError, type MountInfo } from '@vouchsafe/client';
import { textFlag } from '../../arguments/flag.js';
import { CommandError, during } from '../../session/explain.js';
import { type Context, cleanPath, mountPath } from '../context.js';

/** A key, taken apart. */
export interface KvTarget {
  readonly version: 1 | 2;
  /** 'secret/'; '' when the server did not say. */
  readonly mount: string;
  /** Below the mount. */
  readonly key: string;
  /** Below /v1: for version 2 with data/, metadata/, … in between. */
  path(kind: 'data' | 'metadata' | 'delete' | 'undelete' | 'destroy'): string;
}

export const mountFlag = textFlag(
  'Where the engine is mounted; the argument is then the key alone. Without it, the argument’s beginning is.',
  { valueName: 'PATH' },
);

async function askMount(context: Context, path: string): Promise<MountInfo | null> {
  try {
    const answer = await context.sendingClient.call<{ data: MountInfo | null }>(
      'GET',
      `sys/internal/ui/mounts/${path}`,
      { wrapTtl: null },
    );
    return answer?.data ?? null;
  } catch (error) {
    // Servers before this question existed have version 1 only.
    if (error instanceof ApiResponseError && error.status === 404) return null;
    throw error;
  }
}

/** `mountOption` from -mount. @throws CommandError 2 when the server refuses to say */
export async function findKvTarget(
  context: Context,
  argument: string,
  mountOption: string | null,
): Promise<KvTarget> {
  const full = cleanPath(argument);
  const asked = mountOption === null ? full : mountPath(mountOption);
  const info = await during('looking up the mount', askMount(context, asked));
  const mount = info?.path ?? (mountOption === null ? '' : asked);
  const version = info?.options?.version === '2' ? 2 : 1;
  const inside = mountOption === null && `${full}/`.startsWith(mount);
  const key = inside ? full.slice(mount.length) : full;
  return {
    version,
    mount,
    key,
    path: (kind) => (version === 2 ? `${mount}${kind}/${key}` : `${mount}${key}`),
  };
}

/** @throws CommandError 1 for a version 1 mount */
export function requireVersion2(target: KvTarget, what: string): void {
  if (target.version === 2) return;
  throw new CommandError(
    `${what} needs a K/V engine of version 2`,
    1,
    target.mount === '' ? '' : `"kv enable-versioning ${target.mount}" upgrades it`,
  );
}

/** For a key that begins with data/ or metadata/, which the API has and the command adds itself. */
export function prefixHint(target: KvTarget): string {
  const match = /^(?:data|metadata)\/(.+)$/.exec(target.key);
  return target.version === 2 && match !== null
    ? `the command adds "data/" itself; try ${target.mount}${match[1]}`
    : '';
}
