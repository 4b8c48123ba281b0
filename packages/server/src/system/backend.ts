// The mount sys/: control, policy and state of the server, declared like any other backend. One file per group of paths.
import type { Backend } from '../framework/backend.js';
import type { SystemParts } from './parts.js';
import { auditPaths } from './path-audit.js';
import { capabilityPaths } from './path-capabilities.js';
import { corsPath } from './path-cors.js';
import { explainPaths } from './path-explain.js';
import { generateRootPaths } from './path-generate-root.js';
import { initPaths } from './path-init.js';
import { internalUiPaths } from './path-internal-ui.js';
import { leasePaths } from './path-leases.js';
import { lockedUserPaths } from './path-locked-users.js';
import { loggerPaths } from './path-loggers.js';
import { metricsPath } from './path-metrics.js';
import { mountPaths } from './path-mounts.js';
import { openApiPath } from './path-openapi.js';
import { passwordPolicyPaths } from './path-password-policies.js';
import { pluginPaths } from './path-plugins.js';
import { policyPaths } from './path-policies.js';
import { quotaPaths } from './path-quotas.js';
import { raftPaths } from './path-raft.js';
import { rekeyPaths } from './path-rekey.js';
import { remountPaths } from './path-remount.js';
import { rotatePaths } from './path-rotate.js';
import { sealPaths } from './path-seal.js';
import { statePaths } from './path-state.js';
import { toolsPaths } from './path-tools.js';
import { wrappingPaths } from './path-wrapping.js';

export function systemBackend(parts: SystemParts): Backend {
  return {
    kind: 'system',
    type: 'system',
    help: 'Control, policy and state of the server.',
    paths: [
      ...initPaths(parts),
      ...sealPaths(parts),
      ...mountPaths(parts),
      ...remountPaths(parts),
      ...policyPaths(parts),
      ...passwordPolicyPaths(),
      ...capabilityPaths(parts),
      ...internalUiPaths(parts),
      ...leasePaths(parts),
      ...wrappingPaths(parts),
      ...auditPaths(parts),
      corsPath(parts),
      ...quotaPaths(parts),
      ...lockedUserPaths(parts),
      ...rotatePaths(parts),
      ...rekeyPaths(parts),
      ...generateRootPaths(parts),
      ...toolsPaths(),
      ...statePaths(parts),
      ...raftPaths(),
      ...loggerPaths(parts),
      ...pluginPaths(parts),
      metricsPath(parts),
      ...explainPaths(parts),
      openApiPath(parts),
    ],
  };
}
