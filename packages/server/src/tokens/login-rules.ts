// From what an auth method granted to the token that core makes: pure.
import type { AuthGrant } from '../framework/backend.js';
import { type ApiError, invalidRequest } from '../framework/errors.js';
import { effectiveTtl } from '../framework/ttl.js';
import type { CreationPlan } from './creation-rules.js';
import { canonicalPolicies, findNotAssignable, withDefaultPolicy } from './policies.js';

export interface LoginContext {
  readonly mount: {
    /** 'auth/userpass/' */
    readonly path: string;
    readonly uuid: string;
    readonly defaultLeaseTtlSeconds: number;
    readonly maxLeaseTtlSeconds: number;
    /** The mount's tune value; '' is default-service. */
    readonly tokenType: '' | 'default-service' | 'default-batch' | 'service' | 'batch';
  };
  /** The whole request path, e.g. 'auth/userpass/login/ann'. */
  readonly requestPath: string;
  readonly entityId: string;
  readonly now: number;
}

function planType(grant: AuthGrant, mountType: LoginContext['mount']['tokenType']) {
  if (mountType === 'service' || mountType === 'batch') return mountType;
  if (grant.tokenType !== 'default') return grant.tokenType;
  return mountType === 'default-batch' ? 'batch' : 'service';
}

/** 400, as in Vault: a role that grants this is the operator's to mend, and no fault of the server. */
function refused(message: string): ApiError {
  return invalidRequest(message, 'login-grant-refused');
}

/** 'auth/a/b/' and 'ann' give 'a-b-ann'. */
function displayNameOf(mountPath: string, name: string): string {
  const source = mountPath
    .replace(/^auth\//, '')
    .replace(/\/+$/, '')
    .replaceAll('/', '-');
  return name === '' ? source : `${source}-${name}`;
}

/**
 * Logins make orphans. A batch token takes no limits: where a mount turns a role's service tokens into batch tokens
 * the login is refused rather than the limits dropped. @throws ApiError invalid-request for grants that no login may give
 */
export function planLogin(grant: AuthGrant, context: LoginContext): CreationPlan {
  const { mount, now } = context;
  const type = planType(grant, mount.tokenType);
  const own = canonicalPolicies(grant.policies);
  const policies = grant.noDefaultPolicy ? own : withDefaultPolicy(own);
  if (policies.includes('root')) throw refused('auth methods cannot create root tokens');
  if (findNotAssignable(policies) !== null) throw refused('login grants a reserved policy');
  const isLimited = grant.numUses + grant.periodSeconds + grant.explicitMaxTtlSeconds > 0;
  if (type === 'batch' && isLimited) {
    throw refused('batch tokens cannot have uses, period or explicit maximum');
  }
  const { ttlSeconds, warnings } = effectiveTtl({
    wishedSeconds: grant.ttlSeconds,
    roleTtlSeconds: 0,
    roleMaxTtlSeconds: grant.maxTtlSeconds,
    explicitMaxTtlSeconds: grant.explicitMaxTtlSeconds,
    periodSeconds: grant.periodSeconds,
    mountDefaultTtlSeconds: mount.defaultLeaseTtlSeconds,
    mountMaxTtlSeconds: mount.maxLeaseTtlSeconds,
    issuedAt: now,
    now,
  });
  // Zero would mean "never expires" to the store.
  if (ttlSeconds <= 0) throw refused('login would give a token without an end');
  return {
    spec: {
      type,
      customId: null,
      parentId: '',
      path: context.requestPath,
      policies,
      metadata: grant.metadata,
      displayName: displayNameOf(mount.path, grant.displayName),
      numUses: grant.numUses,
      ttlSeconds,
      roleMaxTtlSeconds: grant.maxTtlSeconds,
      explicitMaxTtlSeconds: grant.explicitMaxTtlSeconds,
      periodSeconds: grant.periodSeconds,
      renewable: type === 'service' && grant.renewable,
      role: '',
      entityId: context.entityId,
      boundCidrs: grant.boundCidrs,
      boundKey: grant.boundKey,
      mountUuid: mount.uuid,
      internal: grant.internal,
    },
    warnings,
  };
}
