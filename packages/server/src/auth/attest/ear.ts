// The attestation result as a token that others can check: an EAR (draft-ietf-rats-ear) in a JWT, signed with a key
// that signs nothing else. Says what was found, for whom; must never grant anything by itself.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { earClaims } from '@vouchsafe/verifier';
import type { Storage } from '../../framework/storage.js';
import type { AppraisedPart } from './login-evidence.js';
import { ensureSigningKey, type KeyPlace, readPublicKey, signWith } from './signing-key.js';

const PLACE: KeyPlace = { privateKey: 'ear-key', publicKey: 'ear-key-public' };
const LIFETIME_MS = 300_000;

export interface EarFacts {
  /** By the name that the appraisal gets: the evidence's format, or the name of a part. */
  readonly submodules: ReadonlyMap<string, AppraisedPart>;
  /** Digests of the policy and of the reference values, in this order. */
  readonly policyIds: readonly string[];
  readonly decisionId: string;
  /** The name of the server identity, 32 bytes. */
  readonly serverIdentity: Buffer;
  /** The workload's P-256 key, which whoever shows the token has to hold. */
  readonly workloadKey: KeyObject;
  readonly role: string;
  readonly build: string;
  readonly now: number;
}

interface EcJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

function jwkOf(key: KeyObject): EcJwk {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return { kty: 'EC', crv: 'P-256', x, y };
}

/** RFC 7638: SHA-256 over the required members in the order of their names, base64url. */
function thumbprint({ crv, kty, x, y }: EcJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

export async function ensureEarKey(storage: Storage): Promise<void> {
  await ensureSigningKey(storage, PLACE);
}

async function earKey(storage: Storage): Promise<EcJwk> {
  const key = await readPublicKey(storage, PLACE);
  return jwkOf(createPublicKey({ key, format: 'der', type: 'spki' }));
}

/** JWK set (RFC 7517) with the key that EARs of this mount are signed with. */
export async function earKeySet(storage: Storage): Promise<{ readonly keys: readonly object[] }> {
  const jwk = await earKey(storage);
  return { keys: [{ ...jwk, kid: thumbprint(jwk), use: 'sig', alg: 'ES256' }] };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * A compact JWS, good for five minutes. `iss` names the server by its identity; `cnf.jkt` the workload's key
 * (RFC 9449 section 6.1); there is no `aud`: what it is shown to has to ask for possession of that key.
 */
export async function signEar(storage: Storage, facts: EarFacts): Promise<string> {
  const { submodules, policyIds, now } = facts;
  const claims = earClaims({
    submodules: Object.fromEntries(
      [...submodules].map(([name, { result, reportData }]) => [
        name,
        { result, policyIds, nonce: reportData },
      ]),
    ),
    verifierId: { developer: 'vouchsafe', build: facts.build },
    issuedAt: new Date(now),
    expiresAt: new Date(now + LIFETIME_MS),
    rawEvidence: null,
  });
  const header = { alg: 'ES256', typ: 'eat+jwt', kid: thumbprint(await earKey(storage)) };
  const payload = {
    ...claims,
    iss: `vouchsafe/${facts.serverIdentity.toString('hex')}`,
    sub: facts.role,
    jti: facts.decisionId,
    cnf: { jkt: thumbprint(jwkOf(facts.workloadKey)) },
  };
  const signed = `${encode(header)}.${encode(payload)}`;
  const signature = await signWith(storage, PLACE, Buffer.from(signed));
  return `${signed}.${signature.toString('base64url')}`;
}
