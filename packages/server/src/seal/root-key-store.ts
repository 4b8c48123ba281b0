// Reads and proves what the seal stores: its configuration and the wrapped root key.

import type { Barrier } from '../barrier/barrier.js';
import { SEAL_CONFIG_PATH, WRAPPED_ROOT_KEY_PATH } from '../barrier/paths.js';
import { TamperingError } from '../framework/errors.js';
import type { SecretBuffer, SecretMemory } from '../secret-memory/secret-memory.js';
import type { StorageEngine, StoredEntry, StoredWrite } from '../storage/engine.js';
import { SealError } from './seal.js';
import type { SealConfig } from './seal-config.js';
import { parseSealConfig, serialiseSealConfig } from './seal-config.js';
import { ShamirSeal } from './shamir-seal.js';

/** What lifecycle, rekey and root generation work on; one of each per process and database. */
export interface SealParts {
  readonly engine: StorageEngine;
  readonly barrier: Barrier;
  readonly memory: SecretMemory;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Null before initialisation. @throws TamperingError */
export async function findSealConfig(engine: StorageEngine): Promise<SealConfig | null> {
  const stored = await engine.get(SEAL_CONFIG_PATH);
  return stored === null ? null : parseSealConfig(stored.value);
}

/** @throws TamperingError when it is gone. */
export async function getWrappedRootKey(engine: StorageEngine): Promise<StoredEntry> {
  const stored = await engine.get(WRAPPED_ROOT_KEY_PATH);
  if (stored === null) throw new TamperingError('stored root key is gone');
  return stored;
}

export function sealWrites(config: SealConfig, wrapped: Buffer): readonly StoredWrite[] {
  return [
    { put: SEAL_CONFIG_PATH, value: serialiseSealConfig(config) },
    { put: WRAPPED_ROOT_KEY_PATH, value: wrapped },
  ];
}

/** The root key that `key` (of the shares) unwraps, or null when it is not the right key. The caller frees both. */
export async function findRootKey(
  { engine, memory }: SealParts,
  key: SecretBuffer,
): Promise<SecretBuffer | null> {
  const { value } = await getWrappedRootKey(engine);
  try {
    return await new ShamirSeal(key, memory).unwrap(value);
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

/** Whether `key` unwraps the very root key that the barrier works with. */
export async function provesRootKey(parts: SealParts, key: SecretBuffer): Promise<boolean> {
  const rootKey = await findRootKey(parts, key);
  if (rootKey === null) return false;
  try {
    return await parts.barrier.isRootKey(rootKey);
  } finally {
    rootKey.free();
  }
}
