import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { EvidenceError } from './errors.js';
import type { CryptoProvider, SignatureAlgorithm } from './provider.js';
import { rememberingProvider } from './provider-memory.js';
import { nodeProvider } from './provider-node.js';
import { DcapCa, mintDcapCollateral, mintTdxQuote } from './testing/index.js';
import { parseEvidence, verifyEvidence } from './verify.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const ca = DcapCa.create({ now: NOW });
const collateral = mintDcapCollateral(ca, { now: NOW });
const zeros = new Uint8Array(64);

function counting() {
  const counted = { checks: 0 };
  const provider: CryptoProvider = {
    digest: nodeProvider.digest,
    async verify(...input) {
      counted.checks += 1;
      return await nodeProvider.verify(...input);
    },
  };
  return { counted, provider };
}

async function verify(provider: CryptoProvider, change: object = {}, reportData = zeros) {
  const quote = mintTdxQuote(ca, { version: 5, report: { reportData } });
  const evidence = parseEvidence(quote, 'tdx-dcap');
  const endorsements = collateral;
  const fixed = { endorsements, roots: ca.roots, expectedBinding: reportData, now: NOW };
  return await verifyEvidence({ ...fixed, evidence, provider, ...change });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof EvidenceError);
    return error.code;
  }
  return 'accepted';
}

test('of a second login only what is new is checked, and the claims are the same', async () => {
  const { counted, provider } = counting();
  const remembering = rememberingProvider(provider, 100);
  const first = await verify(remembering);
  const once = counted.checks;
  const second = await verify(remembering);
  // Quote and QE report are signed anew; certificates, lists and documents are as before.
  assert.ok(counted.checks - once <= 2, `${counted.checks - once}`);
  assert.ok(once >= 8, `${once}`);
  assert.deepEqual(second, first);
});

test('what was good is judged anew in everything but its signatures', async () => {
  const remembering = rememberingProvider(nodeProvider, 100);
  await verify(remembering);
  const late = new Date('2026-03-01T00:00:00Z');
  const early = new Date('2025-12-31T12:00:00Z');
  const strangers = DcapCa.create({ now: NOW });
  const revoked = [{ serial: 0x5104, date: NOW }];
  const revoking = mintDcapCollateral(ca, { now: NOW, pckCrl: { revoked } });
  const tcbInfo = collateral.tcbInfo.replace('UpToDate', 'UpToDatf');
  const rows: readonly [object, string][] = [
    [{ now: late }, 'crl-expired'],
    [{ now: early }, 'crl-not-yet-valid'],
    [{ roots: strangers.roots }, 'chain-untrusted'],
    [{ roots: [] }, 'chain-untrusted'],
    [{ endorsements: revoking }, 'certificate-revoked'],
    [{ endorsements: { ...collateral, tcbInfo } }, 'signature-invalid'],
    [{ expectedBinding: new Uint8Array(64).fill(1) }, 'binding-mismatch'],
  ];
  for (const [change, code] of rows) {
    const own = await codeOf(verify(nodeProvider, change));
    const seen = await codeOf(verify(remembering, change));
    assert.equal(seen, code);
    assert.equal(seen, own);
  }
});

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
const data = new TextEncoder().encode('signed');
const signature = new Uint8Array(
  sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
);

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

test('any other key, signature, data or algorithm is another question', async () => {
  const remembering = rememberingProvider(nodeProvider, 100);
  assert.equal(await remembering.verify('ecdsa-p256-sha256', spki, signature, data), true);
  for (let at = 0; at < signature.length; at += 1) {
    const changed = flip(signature, at);
    assert.equal(await remembering.verify('ecdsa-p256-sha256', spki, changed, data), false);
  }
  for (let at = 0; at < data.length; at += 1) {
    const changed = flip(data, at);
    assert.equal(await remembering.verify('ecdsa-p256-sha256', spki, signature, changed), false);
  }
  // The same bytes, divided otherwise.
  const moved = new Uint8Array([...signature, data[0] ?? 0]);
  const rest = data.subarray(1);
  assert.equal(await remembering.verify('ecdsa-p256-sha256', spki, moved, rest), false);
  const others: readonly SignatureAlgorithm[] = ['ecdsa-p384-sha384', 'rsa-pss-sha256'];
  for (const algorithm of others) {
    await assert.rejects(remembering.verify(algorithm, spki, signature, data), EvidenceError);
  }
  await assert.rejects(remembering.verify('ecdsa-p256-sha256', flip(spki, 30), signature, data));
});

test('a refusal is never remembered, and does not displace anything', async () => {
  const { counted, provider } = counting();
  const remembering = rememberingProvider(provider, 1);
  await remembering.verify('ecdsa-p256-sha256', spki, signature, data);
  const bad = flip(signature, 3);
  await remembering.verify('ecdsa-p256-sha256', spki, bad, data);
  await remembering.verify('ecdsa-p256-sha256', spki, bad, data);
  assert.equal(counted.checks, 3);
  await remembering.verify('ecdsa-p256-sha256', spki, signature, data);
  assert.equal(counted.checks, 3);
});

test('the longest unused is forgotten first', async () => {
  const { counted, provider } = counting();
  const remembering = rememberingProvider(provider, 2);
  const texts = ['a', 'b', 'c'].map((text) => new TextEncoder().encode(text));
  const ask = async (index: number): Promise<void> => {
    const text = texts[index] ?? data;
    const made = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    signatures[index] ??= new Uint8Array(made);
    await remembering.verify('ecdsa-p256-sha256', spki, signatures[index] ?? signature, text);
  };
  const signatures: Uint8Array[] = [];
  for (const index of [0, 1, 0, 2]) await ask(index);
  assert.equal(counted.checks, 3);
  await ask(0);
  assert.equal(counted.checks, 3);
  await ask(1);
  assert.equal(counted.checks, 4);
});
