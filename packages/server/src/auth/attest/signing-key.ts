// Keys that a mount signs with: P-256, made once, kept behind the barrier, opened for one signature at a time.
// Must never let a private key leave this file.
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { ApiError, StorageConflict } from '../../framework/errors.js';
import type { Storage } from '../../framework/storage.js';

/** Where a key lies. The public half is beside it, so that who only wants that need not open the key. */
export interface KeyPlace {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Makes the key of a mount that has none. Two nodes may race: the first one's stays. */
export async function ensureSigningKey(storage: Storage, place: KeyPlace): Promise<void> {
  const known = await storage.get(place.privateKey);
  known?.value.fill(0);
  if (known !== null) return;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const value = privateKey.export({ format: 'der', type: 'pkcs8' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  try {
    await storage.commit(
      [
        { put: place.privateKey, value },
        { put: place.publicKey, value: spki },
      ],
      [{ key: place.privateKey, version: null }],
    );
  } catch (error) {
    if (!(error instanceof StorageConflict)) throw error;
  } finally {
    value.fill(0);
  }
}

function missing(): ApiError {
  return new ApiError('internal', 'a signing key of this mount is missing');
}

/** SubjectPublicKeyInfo, DER; the caller's to keep. */
export async function readPublicKey(storage: Storage, place: KeyPlace): Promise<Buffer> {
  const stored = await storage.get(place.publicKey);
  if (stored === null) throw missing();
  // A copy: what storage gave is wiped with the request.
  return Buffer.from(stored.value);
}

/** ECDSA P-256 with SHA-256, raw r ‖ s, 64 bytes. */
export async function signWith(
  storage: Storage,
  place: KeyPlace,
  signed: Uint8Array,
): Promise<Buffer> {
  const stored = await storage.get(place.privateKey);
  if (stored === null) throw missing();
  try {
    const key = createPrivateKey({ key: stored.value, format: 'der', type: 'pkcs8' });
    return sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' });
  } finally {
    stored.value.fill(0);
  }
}
