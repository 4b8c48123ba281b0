import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { encodeHex } from '@vouchsafe/verifier';
import { DcapCa, mintDcapCollateral, mintTdxQuote } from '@vouchsafe/verifier/testing';
import { evaluate } from '../auth/attest/evaluate.js';
import type { AttestationConfig } from '../config/server-config.js';
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
