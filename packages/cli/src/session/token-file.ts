// Where a login's token is kept between commands: one file, readable by its owner alone. Must never be world-readable,
// not even for a moment.
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Variables } from '@vouchsafe/client/node';
import { UsageError } from '../arguments/flag.js';

const tokenBytesMax = 64 * 1024;

/** VOUCHSAFE_TOKEN_FILE, else ~/.vault-token, which Vault's own tools share. */
export function tokenFilePath(env: Variables): string {
  return env.VOUCHSAFE_TOKEN_FILE || join(env.HOME || homedir(), '.vault-token');
}

/** Null when there is no file or it is empty. @throws UsageError when it cannot be read */
export function findStoredToken(env: Variables): string | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(tokenFilePath(env));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    if (code === 'ENOENT') return null;
    throw new UsageError(`token file: cannot read ${tokenFilePath(env)}: ${code}`);
  }
  if (bytes.length > tokenBytesMax) throw new UsageError('token file: too large to be a token');
  return bytes.toString('utf8').trim() || null;
}

/** Written beside and moved into place, so that no reader sees half a token. @throws UsageError */
export function storeToken(env: Variables, token: string): void {
  const path = tokenFilePath(env);
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, token, { mode: 0o600, flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unwritable';
    throw new UsageError(`token file: cannot write ${path}: ${code}`);
  }
}

/** Nothing happens when there is none. */
export function eraseToken(env: Variables): void {
  rmSync(tokenFilePath(env), { force: true });
}
