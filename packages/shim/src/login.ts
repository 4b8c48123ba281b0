// The attested login, in the order that protects the workload: who is the server, is its challenge its own, then a
// fresh key, evidence over both, and the login (docs/attested-login.md). Must never speak before the server is checked.
import type { Channel, NodeTransport } from '@vouchsafe/client/node';
import { type Attester, type CmwRecord, reportDataBytes } from './attesters/attester.js';
import { EXPORTER_BYTES, EXPORTER_LABEL, loginProofBytes, reportData } from './binding-bytes.js';
import { type CheckedChallenge, checkChallenge, checkServerIdentity } from './challenge.js';
import { AttestationRefusedError, ShimError } from './errors.js';
import { readJsonValue } from './json-bytes.js';
import { parseProvision } from './provision-document.js';
import {
  type ApiCall,
  callServer,
  printable,
  ServerRefusalError,
  type ServerTransport,
  unreachable,
} from './server-api.js';
import { type Attestation, readLease, readToken, Session } from './session.js';
import { createWorkloadKey, signWithWorkloadKey } from './workload-key.js';

/** How tight the evidence is tied: to the key alone, or to the TLS session too. 'auto': as tight as the address allows. */
export const bindingChoices = ['auto', 'key', 'exporter'] as const;
export type BindingChoice = (typeof bindingChoices)[number];

export interface LoginSettings {
  readonly transport: NodeTransport;
  readonly attester: Attester;
  readonly role: string;
  /** Where the method is mounted, below auth/: 'attest'. */
  readonly mount: string;
  /** SHA-256 of the server's identity key; null trusts whoever answers. */
  readonly serverIdentity: Buffer | null;
  readonly binding: BindingChoice;
  readonly timeoutMs: number;
  readonly clock: () => number;
}

/** Half of what the server takes. */
const CLOCK_SKEW_MS_MAX = 30_000;
const LOOPBACK = /^http:\/\/(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\])(:\d+)?(\/|$)/;

/** Without TLS anybody on the way could answer in the server's place. @throws ShimError 'plain-http' */
function checkAddress(address: string): void {
  if (!address.startsWith('http://') || LOOPBACK.test(address)) return;
  throw new ShimError('plain-http', `${address}: secrets are taken over TLS only`, {
    hint: 'use https; plain http is for a server on this machine',
  });
}

async function openConnection(
  settings: LoginSettings,
): Promise<{ readonly connection: ServerTransport; readonly channel: Channel | null }> {
  const { transport, binding } = settings;
  checkAddress(transport.address);
  if (!transport.address.startsWith('https:')) {
    if (binding === 'exporter') throw exporterUnavailable('the address is not https');
    return { connection: transport, channel: null };
  }
  let channel: Channel;
  try {
    channel = await transport.openChannel(settings.timeoutMs);
  } catch (error) {
    throw unreachable(error);
  }
  // Before 1.3 an exporter is only as good as an extension that nobody tells us of (RFC 9266 section 4).
  if (channel.protocol() === 'TLSv1.3' && binding !== 'key') {
    return { connection: channel, channel };
  }
  if (binding !== 'exporter') return { connection: channel, channel: null };
  channel.close();
  throw exporterUnavailable('the connection is older than TLS 1.3');
}

function exporterUnavailable(why: string): ShimError {
  return new ShimError('exporter-unavailable', `no binding to the connection: ${why}`, {
    hint: 'use https with TLS 1.3, or -binding=key if the role allows it',
  });
}

function dataOf(answer: Buffer): Readonly<Record<string, unknown>> {
  const data = readJsonValue(answer, ['data']);
  if (typeof data === 'object' && data !== null) return data as Readonly<Record<string, unknown>>;
  throw new ShimError('answer-malformed', 'the server’s answer has no data');
}

function call(settings: LoginSettings, name: string, body: unknown): ApiCall {
  return {
    method: body === null ? 'GET' : 'POST',
    path: `auth/${settings.mount}/${name}`,
    headers: {},
    body: body === null ? null : Buffer.from(JSON.stringify(body)),
    timeoutMs: settings.timeoutMs,
  };
}

