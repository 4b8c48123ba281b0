// What the simulated TEE says a workload is: hashes of its files and words, chained as a TD chains its run-time
// measurements. Nobody but the shim itself vouches for it, so it proves nothing; it shows how the real thing behaves.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { lengthPrefixed } from './binding-bytes.js';
import { exitCodes, ShimError } from './errors.js';
import { resolveExecutable } from './executable.js';

const WORDS_MAX = 256;
const FILE_BYTES_MAX = 4 * 1024 ** 3;

/** One word of the command and what was measured for it. */
export interface MeasuredWord {
  readonly kind: 'executable' | 'file' | 'word';
  /** Path of the file, or the word itself. */
  readonly text: string;
  /** SHA-384 of the file's bytes, or of the word. */
  readonly digest: Buffer;
}

/** SHA-384 values, 48 bytes each. Where they go in evidence is the format's (simulated-registers.ts). */
export interface SimulatedMeasurement {
  /** Of the simulated machine itself: always the same. */
  readonly platform: Buffer;
  readonly workload: Buffer;
  readonly words: readonly MeasuredWord[];
}

function sha384(): Hash {
  return createHash('sha384');
}

async function hashFile(path: string): Promise<Buffer> {
  const hash = sha384();
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw new ShimError('measure-failed', `${path}: cannot be read`, { cause: error });
  }
  return hash.digest();
}

async function isMeasurableFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found?.isFile() !== true) return false;
  if (found.size > FILE_BYTES_MAX) {
    throw new ShimError('measure-failed', `${path}: too large to measure`);
  }
  return true;
}

async function measureWord(word: string): Promise<MeasuredWord> {
  if (await isMeasurableFile(word))
    return { kind: 'file', text: word, digest: await hashFile(word) };
  return { kind: 'word', text: word, digest: sha384().update(word).digest() };
}

/**
 * The executable's bytes first, then each argument: a file by its bytes, wherever it lies, anything else by its text.
 * @throws ShimError 'command-not-found', 'command-not-executable', 'measure-failed'
 */
export async function measureCommand(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<SimulatedMeasurement> {
  const [name = '', ...rest] = command;
  if (rest.length > WORDS_MAX) {
    throw new ShimError('measure-failed', `command: more than ${WORDS_MAX} words`, {
      exitCode: exitCodes.shimFailed,
    });
  }
  const path = await resolveExecutable(name, env.PATH);
  const words: MeasuredWord[] = [{ kind: 'executable', text: path, digest: await hashFile(path) }];
  for (const word of rest) words.push(await measureWord(word));
  let workload: Buffer = Buffer.alloc(48);
  for (const { kind, digest } of words) {
    const event = sha384()
      .update(lengthPrefixed([`vouchsafe/simulated/${kind}`, digest]))
      .digest();
    workload = sha384().update(workload).update(event).digest();
  }
  const platform = sha384().update('vouchsafe simulated TD, version 1').digest();
  return { platform, workload, words };
}
