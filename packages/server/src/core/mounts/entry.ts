// One line of the mount table, and how it is stored. Nothing in here is secret.
import { randomBytes, randomUUID } from 'node:crypto';
import type { LockoutTuning } from '../../framework/lockout.js';

export type MountKind = 'secret' | 'auth' | 'system';

/** Zero durations mean: the system's. Lists are null when never set. */
export interface MountConfig {
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
  readonly forceNoCache: boolean;
  readonly listingVisibility: '' | 'hidden' | 'unauth';
  readonly auditNonHmacRequestKeys: readonly string[] | null;
  readonly auditNonHmacResponseKeys: readonly string[] | null;
  readonly passthroughRequestHeaders: readonly string[] | null;
  readonly allowedResponseHeaders: readonly string[] | null;
  readonly tokenType: '' | 'default-service' | 'default-batch' | 'service' | 'batch';
  /** Absent where nobody said anything. */
  readonly lockout?: LockoutTuning;
}

export interface MountEntry {
  readonly uuid: string;
  readonly kind: MountKind;
  /** Ends in '/'; auth mounts begin with 'auth/'. */
  readonly path: string;
  readonly type: string;
  readonly accessor: string;
  readonly description: string;
  readonly config: MountConfig;
  readonly options: Readonly<Record<string, string>>;
  readonly local: boolean;
  readonly sealWrap: boolean;
  readonly externalEntropyAccess: boolean;
  /** Being removed: routes nowhere, its leases and data are on their way out. */
  readonly tainted: boolean;
}

export const DEFAULT_MOUNT_CONFIG: MountConfig = {
  defaultLeaseTtlSeconds: 0,
  maxLeaseTtlSeconds: 0,
  forceNoCache: false,
  listingVisibility: '',
  auditNonHmacRequestKeys: null,
  auditNonHmacResponseKeys: null,
  passthroughRequestHeaders: null,
  allowedResponseHeaders: null,
  tokenType: '',
};

/** A fresh entry with its own uuid and accessor (`<type>_<8 hex>`, `auth_<type>_…` for auth methods). */
export function newMountEntry(
  spec: Pick<MountEntry, 'kind' | 'path' | 'type'> & Partial<MountEntry>,
): MountEntry {
  const prefix = spec.kind === 'auth' ? `auth_${spec.type}` : spec.type;
  return {
    description: '',
    config: DEFAULT_MOUNT_CONFIG,
    options: {},
    local: false,
    sealWrap: false,
    externalEntropyAccess: false,
    tainted: false,
    ...spec,
    uuid: randomUUID(),
    accessor: `${prefix}_${randomBytes(4).toString('hex')}`,
  };
}

/** Prefix of the mount's part of the barrier. */
export function viewPrefix(entry: MountEntry): string {
  if (entry.kind === 'system') return 'sys/';
  return `${entry.kind === 'auth' ? 'auth' : 'logical'}/${entry.uuid}/`;
}

/** What a new server has. sys/ and auth/token/ and the cubbyhole can be neither removed nor moved. */
export function defaultMounts(): readonly MountEntry[] {
  return [
    newMountEntry({
      kind: 'system',
      path: 'sys/',
      type: 'system',
      description: 'system endpoints used for control, policy and debugging',
    }),
    newMountEntry({
      kind: 'secret',
      path: 'cubbyhole/',
      type: 'cubbyhole',
      local: true,
      description: 'per-token private secret storage',
    }),
    newMountEntry({
      kind: 'secret',
      path: 'identity/',
      type: 'identity',
      description: 'identity store',
    }),
    newMountEntry({
      kind: 'auth',
      path: 'auth/token/',
      type: 'token',
      description: 'token based credentials',
    }),
  ];
}

const PROTECTED: ReadonlySet<string> = new Set(['sys/', 'cubbyhole/', 'identity/', 'auth/token/']);

/** True for the mounts a server cannot do without. */
export function isProtectedMount(path: string): boolean {
  return PROTECTED.has(path);
}
