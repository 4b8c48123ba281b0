// What a token is to be, decided by the rules before the store makes it. Two makers: creation-rules and login-rules.
import type { BoundKey } from '../framework/backend.js';

/** See TokenEntry for each member; the store adds id, accessor and instants. */
export interface TokenSpec {
  readonly type: 'service' | 'batch';
  /** Bytes chosen by the caller (sudo only) or by the operator (dev root token); null makes random ones. */
  readonly customId: Buffer | null;
  readonly parentId: string;
  readonly path: string;
  readonly policies: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly displayName: string;
  /** 0 is unlimited. */
  readonly numUses: number;
  /** 0 never expires: root tokens only. */
  readonly ttlSeconds: number;
  readonly roleMaxTtlSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly renewable: boolean;
  readonly role: string;
  readonly entityId: string;
  readonly boundCidrs: readonly string[];
  readonly boundKey: BoundKey | null;
  readonly mountUuid: string;
  readonly internal: Readonly<Record<string, string>>;
}

/** Lifetimes of a mount; see MountInfo. */
export interface TtlLimits {
  readonly defaultTtlSeconds: number;
  readonly maxTtlSeconds: number;
}

/** A root token that never expires: what init and -dev make. */
export function rootTokenSpec(customId: Buffer | null): TokenSpec {
  return {
    type: 'service',
    customId,
    parentId: '',
    path: 'auth/token/root',
    policies: ['root'],
    metadata: {},
    displayName: 'root',
    numUses: 0,
    ttlSeconds: 0,
    roleMaxTtlSeconds: 0,
    explicitMaxTtlSeconds: 0,
    periodSeconds: 0,
    renewable: false,
    role: '',
    entityId: '',
    boundCidrs: [],
    boundKey: null,
    mountUuid: '',
    internal: {},
  };
}
