// A whole server in this process, without a socket: requests are text, as clients write them. The clock is the test's.
import assert from 'node:assert/strict';
import type { AttestationConfig } from '../../config/server-config.js';
import type { MountEntry } from '../../core/mounts/entry.js';
import type { OpenableGroup } from '../../framework/backend.js';
import { callApi } from '../../http/testing/call-api.js';
import { type Assembly, assemble } from '../../startup/assemble.js';
import { LogThreshold } from '../../startup/log.js';
import type { SimulatedTee } from '../../startup/simulated-tee.js';
import { MemoryEngine } from '../../storage/memory.js';

export const START = 1_700_000_000_000;

const ATTESTATION: AttestationConfig = {
  endorsementBundleFiles: [],
  trustedIssuers: [],
  offline: true,
  pccsUrl: null,
  kdsUrl: null,
  refreshIntervalSeconds: null,
  options: {},
};

export interface Reply {
  readonly status: number;
  /** As sent; '' without a body. */
  readonly text: string;
  /** Header lines of the answer. */
  readonly fields: string;
  /** The body, or {} without one. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
  readonly json: any;
}

export interface CallOptions {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: readonly string[];
  /** What the listener opens. */
  readonly opened?: readonly OpenableGroup[];
  /** Address of the client. */
  readonly from?: string;
}

/** Calls as the root token unless told otherwise. */
export class TestServer {
  readonly assembly: Assembly;
  readonly engine: MemoryEngine;
  rootToken = '';
  keys: readonly string[] = [];
  now = START;

  constructor(extraMounts: readonly MountEntry[] = [], simulated: SimulatedTee | null = null) {
    this.engine = new MemoryEngine();
    const clock = (): number => this.now;
    this.assembly = assemble({
      engine: this.engine,
      facts: {
        version: '1.21.0',
        buildDate: '2026-01-01T00:00:00Z',
        startedAt: START,
        apiAddress: 'http://127.0.0.1:8200',
        logLevel: 'info',
        defaultLeaseTtlSeconds: 2_764_800,
        maxLeaseTtlSeconds: 2_764_800,
        isDev: false,
        sanitizedConfig: { api_addr: 'http://127.0.0.1:8200', storage: { type: 'inmem' } },
      },
      firstWrites: { rootTokenId: null, extraMounts, clusterName: 'test' },
      audits: [],
      attestation: ATTESTATION,
      simulated,
      pluginDirectory: null,
      lockouts: new Map(),
      clock,
      log: () => undefined,
      logLevel: new LogThreshold('info'),
    });
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
    const token = options.token === undefined ? this.rootToken : (options.token ?? '');
    const lines = [
      `${method} /v1/${path}`,
      ...(token === '' ? [] : [`X-Vault-Token: ${token}`]),
      ...(options.headers ?? []),
    ];
    const body = options.body === undefined ? '' : JSON.stringify(options.body);
    const { core } = this.assembly;
    const called = await callApi(core, lines, body, {
      now: () => this.now,
      admit: (request) => core.admit(request),
      cors: () => core.cors,
      opened: new Set(options.opened ?? []),
      readPeer: (_, peer) => ({ ...peer, remoteAddress: options.from ?? peer.remoteAddress }),
    });
    let json: unknown = {};
    if (called.body !== '' && called.body.startsWith('{')) json = JSON.parse(called.body);
    return { status: called.status, text: called.body, fields: called.fields, json };
  }

  async init(shares = 1, threshold = 1): Promise<void> {
    const body = { secret_shares: shares, secret_threshold: threshold };
    const reply = await this.call('PUT', 'sys/init', { token: null, body });
    assert.equal(reply.status, 200, reply.text);
    this.keys = reply.json.keys_base64;
    this.rootToken = reply.json.root_token;
  }

  async unseal(): Promise<void> {
    for (const key of this.keys) {
      const reply = await this.call('PUT', 'sys/unseal', { token: null, body: { key } });
      assert.equal(reply.status, 200, reply.text);
      if (!reply.json.sealed) return;
    }
    assert.fail('still sealed');
  }

  /** A policy of that text and a token that has only it. */
  async tokenWith(policy: string, name = 'p'): Promise<string> {
    const written = await this.call('PUT', `sys/policies/acl/${name}`, { body: { policy } });
    assert.equal(written.status, 204, written.text);
    const body = { policies: [name], no_default_policy: true };
    const created = await this.call('POST', 'auth/token/create', { body });
    assert.equal(created.status, 200, created.text);
    return created.json.auth.client_token;
  }

  async close(): Promise<void> {
    await this.assembly.close();
  }
}

/** Initialised and unsealed. */
export async function startServer(
  extraMounts: readonly MountEntry[] = [],
  simulated: SimulatedTee | null = null,
): Promise<TestServer> {
  const server = new TestServer(extraMounts, simulated);
  await server.init();
  await server.unseal();
  return server;
}
