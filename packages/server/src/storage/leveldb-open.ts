// Opens the LevelDB directory, or says what is wrong with it and what to do. Never repairs, never creates a database
// over the remains of another one: whatever is refused here is still there afterwards.
import { constants } from 'node:fs';
import { access, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { makeDirectory } from '../framework/make-directory.js';
import { findLogDamage } from './leveldb-log.js';

export type Level = ClassicLevel<string, Buffer>;

export type StorageOpenCode =
  | 'storage-not-writable'
  | 'storage-locked'
  | 'storage-corrupt'
  | 'storage-full'
  | 'storage-failed';

/** The server can not start (or go on) on this directory. The message is for the operator and names the path. */
export class StorageOpenError extends Error {
  override readonly name = 'StorageOpenError';
  readonly code: StorageOpenCode;

  constructor(code: StorageOpenCode, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Also the size of the table that LevelDB writes when it opens after a crash. */
const WRITE_BUFFER_BYTES = 4_194_304;
const BLOCK_CACHE_BYTES = 8_388_608;
/** May be left behind by a process that was killed; LevelDB does not know it. */
const PROBE_NAME = 'room.probe';
const LOG_BYTES_MAX = 268_435_456;

/** @throws StorageOpenError */
export async function openLevel(directory: string): Promise<Level> {
  await prepareDirectory(directory);
  await checkFiles(directory);
  const level: Level = new ClassicLevel<string, Buffer>(directory, {
    // The same bytes as 'buffer', without a copy to and fro in lists.
    keyEncoding: 'utf8',
    valueEncoding: 'buffer',
    // Ciphertext does not compress.
    compression: false,
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: BLOCK_CACHE_BYTES,
  });
  await reopenLevel(level, directory);
  await rm(join(directory, PROBE_NAME), { force: true });
  return level;
}

/** Opens a closed instance again. @throws StorageOpenError */
export async function reopenLevel(level: Level, directory: string): Promise<void> {
  try {
    await level.open();
  } catch (error) {
    throw describeOpenFailure(directory, error);
  }
}

/**
 * Whether the disk takes what LevelDB needs to recover: a file of the size of its write buffer, twice.
 * Free-space figures lie (quotas, Gramine), so this writes and syncs one and removes it.
 */
export async function hasRoomToRecover(directory: string): Promise<boolean> {
  const path = join(directory, PROBE_NAME);
  try {
    const file = await open(path, 'w', 0o600);
    try {
      const block = Buffer.alloc(1_048_576);
      for (let written = 0; written < 2 * WRITE_BUFFER_BYTES; written += block.length) {
        await file.writeFile(block);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch {
    return false;
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}

async function prepareDirectory(directory: string): Promise<void> {
  try {
    makeDirectory(directory);
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StorageOpenError(
      'storage-not-writable',
      `storage directory ${directory} is not writable: ${codeOf(error)}; create it, or give it to the user that ` +
        'runs the server',
      { cause: error },
    );
  }
}

/** What LevelDB would pass over in silence. */
async function checkFiles(directory: string): Promise<void> {
  const names = await readdir(directory);
  const remains = names.some((name) => /^MANIFEST-|\.(ldb|sst|log)$/.test(name));
  if (remains && !names.includes('CURRENT')) {
    throw corrupt(directory, 'the file CURRENT is missing beside other database files');
  }
  for (const name of names.filter((each) => each.endsWith('.log'))) {
    const log = await readFile(join(directory, name));
    if (log.length > LOG_BYTES_MAX) throw corrupt(directory, `${name} is implausibly large`);
    const damage = findLogDamage(log);
    if (damage !== null) throw corrupt(directory, `${name} is damaged at byte ${damage}`);
  }
}

function corrupt(directory: string, what: string, cause?: unknown): StorageOpenError {
  return new StorageOpenError(
    'storage-corrupt',
    `storage in ${directory} is corrupt: ${what}; nothing was changed: copy the directory away as it is, then ` +
      'restore a snapshot or a backup of it',
    { cause },
  );
}

function describeOpenFailure(directory: string, error: unknown): StorageOpenError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = codeOf(cause);
  const text = cause instanceof Error ? cause.message : String(cause);
  if (code === 'LEVEL_LOCKED') {
    return new StorageOpenError(
      'storage-locked',
      `storage in ${directory} is in use by another process: stop that server first, or use another directory`,
      { cause },
    );
  }
  if (isDiskFull(cause)) {
    return new StorageOpenError(
      'storage-full',
      `storage in ${directory} can not be opened: the disk is full`,
      { cause },
    );
  }
  if (code === 'LEVEL_CORRUPTION') return corrupt(directory, text, cause);
  if (/permission denied|read-only file system/i.test(text)) {
    return new StorageOpenError(
      'storage-not-writable',
      `storage directory ${directory} is not writable: ${text}`,
      { cause },
    );
  }
  if (/no such file/i.test(text)) return corrupt(directory, text, cause);
  return new StorageOpenError(
    'storage-failed',
    `storage in ${directory} can not be opened: ${text}`,
    { cause },
  );
}

/** LevelDB passes strerror(3) on in its text, and nothing else to tell by. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && /no space left|disk quota exceeded/i.test(error.message);
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return error.code;
  return 'unknown error';
}
