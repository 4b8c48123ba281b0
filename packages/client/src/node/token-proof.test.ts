// The bytes that a proof signs, against the server's known answer, and the header around them.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import { provenRequestBytes, tokenProof } from './token-proof.js';

test('the signed bytes are the server’s known answer', () => {
  const bytes = provenRequestBytes({
    operation: 'read',
    path: 'secret/data/\u00e9',
    query: 'version=2',
    tokenSha256: Buffer.alloc(32, 0x11),
    bodySha256: Buffer.alloc(32, 0x22),
    timestampMs: 1_700_000_000_000,
  });
  const want = [
    '0000001a',
    Buffer.from('vouchsafe token binding v1').toString('hex'),
    '00000004',
    Buffer.from('read').toString('hex'),
    '0000000e',
    `${Buffer.from('secret/data/').toString('hex')}c3a9`,
    '00000009',
    Buffer.from('version=2').toString('hex'),
    '11'.repeat(32),
    '22'.repeat(32),
    '0000018bcfe56800',
  ];
  assert.equal(bytes.toString('hex'), want.join(''));
});

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = publicKey.export({ format: 'der', type: 'spki' });
const input = {
  operation: 'update',
  path: 'auth/token/renew-self',
  query: '',
  token: Buffer.from('hvs.abc'),
  body: Buffer.from('{}'),
  now: 1_700_000_000_000,
};

test('a proof has 221 characters: key, time and a signature that holds', () => {
  const proof = tokenProof({ privateKey, spki }, input);
  assert.equal(proof.length, 221);
  const [key = '', stamp = '', signature = ''] = proof.split('.');
  assert.equal(key, spki.toString('base64url'));
  assert.equal(Buffer.from(stamp, 'base64url').readBigUInt64BE(), 1_700_000_000_000n);
  const signed = provenRequestBytes({
    operation: input.operation,
    path: input.path,
    query: input.query,
    tokenSha256: createHash('sha256').update(input.token).digest(),
    bodySha256: createHash('sha256').update(input.body).digest(),
    timestampMs: input.now,
  });
  const bytes = Buffer.from(signature, 'base64url');
  assert.ok(verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes));
  const other = Buffer.concat([signed.subarray(0, -1), Buffer.of(1)]);
  assert.ok(!verify('sha256', other, { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes));
});
