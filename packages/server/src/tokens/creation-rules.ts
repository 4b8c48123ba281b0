// May this token make that one, and what will it be: pure, in the order in which Vault checks, since clients match the
// first refusal. The store then makes what the plan says.
import { areCidrsWithin } from '../framework/cidr.js';
import { type ApiError, invalidRequest } from '../framework/errors.js';
import { effectiveTtl } from '../framework/ttl.js';
import { planPolicies } from './creation-policies.js';
import { isRoot, type TokenEntry } from './entry.js';
import { matchesGlob } from './policies.js';
import type { TokenRole } from './role.js';
import type { TokenSpec, TtlLimits } from './token-spec.js';

/** What the caller asked for. Zero and null mean "not given". */
export interface CreationRequest {
  readonly id: Buffer | null;
  readonly policies: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly noParent: boolean;
  readonly noDefaultPolicy: boolean;
  readonly renewable: boolean;
  readonly ttlSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  /** '', 'service' or 'batch'. */
  readonly type: string;
  readonly displayName: string;
  readonly numUses: number;
  readonly entityAlias: string;
}

export interface CreationContext {
  /** Null when the caller's token is gone. */
  readonly parent: TokenEntry | null;
  /** Sudo on the path that was called; root has it. */
  readonly hasSudo: boolean;
  readonly role: TokenRole | null;
  /** auth/token/create-orphan: the path itself is the permission. */
  readonly isOrphanPath: boolean;
  /** 'auth/token/create', 'auth/token/create-orphan', 'auth/token/create/ROLE'. */
  readonly path: string;
  readonly limits: TtlLimits;
  /** Entity that the alias stands for, resolved after allowsEntityAlias(); '' when none was asked for. */
  readonly aliasEntityId: string;
  readonly now: number;
}

export interface CreationPlan {
  readonly spec: TokenSpec;
  readonly warnings: readonly string[];
}

const CUSTOM_ID_BYTES_MAX = 256;
const METADATA_BYTES_MAX = 512 * 1024;

function sudoNeeded(to: string): ApiError {
  return invalidRequest(`root or sudo privileges required to ${to}`, 'sudo-needed');
}

function checkParent(parent: TokenEntry | null): TokenEntry {
  if (parent === null) {
    throw invalidRequest('parent token lookup failed: no parent found', 'no-parent');
  }
  if (parent.type === 'batch') {
    throw invalidRequest('batch tokens cannot create more tokens', 'batch-parent');
  }
  if (parent.usesLeft !== 0) {
    throw invalidRequest('restricted use token cannot generate child tokens', 'limited-use-parent');
  }
  return parent;
}

function planType(request: CreationRequest, role: TokenRole | null): 'service' | 'batch' {
  if (role?.tokenType === 'service' || role?.tokenType === 'batch') return role.tokenType;
  if (request.type === 'service' || request.type === 'batch') return request.type;
  if (request.type !== '') throw invalidRequest("invalid 'token_type' value", 'token-type');
  return role?.tokenType === 'default-batch' ? 'batch' : 'service';
}

function checkBatch(request: CreationRequest, role: TokenRole | null): void {
  const set: readonly (readonly [string, boolean])[] = [
    ['id', request.id !== null],
    ['explicit_max_ttl', request.explicitMaxTtlSeconds + (role?.explicitMaxTtlSeconds ?? 0) > 0],
    ['num_uses', request.numUses > 0 || (role?.numUses ?? 0) > 0],
    ['period', request.periodSeconds > 0 || (role?.periodSeconds ?? 0) > 0],
  ];
  for (const [name, isSet] of set) {
    if (isSet) throw invalidRequest(`batch tokens cannot have "${name}" set`, 'batch-limits');
  }
}

/** @throws ApiError invalid-request when the role does not let this alias be named */
export function checkEntityAlias(role: TokenRole | null, alias: string): void {
  if (role === null) {
    throw invalidRequest(
      "'entity_alias' is only allowed in combination with token role",
      'entity-alias-without-role',
    );
  }
  const name = alias.toLowerCase();
  if (!role.allowedEntityAliases.some((glob) => matchesGlob(glob.toLowerCase(), name))) {
    throw invalidRequest("invalid 'entity_alias' value", 'entity-alias-not-allowed');
  }
}

function checkId(id: Buffer, hasSudo: boolean): void {
  if (!hasSudo) throw sudoNeeded('specify token id');
  if (id.length === 0 || id.length > CUSTOM_ID_BYTES_MAX) {
    throw invalidRequest(`custom token ID must have 1 to ${CUSTOM_ID_BYTES_MAX} bytes`);
  }
  for (const byte of id) {
    const isWord =
      (byte >= 0x30 && byte <= 0x39) ||
      (byte >= 0x41 && byte <= 0x5a) ||
      (byte >= 0x61 && byte <= 0x7a) ||
      byte === 0x2d ||
      byte === 0x5f;
    if (byte === 0x2e) throw invalidRequest("custom token ID cannot have the '.' character");
    if (!isWord) throw invalidRequest('custom token ID may have letters, digits, - and _ only');
  }
}

function displayNameOf(text: string): string {
  const clean = text
    .slice(0, 256)
    .replace(/[^a-zA-Z0-9-]/g, '-')
    .replace(/-+$/, '');
  return clean === '' ? 'token' : `token-${clean}`;
}

