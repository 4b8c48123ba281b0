// The attest auth method: challenge and login for workloads, roles and pinned documents for operators, decision
// records for auditors. Declares its paths and nothing more.
import type { Backend, Factory } from '../../framework/backend.js';
import { ensureChallengeKey, forgetUsedChallenges } from './challenge.js';
import { DECISION_LIMITS, DecisionLog } from './decisions.js';
import { ensureEarKey } from './ear.js';
import type { TrustAnchors } from './evaluate.js';
import { ensureIdentity } from './identity.js';
import { decisionPaths } from './path-decision.js';
import { documentPaths } from './path-documents.js';
import { loginPaths } from './path-login.js';
import { rolePaths } from './path-role.js';
import { renewAuth } from './renewal.js';

/** What main hands in: whom to believe and where to find endorsements, and the server's own evidence if any. */
export interface AttestParts {
  readonly trust: TrustAnchors;
  /** Name and version of this software, for the attestation results that it signs. */
  readonly build: string;
  /** Evidence of the server over the given 64 bytes as a CMW record, or null when it runs in no TEE. */
  readonly serverEvidence: ((reportData: Buffer) => Promise<readonly [string, string]>) | null;
}

/** A factory for the registry; `parts` are the same for every mount. */
export function attestFactory(parts: AttestParts): Factory {
  return async ({ storage }): Promise<Backend> => {
    await ensureIdentity(storage);
    await ensureEarKey(storage);
    await ensureChallengeKey(storage);
    const decisions = new DecisionLog(DECISION_LIMITS);
    return {
      kind: 'auth',
      type: 'attest',
      help: 'Log workloads in by hardware evidence: SGX and TDX quotes, SEV-SNP reports, AWS Nitro documents.',
      paths: [...loginPaths(parts, decisions), ...rolePaths, ...documentPaths, ...decisionPaths],
      renewAuth,
      tidy: async (view, now) => {
        await forgetUsedChallenges(view, now);
        await decisions.trim(view);
      },
    };
  };
}
