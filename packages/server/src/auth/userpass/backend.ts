// The auth method userpass: people and machines that have a name and a password, both kept here.
import { randomBytes } from 'node:crypto';
import type { Backend, Factory, RenewEvent, RenewedAuth } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { DEFAULT_LOCKOUT, type LockoutConfig } from '../../framework/lockout.js';
import { DEFAULT_COST, hashPassword, type ScryptCost } from './password.js';
import { loginPath } from './path-login.js';
import { userPaths } from './path-users.js';
import { findUserName } from './user-name.js';
import { findUser } from './users.js';

/** The user as it is now sets the terms; a user that is gone renews nothing. */
async function renewAuth(event: RenewEvent): Promise<RenewedAuth> {
  const name = findUserName(event.internal.username ?? '');
  const user = name === null ? null : await findUser(event.storage, name);
  if (user === null) throw invalidRequest('user does not exist any more', 'user-unknown');
  const { ttlSeconds, maxTtlSeconds, periodSeconds, policies } = user.params;
  return { ttlSeconds, maxTtlSeconds, periodSeconds, policies };
}

export interface UserpassSettings {
  readonly cost: ScryptCost;
  /** Where the mount says nothing else. */
  readonly lockout: LockoutConfig;
}

export function userpassFactory(settings: UserpassSettings): Factory {
  return async (): Promise<Backend> => {
    // Made with the cost of new passwords, so that an unknown user takes as long as a known one.
    const nobody = randomBytes(32);
    const decoy = await hashPassword(nobody, settings.cost);
    nobody.fill(0);
    return {
      kind: 'auth',
      type: 'userpass',
      help: 'Log in with name and password.',
      paths: [...userPaths(settings.cost), loginPath({ decoy, lockout: settings.lockout })],
      renewAuth,
      lockoutName: findUserName,
    };
  };
}

export const userpass: Factory = userpassFactory({
  cost: DEFAULT_COST,
  lockout: DEFAULT_LOCKOUT,
});
