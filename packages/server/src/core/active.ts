// Everything that exists only while the barrier is open. Made by unsealing, closed by sealing; a request holds the one
// it started with. Holds no keys: those are the barrier's.
import type { AuditBroker } from '../audit/broker.js';
import type { LeaseGrant } from '../framework/backend.js';
import type { Storage } from '../framework/storage.js';
import type { LeaseStore } from '../leases/store.js';
import type { PolicyStore } from '../policy/store.js';
import type { TokenEntry } from '../tokens/entry.js';
import type { TokenStore } from '../tokens/store.js';
import type { CorsSettings } from './cors.js';
import type { EntityStore } from './entities.js';
import type { Expirer } from './expirer.js';
import type { LiveDocument } from './live-document.js';
import type { Logins } from './logins.js';
import type { MountEntry } from './mounts/entry.js';
import type { Mounted, Router } from './mounts/router.js';
import type { MountService } from './mounts/service.js';
import type { RateLimits } from './quotas/rate-limits.js';
import type { ApiRequest, LeaseResult } from './request.js';
import type { Revocation } from './revocation.js';
import type { Wrapping } from './wrapping.js';

export interface Active {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly router: Router;
  readonly mounts: MountService;
  readonly tokens: TokenStore;
  readonly leases: LeaseStore;
  readonly policies: PolicyStore;
  readonly entities: EntityStore;
  readonly audit: AuditBroker;
  readonly logins: Logins;
  readonly wrapping: Wrapping;
  readonly rateLimits: RateLimits;
  readonly cors: LiveDocument<CorsSettings>;
  readonly revocation: Revocation;
  readonly expirer: Expirer;
  /** A part of the barrier, for a backend outside a request. */
  view(prefix: string): Storage;
  /** The mount's part; whatever is read through it goes to `own`. Null for a path that no mount covers: an empty view. */
  requestView(entry: MountEntry | null, own: <T extends Uint8Array>(bytes: T) => T): Storage;
  registerLease(
    api: ApiRequest,
    mounted: Mounted,
    token: TokenEntry,
    grant: LeaseGrant,
  ): Promise<LeaseResult>;
}
