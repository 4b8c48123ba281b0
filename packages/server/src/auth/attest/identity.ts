// The server's identity key: what a workload pins to know whom it tells its evidence to.
import type { Storage } from '../../framework/storage.js';
import { keyName } from './binding.js';
import { ensureSigningKey, type KeyPlace, readPublicKey, signWith } from './signing-key.js';

const PLACE: KeyPlace = { privateKey: 'identity', publicKey: 'identity-public' };

export interface ServerIdentity {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  /** SHA-256 of it, 32 bytes. */
  readonly name: Buffer;
}

export async function ensureIdentity(storage: Storage): Promise<void> {
  await ensureSigningKey(storage, PLACE);
}

export async function readIdentity(storage: Storage): Promise<ServerIdentity> {
  const spki = await readPublicKey(storage, PLACE);
  return { spki, name: keyName(spki) };
}

/** ECDSA P-256 with SHA-256, raw r ‖ s, 64 bytes. */
export async function signAsServer(storage: Storage, signed: Buffer): Promise<Buffer> {
  return await signWith(storage, PLACE, signed);
}
