// auth/token/roles: what `create/ROLE` may make.
import type { Path } from '../../framework/backend.js';
import { parseCidrs } from '../../framework/cidr.js';
import { invalidRequest } from '../../framework/errors.js';
import { field, type Values } from '../../framework/field.js';
import type { JsonValue } from '../../framework/json/value.js';
import { listingFields } from '../../framework/listing.js';
import { path } from '../../framework/path.js';
import { canonicalPolicies } from '../policies.js';
import type { TokenRole, TokenRoleType } from '../role.js';
import type { TokenParts } from './parts.js';

const NAME = /^\w(?:[\w.-]{0,126}\w)?$/;
const PATH_SUFFIX = /^\w(?:[\w.-]{0,126}\w)?$/;
const TYPES: readonly TokenRoleType[] = ['default-service', 'default-batch', 'service', 'batch'];

const fields = {
  role_name: field.string('name of the role'),
  allowed_policies: field.optionalStringList('policies that may be asked for'),
  disallowed_policies: field.optionalStringList('policies that may not'),
  allowed_policies_glob: field.optionalStringList('patterns of policies that may be asked for'),
  disallowed_policies_glob: field.optionalStringList('patterns of policies that may not'),
  orphan: field.optionalBoolean('tokens have no parent'),
  renewable: field.optionalBoolean('tokens can be renewed'),
  path_suffix: field.optionalString('added to the path of tokens, for revocation by prefix'),
  allowed_entity_aliases: field.optionalStringList('aliases that may be asked for, with globs'),
  token_explicit_max_ttl: field.optionalDuration('hard end of tokens'),
  explicit_max_ttl: field.optionalDuration('old name of token_explicit_max_ttl'),
  token_period: field.optionalDuration('lifetime that each renewal gives back'),
  period: field.optionalDuration('old name of token_period'),
  token_bound_cidrs: field.optionalStringList('addresses that may use tokens'),
  bound_cidrs: field.optionalStringList('old name of token_bound_cidrs'),
  token_type: field.optionalString('default-service, default-batch, service or batch'),
  token_num_uses: field.optionalInteger('how often tokens may be used'),
  token_no_default_policy: field.optionalBoolean('leave the policy "default" out'),
} as const;

function parseType(text: string): TokenRoleType {
  const wanted = text === '' || text === 'default' ? 'default-service' : text;
  const found = TYPES.find((type) => type === wanted);
  if (found === undefined) throw invalidRequest("invalid 'token_type' value", 'token-type');
  return found;
}

function checkTogether(role: TokenRole): void {
  if (role.numUses < 0) throw invalidRequest("'token_num_uses' cannot be negative");
  if (role.pathSuffix !== '' && !PATH_SUFFIX.test(role.pathSuffix)) {
    throw invalidRequest('given role path suffix contains invalid characters');
  }
  if (role.tokenType !== 'batch') return;
  const limits: readonly (readonly [string, boolean])[] = [
    ['set to generate periodic tokens', role.periodSeconds > 0],
    ['set to generate tokens with limited use count', role.numUses > 0],
    ['an explicit max TTL is set', role.explicitMaxTtlSeconds > 0],
    ['set to generate renewable tokens', role.renewable],
  ];
  for (const [what, isSet] of limits) {
    if (isSet) throw invalidRequest(`'token_type' cannot be 'batch' when role is ${what}`);
  }
}

function changeRole(before: TokenRole, values: Values<typeof fields>): TokenRole {
  const cidrs = values.token_bound_cidrs ?? values.bound_cidrs;
  const policies = (given: readonly string[] | null, old: readonly string[]): readonly string[] =>
    given === null ? old : canonicalPolicies(given);
  const after: TokenRole = {
    name: before.name,
    allowedPolicies: policies(values.allowed_policies, before.allowedPolicies),
    disallowedPolicies: policies(values.disallowed_policies, before.disallowedPolicies),
    allowedPoliciesGlob: values.allowed_policies_glob ?? before.allowedPoliciesGlob,
    disallowedPoliciesGlob: values.disallowed_policies_glob ?? before.disallowedPoliciesGlob,
    orphan: values.orphan ?? before.orphan,
    renewable: values.renewable ?? before.renewable,
    pathSuffix: values.path_suffix ?? before.pathSuffix,
    allowedEntityAliases:
      values.allowed_entity_aliases?.map((alias) => alias.toLowerCase()) ??
      before.allowedEntityAliases,
    explicitMaxTtlSeconds:
      values.token_explicit_max_ttl ?? values.explicit_max_ttl ?? before.explicitMaxTtlSeconds,
    periodSeconds: values.token_period ?? values.period ?? before.periodSeconds,
    boundCidrs: cidrs === null ? before.boundCidrs : parseCidrs(cidrs, 'token_bound_cidrs'),
    tokenType: values.token_type === null ? before.tokenType : parseType(values.token_type),
    numUses: values.token_num_uses ?? before.numUses,
    noDefaultPolicy: values.token_no_default_policy ?? before.noDefaultPolicy,
  };
  checkTogether(after);
  return after;
}

function roleData(role: TokenRole): Readonly<Record<string, JsonValue>> {
  return {
    name: role.name,
    allowed_policies: role.allowedPolicies,
    disallowed_policies: role.disallowedPolicies,
    allowed_policies_glob: role.allowedPoliciesGlob,
    disallowed_policies_glob: role.disallowedPoliciesGlob,
    orphan: role.orphan,
    renewable: role.renewable,
    path_suffix: role.pathSuffix,
    allowed_entity_aliases: role.allowedEntityAliases.length > 0 ? role.allowedEntityAliases : null,
    explicit_max_ttl: role.explicitMaxTtlSeconds,
    token_explicit_max_ttl: role.explicitMaxTtlSeconds,
    period: role.periodSeconds,
    token_period: role.periodSeconds,
    ...(role.boundCidrs.length > 0
      ? { bound_cidrs: role.boundCidrs, token_bound_cidrs: role.boundCidrs }
      : {}),
    token_type: role.tokenType,
    token_num_uses: role.numUses,
    token_no_default_policy: role.noDefaultPolicy,
  };
}

export function rolePaths({ roles }: TokenParts): readonly Path[] {
  const write = async (_request: unknown, values: Values<typeof fields>): Promise<null> => {
    if (!NAME.test(values.role_name)) throw invalidRequest('role name has invalid characters');
    await roles.write(values.role_name, (before) => changeRole(before, values));
    return null;
  };
  return [
    path({
      pattern: 'roles/:role_name',
      help: { synopsis: 'Limits for tokens made by create/ROLE.', description: '' },
      fields,
      exists: async (_request, { role_name }) => (await roles.find(role_name)) !== null,
      operations: {
        create: write,
        update: write,
        read: async (_request, { role_name }) => {
          const role = await roles.find(role_name);
          return role === null ? null : { data: roleData(role) };
        },
        delete: async (_request, { role_name }) => {
          await roles.remove(role_name);
          return null;
        },
      },
    }),
    path({
      pattern: 'roles(/)',
      help: { synopsis: 'Lists the token roles.', description: '' },
      fields: listingFields,
      operations: {
        list: async (_request, listing) => {
          const keys = await roles.list(listing);
          return keys.length === 0 ? null : { data: { keys } };
        },
      },
    }),
  ];
}