async function requestChallenge(
  connection: ServerTransport,
  settings: LoginSettings,
): Promise<CheckedChallenge> {
  const { serverIdentity: pin, role, mount } = settings;
  try {
    if (pin !== null) {
      // Not even the name of the role is for another server.
      const answer = await callServer(connection, call(settings, 'server', null));
      checkServerIdentity(dataOf(answer), pin);
    }
    const answer = await callServer(connection, call(settings, 'challenge', { role }));
    return checkChallenge(dataOf(answer), { role, mount: `auth/${mount}/`, pin });
  } catch (error) {
    if (error instanceof ServerRefusalError && (error.status === 404 || error.status === 403)) {
      throw new ShimError('attest-not-mounted', `${error.message} (auth/${mount}/challenge)`, {
        hint: 'check the address and -mount; an operator mounts the method with "vouchsafe auth enable attest"',
        cause: error,
      });
    }
    throw error;
  }
}

/**
 * The clock for proofs, which the server compares with its own: this machine's, or when that is far off the server's.
 * Only the server judges by it, so nothing is gained by setting it.
 */
function proofClock(clock: () => number, serverTimeMs: number): () => number {
  const ahead = serverTimeMs - clock();
  return Math.abs(ahead) > CLOCK_SKEW_MS_MAX ? () => clock() + ahead : clock;
}

function encodeRecord({ type, value }: CmwRecord): readonly [string, string] {
  return [type, Buffer.from(value).toString('base64url')];
}

function explainRefusal(error: unknown, settings: LoginSettings): unknown {
  if (!(error instanceof ServerRefusalError)) return error;
  const { code, decision_id: decision } = error.data;
  if (typeof code !== 'string') return error;
  const id = typeof decision === 'string' ? printable(decision) : '';
  const mount = settings.mount === 'attest' ? '' : ` -mount=${settings.mount}`;
  const hints: Readonly<Record<string, string>> = {
    'proof-invalid': 'behind a proxy that ends TLS only -binding=key can work',
    'exporter-unavailable': 'behind a proxy that ends TLS only -binding=key can work',
  };
  const explain = `an operator sees the reasons with "vouchsafe attest explain${mount} ${id}"`;
  return new AttestationRefusedError(
    printable(code),
    id,
    id === '' ? (hints[code] ?? '') : explain,
  );
}

function readAttestation(answer: Buffer, binding: Attestation['binding']): Attestation {
  const found = readJsonValue(answer, ['data', 'attestation']);
  const members = (typeof found === 'object' && found !== null ? found : {}) as {
    readonly [name: string]: unknown;
  };
  const text = (name: string): string => {
    const value = members[name];
    return typeof value === 'string' ? printable(value) : '';
  };
  if (text('status') !== 'affirming') {
    throw new ShimError('answer-malformed', 'the server’s answer: no affirming attestation');
  }
  return {
    decisionId: text('decision_id'),
    policyDigest: text('policy_digest'),
    tcbStatus: text('tcb_status'),
    binding,
  };
}

/**
 * Logs in with fresh evidence. The session is the caller's to revoke and wipe.
 * @throws AttestationRefusedError, ShimError
 */
export async function logIn(settings: LoginSettings): Promise<Session> {
  const { connection, channel } = await openConnection(settings);
  try {
    const challenge = await requestChallenge(connection, settings);
    const key = createWorkloadKey();
    const exporter =
      channel?.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, challenge.challenge) ??
      Buffer.alloc(0);
    const report = reportData({
      challenge: challenge.challenge,
      mount: challenge.mount,
      role: settings.role,
      serverIdentity: challenge.identity.name,
      publicKey: key.spki,
      exporter,
    });
    if (report.length !== reportDataBytes) throw new RangeError('report data');
    const { evidence, endorsements } = await settings.attester.collect(report);
    const binding = channel === null ? 'key' : 'exporter';
    const answer = await callServer(
      connection,
      call(settings, 'login', {
        role: settings.role,
        challenge: challenge.challenge.toString('base64url'),
        ticket: challenge.ticket,
        evidence: encodeRecord(evidence),
        endorsements: endorsements.map(encodeRecord),
        public_key: key.spki.toString('base64url'),
        binding,
        proof: signWithWorkloadKey(key, loginProofBytes(report)).toString('base64url'),
      }),
    ).catch((error: unknown) => {
      throw explainRefusal(error, settings);
    });
    try {
      const { transport, timeoutMs } = settings;
      const clock = proofClock(settings.clock, challenge.serverTimeMs);
      const lease = readLease(answer);
      const attestation = readAttestation(answer, binding);
      const provision = parseProvision(readJsonValue(answer, ['data', 'provision']));
      const token = readToken(answer);
      return new Session({
        transport,
        token,
        key,
        lease,
        attestation,
        provision,
        timeoutMs,
        clock,
      });
    } finally {
      answer.fill(0);
    }
  } finally {
    if (connection !== settings.transport) connection.close();
  }
}
