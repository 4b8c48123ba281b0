import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encodeHex } from '@vouchsafe/verifier';
import {
  createTokenIssuer,
  DcapCa,
  maaPayload,
  mintDcapCollateral,
  mintTdxQuote,
  mintToken,
} from '@vouchsafe/verifier/testing';
import { evaluate } from '../auth/attest/evaluate.js';
import type { AttestationConfig, TrustedIssuerConfig } from '../config/server-config.js';
import { servePcs, VendorServer } from '../endorsements/testing/vendor-server.js';
import { MemoryStorage } from '../framework/testing/memory-storage.js';
import { StartError } from './options.js';
import { trustAnchors } from './trust.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const ca = DcapCa.create({ now: NOW });
const fmspc = encodeHex(ca.platform.fmspc);
let server: VendorServer;
before(async () => {
  server = await VendorServer.start('http');
  servePcs(server, mintDcapCollateral(ca, { now: NOW }), { fmspc, ca: 'platform' });
});
after(async () => server.close());

function anchors(attestation: Partial<AttestationConfig>, lines: string[] = []) {
  const view = new MemoryStorage();
  return trustAnchors({
    attestation: {
      endorsementBundleFiles: [],
      trustedIssuers: [],
      offline: false,
      pccsUrl: server.url,
      kdsUrl: server.url,
      refreshIntervalSeconds: null,
      options: {},
      ...attestation,
    },
    simulated: null,
    view: () => view,
    clock: () => NOW.getTime(),
    log: (level, message) => void lines.push(`${level} ${message}`),
  });
}

async function judge(trust: ReturnType<typeof anchors>): Promise<string> {
  server.asked.length = 0;
  const evidence = mintTdxQuote(ca, { version: 5, report: {} });
  const expectedBinding = new Uint8Array(64);
  const input = { format: 'tdx-dcap', evidence, offered: [], expectedBinding, now: NOW } as const;
  try {
    await evaluate(trust, { ...input, onAttempt: () => undefined });
    return 'verified';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test('a server that is offline asks nobody', async () => {
  assert.equal(await judge(anchors({ offline: true })), 'collateral-missing');
  assert.deepEqual(server.asked, []);
});

test('a server that is not asks the service it was given, and believes only the pinned roots', async () => {
  assert.equal(await judge(anchors({})), 'chain-untrusted');
  assert.equal(server.asked.length, 4);
});

test('the operator reads which service failed, and how', async () => {
  const lines: string[] = [];
  const trust = anchors({ pccsUrl: `${server.url}/elsewhere` }, lines);
  assert.equal(await judge(trust), 'collateral-missing');
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^warn endorsement source pccs: localhost:\d+: has no such/);
});

const results = createTokenIssuer('RS256');
const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-issuer-'));
after(() => rmSync(folder, { recursive: true }));

function put(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const issuerName = 'https://tenant.attest.azure.net';
const azure = (change: Partial<TrustedIssuerConfig> = {}): TrustedIssuerConfig => ({
  format: 'azure-maa',
  issuer: issuerName,
  audience: null,
  keys: { kind: 'jwks', file: put('jwks.json', results.jwks) },
  ...change,
});

async function judgeToken(
  trusted: readonly TrustedIssuerConfig[],
  binding = new Uint8Array(64),
): Promise<string> {
  const issuedAt = NOW.getTime() / 1000;
  const session = { issuer: issuerName, binding, issuedAt, expiresAt: issuedAt + 60 };
  const evidence = new TextEncoder().encode(mintToken(results, maaPayload(session, 'sevsnpvm')));
  const input = { format: 'azure-maa', evidence, offered: [], now: NOW } as const;
  try {
    const { endorsementSource } = await evaluate(anchors({ trustedIssuers: trusted }), {
      ...input,
      expectedBinding: new Uint8Array(64),
      onAttempt: () => undefined,
    });
    return endorsementSource;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test('a result is believed if its issuer is configured, and bound to the login like any evidence', async () => {
  assert.equal(await judgeToken([azure()]), 'evidence');
  assert.equal(await judgeToken([azure()], new Uint8Array(64).fill(1)), 'binding-mismatch');
});

for (const [sentence, trusted, code] of [
  ['nobody is configured', [], 'issuer-untrusted'],
  ['another tenant is', [azure({ issuer: 'https://other.attest.azure.net' })], 'issuer-untrusted'],
  ['it is for another format', [azure({ format: 'ear' })], 'issuer-untrusted'],
  ['an audience is wanted', [azure({ audience: 'https://vault.example' })], 'audience-mismatch'],
  [
    'other keys are pinned',
    [azure({ keys: { kind: 'jwks', file: put('other.json', createTokenIssuer('RS256').jwks) } })],
    'signature-invalid',
  ],
  [
    'a root is pinned and it brings no chain',
    [azure({ keys: { kind: 'root', file: put('root.pem', ca.chainPem('pck')) } })],
    'key-unknown',
  ],
] as const) {
  test(`a result is refused when ${sentence}`, async () => {
    assert.equal(await judgeToken(trusted), code);
  });
}

for (const [sentence, issuer] of [
  ['a format that takes no issuer', azure({ format: 'tdx-dcap' })],
  ['a format that nobody knows', azure({ format: 'maa' })],
  ['a key set that is not there', azure({ keys: { kind: 'jwks', file: '/nowhere/jwks' } })],
  ['a key set that is none', azure({ keys: { kind: 'jwks', file: put('bad.json', '[]') } })],
  ['a root that is none', azure({ keys: { kind: 'root', file: put('bad.pem', 'root') } })],
] as const) {
  test(`a trusted issuer with ${sentence} stops the start`, () => {
    assert.throws(() => anchors({ trustedIssuers: [issuer] }), StartError);
  });
}

for (const [what, attestation] of [
  ['a bundle', { endorsementBundleFiles: ['/nowhere/bundle'] }],
  ['a CA file', { options: { vendor_ca_file: '/nowhere/ca.pem' } }],
] as const) {
  test(`${what} that is not there stops the start, by name`, () => {
    assert.throws(
      () => anchors(attestation),
      (error) => error instanceof StartError && error.message.includes('/nowhere/'),
    );
  });
}
