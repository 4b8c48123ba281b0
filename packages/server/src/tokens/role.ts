// Token roles: limits on what `auth/token/create/ROLE` may make. Stored beside the tokens, changed by commit.
import { type Listing, listKeys } from '../framework/listing.js';
import { retryOnConflict, type Storage } from '../framework/storage.js';

/** Zero durations and counts mean "not set". */
export interface TokenRole {
  readonly name: string;
  readonly allowedPolicies: readonly string[];
  readonly disallowedPolicies: readonly string[];
  readonly allowedPoliciesGlob: readonly string[];
  readonly disallowedPoliciesGlob: readonly string[];
  readonly orphan: boolean;
  readonly renewable: boolean;
  readonly pathSuffix: string;
  readonly allowedEntityAliases: readonly string[];
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly boundCidrs: readonly string[];
  readonly tokenType: TokenRoleType;
  readonly numUses: number;
  readonly noDefaultPolicy: boolean;
}

/** The default-* types give way to what a request asks for. */
export type TokenRoleType = 'default-service' | 'default-batch' | 'service' | 'batch';

export function defaultTokenRole(name: string): TokenRole {
  return {
    name,
    allowedPolicies: [],
    disallowedPolicies: [],
    allowedPoliciesGlob: [],
    disallowedPoliciesGlob: [],
    orphan: false,
    renewable: true,
    pathSuffix: '',
    allowedEntityAliases: [],
    explicitMaxTtlSeconds: 0,
    periodSeconds: 0,
    boundCidrs: [],
    tokenType: 'default-service',
    numUses: 0,
    noDefaultPolicy: false,
  };
}

const PREFIX = 'roles/';

/** Roles over the token store's view. */
export class TokenRoles {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async find(name: string): Promise<TokenRole | null> {
    const found = await this.#storage.get(PREFIX + name);
    return found === null ? null : (JSON.parse(found.value.toString('utf8')) as TokenRole);
  }

  /** `change` sees the role as it is, or the defaults; it may throw to refuse. */
  async write(name: string, change: (role: TokenRole) => TokenRole): Promise<void> {
    const key = PREFIX + name;
    await retryOnConflict(async () => {
      const found = await this.#storage.get(key);
      const before =
        found === null
          ? defaultTokenRole(name)
          : (JSON.parse(found.value.toString('utf8')) as TokenRole);
      const value = Buffer.from(JSON.stringify(change(before)), 'utf8');
      await this.#storage.commit([{ put: key, value }], [{ key, version: found?.version ?? null }]);
    });
  }

  async remove(name: string): Promise<void> {
    await this.#storage.commit([{ delete: PREFIX + name }], []);
  }

  async list(listing: Listing): Promise<readonly string[]> {
    return await listKeys(this.#storage, PREFIX, listing);
  }
}
