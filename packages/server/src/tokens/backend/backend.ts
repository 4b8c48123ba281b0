// The mount auth/token/: the same kind of backend as any other, with a narrow handle on core. Always there, never
// mounted by hand.
import type { Backend } from '../../framework/backend.js';
import type { TokenParts } from './parts.js';
import { accessorPaths } from './path-accessors.js';
import { createPaths } from './path-create.js';
import { lookupPaths } from './path-lookup.js';
import { renewPaths } from './path-renew.js';
import { revokePaths } from './path-revoke.js';
import { rolePaths } from './path-roles.js';

export function tokenBackend(parts: TokenParts): Backend {
  return {
    kind: 'auth',
    type: 'token',
    help: 'Tokens: create, look up, renew and revoke them. Other auth methods give tokens too.',
    paths: [
      ...createPaths(parts),
      ...lookupPaths(parts),
      ...renewPaths(parts),
      ...revokePaths(parts),
      ...accessorPaths(parts),
      ...rolePaths(parts),
    ],
  };
}
