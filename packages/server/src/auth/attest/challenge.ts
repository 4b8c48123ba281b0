// Challenges: fresh, for one role of one mount, good for a minute and for one login. Handing one out writes nothing
// (anybody may ask); the ticket beside it is a MAC, and using it up is a conditional commit.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ApiError, StorageConflict } from '../../framework/errors.js';
import { listAll, type Storage } from '../../framework/storage.js';
import { CHALLENGE_BYTES, lengthPrefixed } from './binding.js';

export const CHALLENGE_TTL_MS = 60_000;
const MAC_KEY = 'challenge-key';
const USED = 'used/';
const TIME_BYTES = 8;
const MAC_BYTES = 32;

export interface Challenge {
  readonly challenge: Buffer;
  /** Issue time (8 bytes, big endian, ms) and MAC; opaque to the workload. */
  readonly ticket: Buffer;
}

/** What a challenge is good for. */
export interface ChallengeScope {
  readonly mount: string;
  readonly role: string;
}

export async function ensureChallengeKey(storage: Storage): Promise<void> {
  const known = await storage.get(MAC_KEY);
  known?.value.fill(0);
  if (known !== null) return;
  const value = randomBytes(MAC_BYTES);
  try {
    await storage.commit([{ put: MAC_KEY, value }], [{ key: MAC_KEY, version: null }]);
  } catch (error) {
    if (!(error instanceof StorageConflict)) throw error;
  } finally {
    value.fill(0);
  }
}

async function mac(
  storage: Storage,
  challenge: Buffer,
  time: Buffer,
  scope: ChallengeScope,
): Promise<Buffer> {
  const key = await storage.get(MAC_KEY);
  if (key === null) throw new ApiError('internal', 'challenge key is missing');
  try {
    return createHmac('sha256', key.value)
      .update(
        lengthPrefixed(['vouchsafe/challenge-ticket/v1', challenge, time, scope.mount, scope.role]),
      )
      .digest();
  } finally {
    key.value.fill(0);
  }
}

export async function issueChallenge(
  storage: Storage,
  scope: ChallengeScope,
  now: number,
): Promise<Challenge> {
  const challenge = randomBytes(CHALLENGE_BYTES);
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(now));
  return { challenge, ticket: Buffer.concat([time, await mac(storage, challenge, time, scope)]) };
}

/** 'challenge-unknown': not handed out by this server for this role of this mount. */
export type ChallengeFault = 'challenge-unknown' | 'challenge-expired' | 'challenge-used';

/**
 * Uses a challenge up, whatever becomes of the login. Two logins with one challenge: exactly one gets null here.
 */
export async function consumeChallenge(
  storage: Storage,
  offered: Challenge,
  scope: ChallengeScope,
  now: number,
): Promise<ChallengeFault | null> {
  const { challenge, ticket } = offered;
  if (challenge.length !== CHALLENGE_BYTES || ticket.length !== TIME_BYTES + MAC_BYTES) {
    return 'challenge-unknown';
  }
  const time = ticket.subarray(0, TIME_BYTES);
  const expected = await mac(storage, challenge, time, scope);
  if (!timingSafeEqual(expected, ticket.subarray(TIME_BYTES))) return 'challenge-unknown';
  const issuedAt = Number(time.readBigUInt64BE());
  if (now - issuedAt >= CHALLENGE_TTL_MS || issuedAt - now > CHALLENGE_TTL_MS) {
    return 'challenge-expired';
  }
  const bucket = Math.floor(issuedAt / CHALLENGE_TTL_MS);
  const key = `${USED}${bucket}/${createHash('sha256').update(challenge).digest('hex')}`;
  try {
    await storage.commit([{ put: key, value: Buffer.alloc(1) }], [{ key, version: null }]);
  } catch (error) {
    if (error instanceof StorageConflict) return 'challenge-used';
    throw error;
  }
  return null;
}

/** Forgets used challenges that could not pass any more anyway. Safe to run anywhere, any number of times. */
export async function forgetUsedChallenges(storage: Storage, now: number): Promise<void> {
  const oldest = Math.floor(now / CHALLENGE_TTL_MS) - 2;
  for (const folder of await listAll(storage, USED)) {
    if (!folder.endsWith('/') || Number(folder.slice(0, -1)) >= oldest) continue;
    const keys = await listAll(storage, USED + folder);
    for (let at = 0; at < keys.length; at += 500) {
      const batch = keys.slice(at, at + 500).map((key) => ({ delete: `${USED}${folder}${key}` }));
      await storage.commit(batch, []);
    }
  }
}
