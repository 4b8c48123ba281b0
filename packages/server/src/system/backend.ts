// The mount sys/: control, policy and state of the server, declared like any other backend. One file per group of paths.
import type { Backend } from '../framework/backend.js';
import type { SystemParts } from './parts.js';
import { capabilityPaths } from './path-capabilities.js';
import { initPaths } from './path-init.js';
import { internalUiPaths } from './path-internal-ui.js';
import { mountPaths } from './path-mounts.js';
import { policyPaths } from './path-policies.js';
import { remountPaths } from './path-remount.js';
import { sealPaths } from './path-seal.js';

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
      ...capabilityPaths(parts),
      ...internalUiPaths(parts),
    ],
  };
}
