// What every path of auth/token/ is built from.
import type { TokenRoles } from '../role.js';
import type { TokenStore } from '../store.js';
import type { TokenCore } from './core-handle.js';

export interface TokenParts {
  readonly store: TokenStore;
  readonly roles: TokenRoles;
  readonly core: TokenCore;
}
