// How keyring and root key lie in storage: each encrypted, never a key in the clear. Plaintext is in secret memory, and
// freed before the function returns.
import { TamperingError } from '../framework/errors.js';
import type { SecretBuffer, SecretMemory } from '../secret-memory/secret-memory.js';
import type { StoredEntry, StoredWrite } from '../storage/engine.js';
import { Keyring } from './keyring.js';
import { KEYRING_PATH, ROOT_KEY_PATH } from './paths.js';
import { openSecretRecord, parseTerm, sealRecord, tampered } from './record.js';

/** The keyring names the root key's term, of which there is only ever one. */
const ROOT_TERM = 1;

/** What a new database starts with. The root key stays the caller's. */
export function firstKeyringWrites(
  rootKey: SecretBuffer,
  memory: SecretMemory,
  now: number,
): readonly StoredWrite[] {
  const keyring = Keyring.create(memory, now);
  try {
    return rootKeyWrites(keyring, rootKey, memory);
  } finally {
    keyring.free();
  }
}

/** The keyring as it is stored. */
export function keyringWrite(
  keyring: Keyring,
  rootKey: SecretBuffer,
  memory: SecretMemory,
): StoredWrite {
  const plaintext = keyring.serialise(memory);
  try {
    const value = sealRecord(rootKey, ROOT_TERM, KEYRING_PATH, plaintext.bytes);
    return { put: KEYRING_PATH, value };
  } finally {
    plaintext.free();
  }
}

/** The keyring under `rootKey`, and that root key for the processes that have another. */
export function rootKeyWrites(
  keyring: Keyring,
  rootKey: SecretBuffer,
  memory: SecretMemory,
): readonly StoredWrite[] {
  const { term, key } = keyring.oldest;
  return [
    keyringWrite(keyring, rootKey, memory),
    { put: ROOT_KEY_PATH, value: sealRecord(key, term, ROOT_KEY_PATH, rootKey.bytes) },
  ];
}

/** @throws TamperingError */
export function openKeyring(
  stored: StoredEntry,
  rootKey: SecretBuffer,
  memory: SecretMemory,
): Keyring {
  if (parseTerm(stored.value, KEYRING_PATH) !== ROOT_TERM) {
    throw tampered(KEYRING_PATH, 'names a key term that does not exist');
  }
  const plaintext = openSecretRecord(rootKey, KEYRING_PATH, stored.value, memory);
  try {
    return Keyring.parse(plaintext.bytes, memory);
  } finally {
    plaintext.free();
  }
}

/** Null when it does not open under this root key. */
export function findKeyring(
  stored: StoredEntry,
  rootKey: SecretBuffer,
  memory: SecretMemory,
): Keyring | null {
  try {
    return openKeyring(stored, rootKey, memory);
  } catch (error) {
    if (error instanceof TamperingError) return null;
    throw error;
  }
}

/** The root key that another process put in place. @throws TamperingError */
export function openRootKey(
  stored: StoredEntry | null,
  keyring: Keyring,
  memory: SecretMemory,
): SecretBuffer {
  if (stored === null) throw tampered(ROOT_KEY_PATH, 'is gone');
  const key = keyring.findKey(parseTerm(stored.value, ROOT_KEY_PATH));
  if (key === null) throw tampered(ROOT_KEY_PATH, 'names a key term that does not exist');
  return openSecretRecord(key, ROOT_KEY_PATH, stored.value, memory);
}
