// From the grant of an auth method to a token: who it is across logins, then the token the rules plan.
import type { AuthGrant, IssuedToken } from '../framework/backend.js';
import { planLogin } from '../tokens/login-rules.js';
import { canonicalPolicies } from '../tokens/policies.js';
import type { TokenStore } from '../tokens/store.js';
import type { Entity, EntityStore } from './entities.js';
import type { Mounted } from './mounts/router.js';

export interface LoginOrigin {
  readonly mounted: Mounted;
  /** The request path, e.g. 'auth/userpass/login/ann'. */
  readonly path: string;
  readonly now: number;
  /** Takes the token's bytes over, to be wiped with the request. */
  readonly own: (bytes: Buffer) => Buffer;
}

export class Logins {
  readonly #tokens: TokenStore;
  readonly #entities: EntityStore;

  constructor(tokens: TokenStore, entities: EntityStore) {
    this.#tokens = tokens;
    this.#entities = entities;
  }

  /** @throws ApiError when the grant is one that no login may give */
  async issue(
    grant: AuthGrant,
    origin: LoginOrigin,
  ): Promise<{ issued: IssuedToken; warnings: readonly string[] }> {
    const { mounted, now } = origin;
    const entity = await this.#entityOf(grant, mounted, now);
    const { spec, warnings } = planLogin(grant, {
      mount: { ...mounted.info, tokenType: mounted.entry.config.tokenType },
      requestPath: origin.path,
      entityId: entity?.id ?? '',
      now,
    });
    const { token, entry } = await this.#tokens.create(spec, now);
    const identityPolicies = entity?.policies ?? [];
    const issued: IssuedToken = {
      clientToken: origin.own(token),
      accessor: entry.accessor,
      policies: canonicalPolicies([...entry.policies, ...identityPolicies]),
      tokenPolicies: entry.policies,
      identityPolicies,
      metadata: entry.metadata,
      leaseDurationSeconds: spec.ttlSeconds,
      renewable: entry.renewable,
      entityId: entry.entityId,
      tokenType: entry.type,
      orphan: true,
      numUses: spec.numUses,
    };
    return { issued, warnings };
  }

  async #entityOf(grant: AuthGrant, mounted: Mounted, now: number): Promise<Entity | null> {
    if (grant.aliasName === '') return null;
    return await this.#entities.ensure(
      {
        name: grant.aliasName,
        mountAccessor: mounted.entry.accessor,
        mountPath: mounted.entry.path,
        mountType: mounted.entry.type,
        metadata: grant.aliasMetadata ?? {},
      },
      now,
    );
  }
}
