// What sys/ gets: the same kind of backend as any other, with a handle on the server around it.
import type { Barrier } from '../barrier/barrier.js';
import type { Core } from '../core/core.js';
import type { ClusterInfo, FirstWrites } from '../core/first-writes.js';
import type { Lifecycle } from '../seal/lifecycle.js';

/** Facts that do not change while the process runs. */
export interface ServerFacts {
  /** Semver; what clients read from seal-status and health. */
  readonly version: string;
  /** RFC 3339. */
  readonly buildDate: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly apiAddress: string;
  readonly logLevel: string;
  /** Seconds. */
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
  readonly isDev: boolean;
  /** The configuration without secrets, for config/state/sanitized. */
  readonly sanitizedConfig: Readonly<Record<string, unknown>>;
}

/** Of the server's own log, in this process. */
export interface LogLevelControl {
  current(): string;
  /** False for a word that is no level. */
  set(level: string): boolean;
  /** To what the configuration says. */
  reset(): void;
}

export interface SystemParts {
  readonly core: Core;
  readonly lifecycle: Lifecycle;
  readonly barrier: Barrier;
  readonly facts: ServerFacts;
  readonly clock: () => number;
  readonly logLevel: LogLevelControl;
  /** Null while sealed. */
  readonly cluster: () => ClusterInfo | null;
  /** For sys/init: what a new database gets beside the root token. */
  readonly firstWrites: FirstWrites;
  /** After the barrier opened through sys/unseal. */
  readonly onUnsealed: () => Promise<void>;
  /** Told of work that fails after its answer has left (lease tidying). */
  readonly onFault: (what: string, error: unknown) => void;
  /** For sys/seal: closes the unsealed server, then the barrier. */
  readonly seal: () => Promise<void>;
}
