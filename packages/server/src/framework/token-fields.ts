// The token_* inputs that every role of every auth method has, their stored form and their echo. What a login gives
// follows from these alone, whichever method it was.
import type { AuthGrant } from './backend.js';
import { parseCidrs } from './cidr.js';
import { invalidRequest } from './errors.js';
import { field, type Values } from './field.js';
import type { JsonValue } from './json/value.js';
import { canonicalPolicyNames } from './policy-name.js';

/** Stored with a role. Zero durations and counts mean "not set": the mount decides, or there is no limit. */
export interface TokenParams {
  readonly policies: readonly string[];
  readonly ttlSeconds: number;
  readonly maxTtlSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly numUses: number;
  readonly boundCidrs: readonly string[];
  readonly noDefaultPolicy: boolean;
  readonly tokenType: AuthGrant['tokenType'];
  /** Bind the token to the very address of the login. */
  readonly strictlyBindIp: boolean;
  /** Old names that were last used to write this role; they are echoed beside the new ones. */
  readonly oldNames: readonly OldName[];
}

export const DEFAULT_TOKEN_PARAMS: TokenParams = {
  policies: [],
  ttlSeconds: 0,
  maxTtlSeconds: 0,
  explicitMaxTtlSeconds: 0,
  periodSeconds: 0,
  numUses: 0,
  boundCidrs: [],
  noDefaultPolicy: false,
  tokenType: 'default',
  strictlyBindIp: false,
  oldNames: [],
};

/** Spread into a path's `fields`. */
export const tokenFields = {
  token_policies: field.optionalStringList('policies of the token'),
  token_ttl: field.optionalDuration('first lifetime of the token'),
  token_max_ttl: field.optionalDuration('longest lifetime of the token, renewals included'),
  token_explicit_max_ttl: field.optionalDuration('hard end of the token, periodic ones included'),
  token_period: field.optionalDuration('lifetime that each renewal gives back in full'),
  token_num_uses: field.optionalInteger('how often the token may be used; 0 is unlimited'),
  token_bound_cidrs: field.optionalStringList('addresses that may log in and use the token'),
  token_no_default_policy: field.optionalBoolean('leave the policy "default" out'),
  token_type: field.optionalString('service, batch, default, default-service or default-batch'),
  token_strictly_bind_ip: field.optionalBoolean('bind the token to the address of the login'),
} as const;

/** The same inputs under the names that older clients send. Spread into a path's `fields` where Vault takes them. */
export const oldTokenFields = {
  policies: field.optionalStringList('old name of token_policies'),
  ttl: field.optionalDuration('old name of token_ttl'),
  max_ttl: field.optionalDuration('old name of token_max_ttl'),
  period: field.optionalDuration('old name of token_period'),
  bound_cidrs: field.optionalStringList('old name of token_bound_cidrs'),
  num_uses: field.optionalInteger('old name of token_num_uses'),
} as const;

export type TokenValues = Values<typeof tokenFields>;
export type OldTokenValues = Values<typeof oldTokenFields>;
export type OldName = keyof typeof oldTokenFields;

const NO_OLD_VALUES: OldTokenValues = {
  policies: null,
  ttl: null,
  max_ttl: null,
  period: null,
  bound_cidrs: null,
  num_uses: null,
};
const OLD_NAMES = Object.keys(oldTokenFields) as OldName[];

const TOKEN_TYPES: Readonly<Record<string, AuthGrant['tokenType']>> = {
  '': 'default',
  default: 'default',
  'default-service': 'default',
  'default-batch': 'batch',
  service: 'service',
  batch: 'batch',
};

function parseTokenType(text: string): AuthGrant['tokenType'] {
  const type = Object.hasOwn(TOKEN_TYPES, text) ? TOKEN_TYPES[text] : undefined;
  if (type === undefined) throw invalidRequest("invalid 'token_type' value");
  return type;
}

