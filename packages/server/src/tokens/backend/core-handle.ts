// What the token backend needs from core, and nothing more. Core implements it; the backend never imports core.
import type { Awaitable } from '../../framework/awaitable.js';
import type { RenewedAuth, Request } from '../../framework/backend.js';
import type { TokenEntry } from '../entry.js';
import type { TtlLimits } from '../token-spec.js';

/** What the auth method that logged a token in says to its renewal, and the lifetimes of its mount as they are now. */
export interface LoginRenewal {
  readonly renewed: RenewedAuth;
  readonly limits: TtlLimits;
}

export interface TokenCore {
  /** The caller's token as presented; owned by the request. */
  presentedToken(request: Request): Buffer;
  /** The caller's entry as the pipeline resolved it, this request's use already taken. */
  callerEntry(request: Request): TokenEntry;
  /** Sudo on the very path that was called. Root has it. */
  hasSudo(request: Request): Promise<boolean>;
  policyExists(name: string): Promise<boolean>;
  /** Policies that come with the entity, '' has none. */
  identityPolicies(entityId: string): Awaitable<readonly string[]>;
  /** Entity of an alias at auth/token/, made when there is none. */
  entityForAlias(request: Request, aliasName: string): Promise<string>;
  /** Asks the backend of `entry.mountUuid`. @throws ApiError to refuse, also when the mount is gone */
  renewLogin(entry: TokenEntry, incrementSeconds: number, now: number): Promise<LoginRenewal>;
  /** Depth first: children, leases, per-token data, the token. Resolves when all of it is gone. */
  revokeTree(tokenId: string, now: number): Promise<void>;
  /** The token and what hangs on it; its children become orphans. */
  revokeAndOrphan(tokenId: string, now: number): Promise<void>;
  /** Runs after the answer; failures are logged, never raised. */
  inBackground(name: string, work: () => Promise<void>): void;
}
