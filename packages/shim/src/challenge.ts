// What the server says first: who it is and a fresh challenge. Everything is checked here before anything of the
// workload is told; nothing of an answer is used that its signature does not cover.
import { createHash, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { BINDING_PROFILE, CHALLENGE_BYTES, challengeBytes } from './binding-bytes.js';
import { ShimError } from './errors.js';

const SPKI_P256_HEADER = Buffer.from(
  '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  'hex',
);
const SPKI_BYTES = 91;
const IDENTITY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Who answers: its key, and the key's SHA-256, by which it is pinned. */
export interface ServerIdentity {
  readonly name: Buffer;
  readonly key: KeyObject;
}

export interface CheckedChallenge {
  readonly challenge: Buffer;
  /** Opaque; goes back with the login. */
  readonly ticket: string;
  readonly mount: string;
  readonly identity: ServerIdentity;
  /** The server's clock when it signed, milliseconds since the epoch. Never a measure of freshness. */
  readonly serverTimeMs: number;
}

type Members = Readonly<Record<string, unknown>>;

function malformed(what: string): ShimError {
  return new ShimError('answer-malformed', `the server’s answer: ${what} is not as it must be`);
}

function textOf(data: Members, name: string): string {
  const value = data[name];
  if (typeof value === 'string' && value.length <= 1024) return value;
  throw malformed(name);
}

function base64urlOf(data: Members, name: string, length: number): Buffer {
  const text = textOf(data, name);
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== length || bytes.toString('base64url') !== text) throw malformed(name);
  return bytes;
}

/** A pin as a person gives it: 64 hex digits, colons and upper case allowed. @throws ShimError 'server-identity-pin' */
export function parseServerIdentity(text: string): Buffer {
  const hex = text
    .trim()
    .replace(/^sha256:/i, '')
    .replace(/:/g, '');
  if (/^[0-9a-fA-F]{64}$/.test(hex)) return Buffer.from(hex, 'hex');
  throw new ShimError(
    'server-identity-pin',
    'server identity: want the SHA-256 of its key, 64 hex digits',
    { hint: 'read it on a machine you trust: GET auth/attest/server, server_identity' },
  );
}

/**
 * Reads `server_identity` and `identity_key`, and compares with the pin if there is one.
 * @throws ShimError 'server-identity-mismatch', 'answer-malformed'
 */
export function checkServerIdentity(data: Members, pin: Buffer | null): ServerIdentity {
  const spki = Buffer.from(textOf(data, 'identity_key'), 'base64');
  const header = spki.subarray(0, SPKI_P256_HEADER.length);
  if (spki.length !== SPKI_BYTES || !header.equals(SPKI_P256_HEADER)) {
    throw malformed('identity_key');
  }
  const name = createHash('sha256').update(spki).digest();
  if (textOf(data, 'server_identity') !== name.toString('hex')) throw malformed('server_identity');
  if (pin !== null && (pin.length !== IDENTITY_BYTES || !timingSafeEqual(pin, name))) {
    throw new ShimError(
      'server-identity-mismatch',
      `the server is not the one that is pinned: it is ${name.toString('hex')}`,
      {
        hint: 'nothing was told to it; check the address, or the pin if the server was set up anew',
      },
    );
  }
  try {
    return { name, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) };
  } catch {
    throw malformed('identity_key');
  }
}

/**
 * Checks a challenge: right profile, for this role at this mount, signed by the identity it names.
 * @throws ShimError 'challenge-signature', 'binding-profile-unknown', 'server-identity-mismatch', 'answer-malformed'
 */
export function checkChallenge(
  data: Members,
  wanted: { readonly role: string; readonly mount: string; readonly pin: Buffer | null },
): CheckedChallenge {
  const identity = checkServerIdentity(data, wanted.pin);
  if (textOf(data, 'binding_profile') !== BINDING_PROFILE) {
    throw new ShimError(
      'binding-profile-unknown',
      `the server wants another way of binding than ${BINDING_PROFILE}`,
      { hint: 'server and shim must be of versions that know each other' },
    );
  }
  const challenge = base64urlOf(data, 'challenge', CHALLENGE_BYTES);
  const signature = base64urlOf(data, 'signature', SIGNATURE_BYTES);
  const mount = textOf(data, 'mount');
  if (mount !== wanted.mount) throw malformed('mount');
  const signed = challengeBytes(challenge, mount, wanted.role, textOf(data, 'server_time'));
  if (!verify('sha256', signed, { key: identity.key, dsaEncoding: 'ieee-p1363' }, signature)) {
    throw new ShimError(
      'challenge-signature',
      'the challenge is not signed by the server’s identity key',
      {
        hint: 'something between here and the server changes what it says; nothing was told to it',
      },
    );
  }
  const serverTimeMs = Date.parse(textOf(data, 'server_time'));
  if (Number.isNaN(serverTimeMs)) throw malformed('server_time');
  return { challenge, ticket: textOf(data, 'ticket'), mount, identity, serverTimeMs };
}
