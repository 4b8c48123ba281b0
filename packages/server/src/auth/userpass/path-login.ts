// login/: name and password to a grant. Unknown user, wrong password and a name that nobody can have take the same
// work and give the same answer.
import type { Path, Request, Response } from '../../framework/backend.js';
import { isAddressAllowed } from '../../framework/cidr.js';
import { type ApiError, badToken, invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { type LockoutConfig, LoginLockout } from '../../framework/lockout.js';
import { path } from '../../framework/path.js';
import { grantFrom } from '../../framework/token-fields.js';
import { PASSWORD_BYTES_MAX, verifyPassword } from './password.js';
import { findUserName, userNameSpellings } from './user-name.js';
import { findPassword, findUser } from './users.js';

function refused(): ApiError {
  return invalidRequest('invalid username or password', 'login-refused');
}

/** @property decoy password record that no password opens; what unknown users are compared with */
export interface LoginParts {
  readonly decoy: Buffer;
  /** Where the mount says nothing else. */
  readonly lockout: LockoutConfig;
}

async function login(
  parts: LoginParts,
  request: Request,
  text: string,
  given: Buffer | null,
): Promise<Response> {
  const { storage, now, connection } = request;
  if (given === null || given.length === 0) {
    throw invalidRequest('missing password', 'password-missing');
  }
  const password = request.own(given);
  if (password.length > PASSWORD_BYTES_MAX) throw refused();
  const name = findUserName(text);
  const lockout = new LoginLockout(storage, request.mount.lockout ?? parts.lockout);
  const checkLock = async (): Promise<void> => {
    if (name !== null) await lockout.check(name, now);
  };
  await checkLock();
  const user = name === null ? null : await findUser(storage, name);
  const stored = name === null ? null : await findPassword(storage, name);
  const record = stored === null ? parts.decoy : request.own(stored);
  const isRight = await verifyPassword(password, record, checkLock);
  if (name === null) throw refused();
  if (!isRight || user === null || stored === null) {
    await lockout.noteFailure(name, now);
    throw refused();
  }
  // Others may have guessed while this one was being checked; a right guess among too many is a guess too.
  await checkLock();
  if (!isAddressAllowed(user.params.boundCidrs, connection.remoteAddress)) {
    throw badToken('address-not-allowed');
  }
  await lockout.clear(name);
  return {
    auth: {
      ...grantFrom(user.params, connection.remoteAddress),
      displayName: name,
      metadata: { username: name },
      aliasName: name,
      internal: { username: name },
      boundKey: null,
    },
  };
}

export function loginPath(parts: LoginParts): Path {
  return path({
    pattern: 'login/:username',
    help: { synopsis: 'Logs in with name and password.', description: '' },
    fields: {
      username: field.string('name of the user'),
      password: field.bytes('password of the user'),
    },
    unauthenticated: true,
    roleField: 'username',
    spellings: userNameSpellings,
    operations: {
      update: async (request, { username, password }) =>
        await login(parts, request, username, password),
    },
  });
}
