// The server's identity key: what a workload pins to know whom it tells its evidence to. Kept behind the barrier, read
// for one signature at a time. Must never leave this file except as a public key.
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { ApiError, StorageConflict } from '../../framework/errors.js';
import type { Storage } from '../../framework/storage.js';
import { keyName } from './binding.js';

const KEY = 'identity';
/** Beside it, so that who only wants to know the name need not open the key. */
const PUBLIC = 'identity-public';

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
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const value = privateKey.export({ format: 'der', type: 'pkcs8' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  try {
    await storage.commit(
      [
        { put: KEY, value },
        { put: PUBLIC, value: spki },
      ],
      [{ key: KEY, version: null }],
    );
  } catch (error) {
    if (!(error instanceof StorageConflict)) throw error;
  } finally {
    value.fill(0);
  }
}

async function withPrivateKey<T>(storage: Storage, use: (der: Buffer) => T): Promise<T> {
  const stored = await storage.get(KEY);
  if (stored === null) throw new ApiError('internal', 'the identity of this mount is missing');
  try {
    return use(stored.value);
  } finally {
    stored.value.fill(0);
  }
}

export async function readIdentity(storage: Storage): Promise<ServerIdentity> {
  const stored = await storage.get(PUBLIC);
  if (stored === null) throw new ApiError('internal', 'the identity of this mount is missing');
  // A copy: what storage gave is wiped with the request.
  const spki = Buffer.from(stored.value);
  return { spki, name: keyName(spki) };
}

/** ECDSA P-256 with SHA-256, raw r ‖ s, 64 bytes. */
export async function signAsServer(storage: Storage, signed: Buffer): Promise<Buffer> {
  return await withPrivateKey(storage, (key) => {
    const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    return sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  });
}
