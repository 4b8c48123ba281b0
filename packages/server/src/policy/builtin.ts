// Texts of the policies that exist without anybody having written them. Own words; the grants are what Vault
// clients rely on (token self-service, own cubbyhole, unwrapping).
import { DEFAULT_POLICY, RESPONSE_WRAPPING_POLICY, ROOT_POLICY } from './name.js';

const DEFAULT_TEXT = `# Given to every token unless it is created without it. May be changed, not deleted.

# A token may look at, renew and revoke itself, and ask what it may do.
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
path "sys/capabilities-self" { capabilities = ["update"] }
path "sys/internal/ui/resultant-acl" { capabilities = ["read"] }
path "sys/internal/explain" { capabilities = ["update"] }

# The entity behind the token may be read by id and by name.
path "identity/entity/id/{{identity.entity.id}}" { capabilities = ["read"] }
path "identity/entity/name/{{identity.entity.name}}" { capabilities = ["read"] }

# Whoever knows the id of a lease may look it up and renew it.
path "sys/renew" { capabilities = ["update"] }
path "sys/leases/renew" { capabilities = ["update"] }
path "sys/leases/lookup" { capabilities = ["update"] }

# Storage of the token's own, gone with the token.
path "cubbyhole/*" { capabilities = ["create", "read", "update", "delete", "list"] }

# Wrapping, and what the holder of a wrapping token may do with it.
path "sys/wrapping/wrap" { capabilities = ["update"] }
path "sys/wrapping/lookup" { capabilities = ["update"] }
path "sys/wrapping/unwrap" { capabilities = ["update"] }

# Stateless tools and the login page of the identity provider.
path "sys/tools/hash" { capabilities = ["update"] }
path "sys/tools/hash/*" { capabilities = ["update"] }
path "identity/oidc/provider/+/authorize" { capabilities = ["read", "update"] }
`;

const RESPONSE_WRAPPING_TEXT = `# Held by wrapping tokens only: read the one response, once.
path "cubbyhole/response" { capabilities = ["create", "read"] }
path "sys/wrapping/unwrap" { capabilities = ["update"] }
`;

/** By canonical name. `default` holds until one is stored; the others always. root has no rules: it is not checked. */
export const BUILTIN_POLICIES: ReadonlyMap<string, string> = new Map([
  [DEFAULT_POLICY, DEFAULT_TEXT],
  [RESPONSE_WRAPPING_POLICY, RESPONSE_WRAPPING_TEXT],
  [ROOT_POLICY, ''],
]);
