// Passwords at rest: scrypt (RFC 7914) with its parameters beside the hash. Bytes all the way; never a string, never a
// hash that came from outside.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { ApiError, TamperingError } from '../../framework/errors.js';

const VERSION = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const HEADER_BYTES = 4;
export const PASSWORD_BYTES_MAX = 1024;

/** Memory is 128 * 2^costLog2 * blockSize bytes for each hash in work. */
export interface ScryptCost {
  readonly costLog2: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

/** 32 MiB and some 60 ms: what an enclave can spare, several times the work of the bcrypt that Vault uses. */
export const DEFAULT_COST: ScryptCost = { costLog2: 15, blockSize: 8, parallelization: 1 };
const COST_LOG2_MAX = 20;

/** Hashes in work and waiting, over the whole process: guessing must not take all memory or all threads. */
const RUNNING_MAX = 2;
const WAITING_MAX = 64;

class Queue {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws ApiError unavailable when too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= RUNNING_MAX) {
      if (this.#waiting.length >= WAITING_MAX) {
        throw new ApiError('unavailable', 'too many logins at once: try again', {
          code: 'login-queue-full',
        });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed on, not given back: nobody can slip in between.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/** Not state that anybody else's answers depend on: a bound on this process's own memory. */
const queue = new Queue();

async function derive(password: Buffer, salt: Buffer, cost: ScryptCost): Promise<Buffer> {
  const options = {
    N: 2 ** cost.costLog2,
    r: cost.blockSize,
    p: cost.parallelization,
    maxmem: 256 * 2 ** cost.costLog2 * cost.blockSize,
  };
  return await new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** version ‖ log2 N ‖ r ‖ p ‖ salt ‖ hash. A new buffer; the caller owns and wipes it. `password` stays the caller's. */
export async function hashPassword(password: Buffer, cost: ScryptCost): Promise<Buffer> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await queue.run(() => derive(password, salt, cost));
  const header = Buffer.of(VERSION, cost.costLog2, cost.blockSize, cost.parallelization);
  const record = Buffer.concat([header, salt, hash]);
  hash.fill(0);
  return record;
}

/**
 * `beforeWork` runs once it is this login's turn, so that what changed while it waited still counts; what it throws
 * ends the login. @throws TamperingError when the record is none of ours
 */
export async function verifyPassword(
  password: Buffer,
  record: Buffer,
  beforeWork: () => Promise<void>,
): Promise<boolean> {
  const [version = 0, costLog2 = 0, blockSize = 0, parallelization = 0] = record;
  const isOurs = version === VERSION && costLog2 <= COST_LOG2_MAX;
  if (!isOurs || record.length !== HEADER_BYTES + SALT_BYTES + HASH_BYTES) {
    throw new TamperingError('stored password record has an unknown form');
  }
  const salt = record.subarray(HEADER_BYTES, HEADER_BYTES + SALT_BYTES);
  return await queue.run(async () => {
    await beforeWork();
    const hash = await derive(password, salt, { costLog2, blockSize, parallelization });
    const isSame = timingSafeEqual(hash, record.subarray(HEADER_BYTES + SALT_BYTES));
    hash.fill(0);
    return isSame;
  });
}
