import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  challengeBytes,
  lengthPrefixed,
  loginProofBytes,
  parsePublicKey,
  reportData,
  serverReportData,
  signatureHolds,
} from './binding.js';
import { newKey, spkiOf } from './testing/scene.js';

const EXAMPLE = {
  challenge: Buffer.alloc(32, 1),
  mount: 'auth/attest/',
  role: 'web',
  serverIdentity: Buffer.alloc(32, 2),
  publicKey: Buffer.alloc(91, 3),
  exporter: Buffer.alloc(0),
};

/** Written out by hand from docs/attested-login.md. */
function spelledOut(domain: string, parts: readonly (readonly [number, string])[]): string {
  const length = (bytes: number): string => bytes.toString(16).padStart(8, '0');
  const text = Buffer.from(domain).toString('hex');
  return [[domain.length, text] as const, ...parts]
    .map(([bytes, hex]) => length(bytes) + hex)
    .join('');
}

test('the report data is SHA-512 over every part behind its length', () => {
  const hex = spelledOut('vouchsafe/attested-login/v1', [
    [32, '01'.repeat(32)],
    [12, Buffer.from('auth/attest/').toString('hex')],
    [3, Buffer.from('web').toString('hex')],
    [32, '02'.repeat(32)],
    [91, '03'.repeat(91)],
    [0, ''],
  ]);
  const expected = createHash('sha512').update(Buffer.from(hex, 'hex')).digest();
  assert.deepEqual(reportData(EXAMPLE), expected);
});

test('what is signed has a domain of its own each time', () => {
  const report = Buffer.alloc(64, 4);
  assert.equal(
    loginProofBytes(report).toString('hex'),
    spelledOut('vouchsafe/login-proof/v1', [[64, '04'.repeat(64)]]),
  );
  assert.equal(
    challengeBytes(Buffer.alloc(32, 5), 'm', 'r', 't').toString('hex'),
    spelledOut('vouchsafe/challenge/v1', [
      [32, '05'.repeat(32)],
      [1, '6d'],
      [1, '72'],
      [1, '74'],
    ]),
  );
  const server = spelledOut('vouchsafe/server-evidence/v1', [
    [0, ''],
    [32, '06'.repeat(32)],
  ]);
  assert.deepEqual(
    serverReportData(Buffer.alloc(0), Buffer.alloc(32, 6)),
    createHash('sha512').update(Buffer.from(server, 'hex')).digest(),
  );
});

test('no two lists of parts give the same bytes', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 4 });
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      const same = JSON.stringify(a) === JSON.stringify(b);
      assert.equal(lengthPrefixed(a).equals(lengthPrefixed(b)), same);
    }),
    { numRuns: 1000 },
  );
});

test('every part counts', () => {
  const right = reportData(EXAMPLE).toString('hex');
  const changes = [
    { challenge: Buffer.alloc(32, 9) },
    { mount: 'auth/other/' },
    { role: 'webb' },
    { serverIdentity: Buffer.alloc(32, 9) },
    { publicKey: Buffer.alloc(91, 9) },
    { exporter: Buffer.alloc(32) },
    { mount: 'auth/attest/w', role: 'eb' },
  ];
  for (const change of changes) {
    assert.notEqual(reportData({ ...EXAMPLE, ...change }).toString('hex'), right);
  }
});

test('only a P-256 key in its one encoding is taken', () => {
  const good = spkiOf(newKey());
  assert.equal(parsePublicKey(good).asymmetricKeyDetails?.namedCurve, 'prime256v1');
  const other = (type: 'P-384' | 'secp256k1') =>
    generateKeyPairSync('ec', { namedCurve: type }).publicKey.export({
      format: 'der',
      type: 'spki',
    });
  const bad = [
    good.subarray(0, 90),
    Buffer.concat([good, Buffer.alloc(1)]),
    Buffer.concat([good.subarray(0, 27), Buffer.alloc(64)]),
    Buffer.from(good).fill(0x02, 26, 27),
    other('P-384'),
    other('secp256k1'),
    generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }),
  ];
  for (const spki of bad) assert.throws(() => parsePublicKey(spki), { code: 'public-key-invalid' });
});

test('a signature of any bytes is an answer, never an error', () => {
  const key = parsePublicKey(spkiOf(newKey()));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.equal(signatureHolds(key, Buffer.from('x'), Buffer.from(bytes)), false);
    }),
    { numRuns: 300 },
  );
});