/** Both bind: the role's blocks must lie within the parent's. */
function planCidrs(parent: TokenEntry, role: TokenRole | null): readonly string[] {
  const own = role?.boundCidrs ?? [];
  if (own.length === 0) return parent.boundCidrs;
  if (!areCidrsWithin(own, parent.boundCidrs)) {
    throw invalidRequest("role's bound CIDRs must lie within those of the parent token");
  }
  return own;
}

/** 0 when none is set. */
function smallestSet(values: readonly number[]): number {
  const set = values.filter((value) => value > 0);
  return set.length === 0 ? 0 : Math.min(...set);
}

interface Lifetime {
  readonly ttlSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly warnings: readonly string[];
}

function planLifetime(
  request: CreationRequest,
  context: CreationContext,
  neverExpires: boolean,
): Lifetime {
  const { role, limits, now } = context;
  const warnings: string[] = [];
  const explicits = [request.explicitMaxTtlSeconds, role?.explicitMaxTtlSeconds ?? 0];
  let explicitMaxTtlSeconds = smallestSet(explicits);
  const periodSeconds = smallestSet([request.periodSeconds, role?.periodSeconds ?? 0]);
  if (explicitMaxTtlSeconds > limits.maxTtlSeconds && periodSeconds === 0) {
    warnings.push(
      `Explicit max TTL of ${explicitMaxTtlSeconds} seconds is greater than system/mount allowed value; value is being capped to ${limits.maxTtlSeconds} seconds`,
    );
    explicitMaxTtlSeconds = limits.maxTtlSeconds;
  }
  const isEndless =
    neverExpires && request.ttlSeconds + explicitMaxTtlSeconds + periodSeconds === 0;
  if (isEndless) return { ttlSeconds: 0, explicitMaxTtlSeconds, periodSeconds, warnings };
  const plan = effectiveTtl({
    wishedSeconds: request.ttlSeconds,
    roleTtlSeconds: 0,
    roleMaxTtlSeconds: 0,
    explicitMaxTtlSeconds,
    periodSeconds,
    mountDefaultTtlSeconds: limits.defaultTtlSeconds,
    mountMaxTtlSeconds: limits.maxTtlSeconds,
    issuedAt: now,
    now,
  });
  // Zero would mean "never expires" to the store.
  if (plan.ttlSeconds <= 0) throw invalidRequest('token would have no lifetime');
  warnings.push(...plan.warnings);
  return { ttlSeconds: plan.ttlSeconds, explicitMaxTtlSeconds, periodSeconds, warnings };
}

/** @throws ApiError invalid-request with Vault's text for the first rule that is broken */
export function planCreation(request: CreationRequest, context: CreationContext): CreationPlan {
  const parent = checkParent(context.parent);
  const { role, hasSudo } = context;
  const type = planType(request, role);
  if (type === 'batch') checkBatch(request, role);
  if (request.entityAlias !== '') checkEntityAlias(role, request.entityAlias);
  if (request.numUses < 0) throw invalidRequest('number of uses cannot be negative');
  if (Buffer.byteLength(JSON.stringify(request.metadata)) > METADATA_BYTES_MAX) {
    throw invalidRequest('token metadata too large', 'metadata-too-large');
  }
  if (request.id !== null) checkId(request.id, hasSudo);
  const policies = planPolicies({
    requested: request.policies,
    parent: parent.policies,
    noDefaultPolicy: request.noDefaultPolicy,
    hasSudo,
    role,
  });
  const willBeRoot = policies.includes('root');
  if (willBeRoot && type === 'batch') throw invalidRequest('batch tokens cannot be root tokens');
  if (request.noParent && !hasSudo && !context.isOrphanPath && !role?.orphan) {
    throw sudoNeeded('create orphan token');
  }
  if (request.periodSeconds > 0 && !hasSudo) throw sudoNeeded('create periodic token');
  const isOrphan = request.noParent || context.isOrphanPath || (role?.orphan ?? false);
  const life = planLifetime(request, context, willBeRoot);
  if (life.ttlSeconds === 0 && isRoot(parent) && parent.expiresAt !== null) {
    throw invalidRequest('expiring root tokens cannot create non-expiring root tokens');
  }
  const suffix = role === null || role.pathSuffix === '' ? '' : `/${role.pathSuffix}`;
  const spec: TokenSpec = {
    type,
    customId: request.id,
    parentId: isOrphan ? '' : parent.id,
    path: context.path + suffix,
    policies,
    metadata: request.metadata,
    displayName: displayNameOf(request.displayName),
    numUses: smallestSet([request.numUses, role?.numUses ?? 0]),
    ttlSeconds: life.ttlSeconds,
    roleMaxTtlSeconds: 0,
    explicitMaxTtlSeconds: life.explicitMaxTtlSeconds,
    periodSeconds: life.periodSeconds,
    renewable:
      type === 'service' && life.ttlSeconds > 0 && request.renewable && (role?.renewable ?? true),
    role: role?.name ?? '',
    entityId: context.aliasEntityId || (isOrphan ? '' : parent.entityId),
    boundCidrs: planCidrs(parent, role),
    // A key-bound token makes key-bound tokens only, else one stolen request would shake the binding off.
    boundKey: parent.boundKey,
    mountUuid: '',
    internal: {},
  };
  return { spec, warnings: life.warnings };
}
