// The mount sys/: control, policy and state of the server, declared like any other backend.
import type { Backend } from '../framework/backend.js';
import type { SystemParts } from './parts.js';

export function systemBackend(_parts: SystemParts): Backend {
  return {
    kind: 'system',
    type: 'system',
    help: 'Control, policy and state of the server.',
    paths: [],
  };
}
