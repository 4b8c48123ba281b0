// A server that speaks the attested login as the specification says, and lets a test change each answer. For the
// shim's own tests: what the real server does is tested with the real server.
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { challengeBytes } from '../binding-bytes.js';

export type Members = Record<string, unknown>;

export interface StubCall {
  readonly text: string;
  readonly body: Members;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** Changes an answer's `data`, or gives status and whole body instead. */
export type Change = (data: Members) => Members | readonly [number, unknown];

export class StubLoginServer {
  readonly calls: StubCall[] = [];
  readonly identity: { readonly key: KeyObject; readonly spki: Buffer; readonly name: Buffer };
  /** By the last part of the path. */
  readonly changes: Record<string, Change> = {};
  auth: Members = { client_token: 'hvs.stub', lease_duration: 60, renewable: true };
  attestation: Members = { status: 'affirming', decision_id: 'D1', policy_digest: 'sha256:00' };
  provision: unknown = null;
  readonly #server: Server;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    this.identity = {
      key: privateKey,
      spki,
      name: createHash('sha256').update(spki).digest(),
    };
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const text = Buffer.concat(parts).toString();
        const body = text === '' ? {} : (JSON.parse(text) as Members);
        const path = (request.url ?? '').replace(/^\/v1\//, '');
        this.calls.push({ text: `${request.method} ${path}`, body, headers: request.headers });
        const [status, answer] = this.#answer(path, body);
        response.writeHead(status, { 'Content-Type': 'application/json' });
        response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** A signature over a challenge, with any key. */
  signChallenge(challenge: string, mount: string, role: string, time: string, key: KeyObject) {
    const bytes = challengeBytes(Buffer.from(challenge, 'base64url'), mount, role, time);
    return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  }

  #answer(path: string, body: Members): readonly [number, unknown] {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const data = this.#data(name, body);
    if (data === null) return [404, { errors: [] }];
    const changed = (this.changes[name] ?? ((same: Members) => same))(data);
    if (Array.isArray(changed)) return changed as unknown as readonly [number, unknown];
    return [200, name === 'login' ? { auth: this.auth, data: changed } : { data: changed }];
  }

  #data(name: string, body: Members): Members | null {
    const identity = {
      server_identity: this.identity.name.toString('hex'),
      identity_key: this.identity.spki.toString('base64'),
      evidence: null,
    };
    if (name === 'server') return identity;
    if (name === 'login') return { attestation: this.attestation, provision: this.provision };
    if (name !== 'challenge') return null;
    const challenge = randomBytes(32).toString('base64url');
    const time = '2026-01-01T00:00:00.000Z';
    const role = String(body.role);
    const mount = 'auth/attest/';
    return {
      ...identity,
      challenge,
      ticket: 'dGlja2V0',
      expires_in: 60,
      binding_profile: 'vouchsafe-binding-v1',
      mount,
      server_time: time,
      signature: this.signChallenge(challenge, mount, role, time, this.identity.key),
    };
  }
}

export function publicKeyOf(spki: string): KeyObject {
  return createPublicKey({ key: Buffer.from(spki, 'base64url'), format: 'der', type: 'spki' });
}
