// One attested login and what can be done with it: read, renew, end. Owns the token's bytes and the key they are bound
// to; wipe() is the last call. node:http takes headers as strings only, so the token becomes one for each request.
import { type ProofKey, tokenProof, tokenProofHeader } from '@vouchsafe/client/node';
import { ShimError } from './errors.js';
import { copyJsonValue, findJsonValue, readJsonValue } from './json-bytes.js';
import type { Provision } from './provision-document.js';
import { callServer, type ServerTransport } from './server-api.js';

/** How long a token lives from now. */
export interface Lease {
  /** 0: for ever. */
  readonly ttlSeconds: number;
  readonly isRenewable: boolean;
}

/** What the server says about the login; nothing of it is secret. */
export interface Attestation {
  readonly decisionId: string;
  readonly policyDigest: string;
  readonly tcbStatus: string;
  readonly binding: 'key' | 'exporter';
}

/** Parts of a login's answer. */
export interface SessionParts {
  readonly transport: ServerTransport;
  /** Becomes the session's. */
  readonly token: Buffer;
  readonly key: ProofKey;
  readonly lease: Lease;
  readonly attestation: Attestation;
  readonly provision: Provision;
  readonly timeoutMs: number;
  readonly clock: () => number;
}

const NO_BYTES = Buffer.alloc(0);

/** `auth` of a login or renewal. @throws ShimError 'answer-malformed' */
export function readLease(answer: Buffer): Lease {
  const ttlSeconds = readJsonValue(answer, ['auth', 'lease_duration']);
  const isRenewable = readJsonValue(answer, ['auth', 'renewable']);
  if (typeof ttlSeconds !== 'number' || !(ttlSeconds >= 0) || typeof isRenewable !== 'boolean') {
    throw new ShimError('answer-malformed', 'the server’s answer: auth is not as it must be');
  }
  return { ttlSeconds, isRenewable };
}

export class Session {
  readonly attestation: Attestation;
  readonly provision: Provision;
  readonly #parts: SessionParts;
  #lease: Lease;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#lease = parts.lease;
    this.attestation = parts.attestation;
    this.provision = parts.provision;
  }

  get lease(): Lease {
    return this.#lease;
  }

  /** The token itself; still the session's, who wipes it. */
  get token(): Buffer {
    return this.#parts.token;
  }

  /** The whole answer of a read, which the caller wipes. @throws ShimError, ServerRefusalError */
  async read(path: string): Promise<Buffer> {
    return await this.#call('GET', 'read', path, null, this.#parts.timeoutMs);
  }

  /** Asks for more time. @throws ServerRefusalError when the server wants a new login instead */
  async renew(): Promise<Lease> {
    const body = Buffer.from('{}');
    const { timeoutMs } = this.#parts;
    const answer = await this.#call('POST', 'update', 'auth/token/renew-self', body, timeoutMs);
    try {
      this.#lease = readLease(answer);
      return this.#lease;
    } finally {
      answer.fill(0);
    }
  }

  /** Ends the token on the server. @throws ShimError, ServerRefusalError */
  async revoke(timeoutMs: number): Promise<void> {
    const body = Buffer.from('{}');
    (await this.#call('POST', 'update', 'auth/token/revoke-self', body, timeoutMs)).fill(0);
  }

  /** Forgets the token. Nothing works afterwards. */
  wipe(): void {
    this.#parts.token.fill(0);
  }

  async #call(
    method: 'GET' | 'POST',
    operation: string,
    path: string,
    body: Buffer | null,
    timeoutMs: number,
  ): Promise<Buffer> {
    const { transport, token, key, clock } = this.#parts;
    const proof = tokenProof(key, {
      operation,
      path,
      query: '',
      token,
      body: body ?? NO_BYTES,
      now: clock(),
    });
    const headers = { 'X-Vault-Token': token.toString('latin1'), [tokenProofHeader]: proof };
    return await callServer(transport, { method, path, headers, body, timeoutMs });
  }
}

/**
 * Takes a login's answer apart. The token never becomes a string here.
 * @throws ShimError 'answer-malformed', 'provision-refused'
 */
export function readToken(answer: Buffer): Buffer {
  const range = findJsonValue(answer, ['auth', 'client_token']);
  if (range === null || range.kind !== 'string' || range.end - range.start < 3) {
    throw new ShimError('answer-malformed', 'the server’s answer has no token');
  }
  const token = copyJsonValue(answer, range);
  if (token.every((byte) => byte > 0x20 && byte < 0x7f)) return token;
  token.fill(0);
  throw new ShimError('answer-malformed', 'the server’s answer: the token cannot be a header');
}
