// Users over the mount's view: settings as JSON, the password record apart and in bytes, so that reading the one never
// brings the other into memory.
import { type Listing, listKeys } from '../../framework/listing.js';
import { retryOnConflict, type Storage, type Write } from '../../framework/storage.js';
import { DEFAULT_TOKEN_PARAMS, type TokenParams } from '../../framework/token-fields.js';

const USERS_PREFIX = 'users/';
const PASSWORDS_PREFIX = 'passwords/';

export interface User {
  readonly params: TokenParams;
}

function decode(bytes: Buffer): User {
  const stored = JSON.parse(bytes.toString('utf8')) as User;
  return { params: { ...DEFAULT_TOKEN_PARAMS, ...stored.params } };
}

export async function findUser(storage: Storage, name: string): Promise<User | null> {
  const found = await storage.get(USERS_PREFIX + name);
  return found === null ? null : decode(found.value);
}

/** The caller owns the record and wipes it. Null when there is no such user. */
export async function findPassword(storage: Storage, name: string): Promise<Buffer | null> {
  return (await storage.get(PASSWORDS_PREFIX + name))?.value ?? null;
}

/**
 * `change` sees the user as it is, or null, and may throw to refuse. `passwordRecord` null leaves the password as it
 * is. Both are written in one commit.
 */
export async function writeUser(
  storage: Storage,
  name: string,
  change: (user: User | null) => User,
  passwordRecord: Buffer | null,
): Promise<void> {
  const key = USERS_PREFIX + name;
  await retryOnConflict(async () => {
    const found = await storage.get(key);
    const after = change(found === null ? null : decode(found.value));
    const writes: Write[] = [{ put: key, value: Buffer.from(JSON.stringify(after), 'utf8') }];
    if (passwordRecord !== null) {
      writes.push({ put: PASSWORDS_PREFIX + name, value: passwordRecord });
    }
    await storage.commit(writes, [{ key, version: found?.version ?? null }]);
  });
}

export async function removeUser(storage: Storage, name: string): Promise<void> {
  await storage.commit([{ delete: USERS_PREFIX + name }, { delete: PASSWORDS_PREFIX + name }], []);
}

export async function listUsers(storage: Storage, listing: Listing): Promise<readonly string[]> {
  return await listKeys(storage, USERS_PREFIX, listing);
}