function checkTogether(params: TokenParams): void {
  if (params.maxTtlSeconds > 0 && params.ttlSeconds > params.maxTtlSeconds) {
    throw invalidRequest("'token_ttl' cannot be greater than 'token_max_ttl'");
  }
  if (params.numUses < 0) throw invalidRequest("'token_num_uses' cannot be negative");
  if (params.tokenType !== 'batch') return;
  if (params.numUses > 0) {
    throw invalidRequest(
      "'token_type' cannot be 'batch' when set to generate tokens with limited use count",
    );
  }
  if (params.periodSeconds > 0) {
    throw invalidRequest("'token_type' cannot be 'batch' when set to generate periodic tokens");
  }
  if (params.explicitMaxTtlSeconds > 0) {
    throw invalidRequest("'token_type' cannot be 'batch' when 'token_explicit_max_ttl' is set");
  }
}

/**
 * `before` with what the request gives; what it leaves out stays. A new name wins over its old one.
 * `old` is null where the path does not take old names. @throws ApiError invalid-request
 */
export function parseTokenParams(
  before: TokenParams,
  values: TokenValues,
  old: OldTokenValues | null,
): TokenParams {
  const twin = old ?? NO_OLD_VALUES;
  const cidrs = values.token_bound_cidrs ?? twin.bound_cidrs;
  const policies = values.token_policies ?? twin.policies;
  const type = values.token_type;
  const isOld = (name: OldName): boolean => {
    if (values[`token_${name}`] !== null) return false;
    return twin[name] !== null || before.oldNames.includes(name);
  };
  const after: TokenParams = {
    policies: policies === null ? before.policies : canonicalPolicyNames(policies),
    ttlSeconds: values.token_ttl ?? twin.ttl ?? before.ttlSeconds,
    maxTtlSeconds: values.token_max_ttl ?? twin.max_ttl ?? before.maxTtlSeconds,
    explicitMaxTtlSeconds: values.token_explicit_max_ttl ?? before.explicitMaxTtlSeconds,
    periodSeconds: values.token_period ?? twin.period ?? before.periodSeconds,
    numUses: values.token_num_uses ?? twin.num_uses ?? before.numUses,
    boundCidrs: cidrs === null ? before.boundCidrs : parseCidrs(cidrs, 'token_bound_cidrs'),
    noDefaultPolicy: values.token_no_default_policy ?? before.noDefaultPolicy,
    tokenType: type === null ? before.tokenType : parseTokenType(type),
    strictlyBindIp: values.token_strictly_bind_ip ?? before.strictlyBindIp,
    oldNames: OLD_NAMES.filter(isOld),
  };
  checkTogether(after);
  return after;
}

/** As a role read answers it. */
export function tokenParamsData(params: TokenParams): Readonly<Record<string, JsonValue>> {
  const data: Record<string, JsonValue> = {
    token_policies: params.policies,
    token_ttl: params.ttlSeconds,
    token_max_ttl: params.maxTtlSeconds,
    token_explicit_max_ttl: params.explicitMaxTtlSeconds,
    token_period: params.periodSeconds,
    token_num_uses: params.numUses,
    token_bound_cidrs: params.boundCidrs,
    token_no_default_policy: params.noDefaultPolicy,
    token_type: params.tokenType,
    token_strictly_bind_ip: params.strictlyBindIp,
  };
  for (const name of params.oldNames) data[name] = data[`token_${name}`] ?? null;
  return data;
}

/** The part of an AuthGrant that the role decides; the method adds who it is. */
export type TokenGrant = Pick<
  AuthGrant,
  | 'policies'
  | 'ttlSeconds'
  | 'maxTtlSeconds'
  | 'explicitMaxTtlSeconds'
  | 'periodSeconds'
  | 'numUses'
  | 'renewable'
  | 'noDefaultPolicy'
  | 'tokenType'
  | 'boundCidrs'
>;

/**
 * `remoteAddress` is where the login came from. Whether it may log in at all is the method's check
 * (`isAddressAllowed`), made before any secret is compared.
 */
export function grantFrom(params: TokenParams, remoteAddress: string): TokenGrant {
  const address = remoteAddress.replace(/%.*$/s, '');
  return {
    policies: params.policies,
    ttlSeconds: params.ttlSeconds,
    maxTtlSeconds: params.maxTtlSeconds,
    explicitMaxTtlSeconds: params.explicitMaxTtlSeconds,
    periodSeconds: params.periodSeconds,
    numUses: params.numUses,
    renewable: params.tokenType !== 'batch',
    noDefaultPolicy: params.noDefaultPolicy,
    tokenType: params.tokenType,
    boundCidrs: params.strictlyBindIp ? [address] : params.boundCidrs,
  };
}
