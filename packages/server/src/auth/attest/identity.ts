// The server's identity key: what a workload pins to know whom it tells its evidence to. Kept behind the barrier, read
// for one signature at a time. Must never leave this file except as a public key.
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { StorageConflict } from '../../framework/errors.js';
import type { Storage } from '../../framework/storage.js';
import { keyName } from './binding.js';

const KEY = 'identity';

export interface ServerIdentity {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  /** SHA-256 of it, 32 bytes. */
  readonly name: Buffer;
}

/** Makes the key of a new mount. Two nodes may race: the first one's stays. */
export async function ensureIdentity(storage: Storage): Promise<void> {
  const known = await storage.get(KEY);
  known?.value.fill(0);
  if (known !== null) return;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const value = privateKey.export({ format: 'der', type: 'pkcs8' });
  try {
    await storage.commit([{ put: KEY, value }], [{ key: KEY, version: null }]);
  } catch (error) {
    if (!(error instanceof StorageConflict)) throw error;
  } finally {
    value.fill(0);
  }
}

async function withPrivateKey<T>(storage: Storage, use: (der: Buffer) => T): Promise<T> {
  const stored = await storage.get(KEY);
  if (stored === null) {
    await ensureIdentity(storage);
    return await withPrivateKey(storage, use);
  }
  try {
    return use(stored.value);
  } finally {
    stored.value.fill(0);
  }
}

export async function readIdentity(storage: Storage): Promise<ServerIdentity> {
  const spki = await withPrivateKey(storage, (key) =>
    createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' })).export({
      format: 'der',
      type: 'spki',
    }),
  );
  return { spki, name: keyName(spki) };
}

/** ECDSA P-256 with SHA-256, raw r ‖ s, 64 bytes. */
export async function signAsServer(storage: Storage, signed: Buffer): Promise<Buffer> {
  return await withPrivateKey(storage, (key) => {
    const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    return sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  });
}
