// The attest auth method: challenge and login for workloads, roles and pinned documents for operators, decision
// records for auditors. Declares its paths and nothing more.
import type { Backend, Factory, RenewEvent, RenewedAuth } from '../../framework/backend.js';
import { ApiError } from '../../framework/errors.js';
import { ensureChallengeKey, forgetUsedChallenges } from './challenge.js';
import { DECISIONS_MAX_DEFAULT, trimDecisions } from './decisions.js';
import type { TrustAnchors } from './evaluate.js';
import { ensureIdentity } from './identity.js';
import { decisionPaths } from './path-decision.js';
import { documentPaths } from './path-documents.js';
import { loginPaths } from './path-login.js';
import { rolePaths } from './path-role.js';
import { findRole } from './role.js';

/** What main hands in: whom to believe and where to find endorsements, and the server's own evidence if any. */
export interface AttestParts {
  readonly trust: TrustAnchors;
  /** Evidence of the server over the given 64 bytes as a CMW record, or null when it runs in no TEE. */
  readonly serverEvidence: ((reportData: Buffer) => Promise<readonly [string, string]>) | null;
}

/** A factory for the registry; `parts` are the same for every mount. */
export function attestFactory(parts: AttestParts): Factory {
  return async ({ storage }): Promise<Backend> => {
    await ensureIdentity(storage);
    await ensureChallengeKey(storage);
    return {
      kind: 'auth',
      type: 'attest',
      help: 'Log workloads in by hardware evidence: TDX quotes and SEV-SNP reports.',
      paths: [...loginPaths(parts), ...rolePaths, ...documentPaths, ...decisionPaths],
      renewAuth,
      tidy: async (view, now) => {
        await forgetUsedChallenges(view, now);
        await trimDecisions(view, DECISIONS_MAX_DEFAULT);
      },
    };
  };
}

/** Without fresh evidence a token lives no longer than the role's re-attestation period. */
async function renewAuth(event: RenewEvent): Promise<RenewedAuth> {
  const role = await findRole(event.storage, event.internal.role ?? '');
  if (role === null) {
    throw new ApiError('permission-denied', 'the role of this token is gone', {
      code: 'role-unknown',
    });
  }
  const attestedAt = Number(event.internal.attested_at);
  const period = role.reattestPeriodSeconds;
  const isStale = !(event.now - attestedAt < period * 1000);
  if (period > 0 && isStale) {
    throw new ApiError(
      'permission-denied',
      'attestation is too old: log in again with fresh evidence',
      {
        code: 'reattestation-required',
      },
    );
  }
  return {
    ttlSeconds: role.token.ttlSeconds,
    maxTtlSeconds: role.token.maxTtlSeconds,
    periodSeconds: role.token.periodSeconds,
    policies: role.token.policies,
  };
}
