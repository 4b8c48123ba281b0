// Proof of possession: the one request it was made for, the one key, within a minute.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { boundKeyOf, boundRequestBytes, findProofFault, type ProofContext } from './binding.js';

const NOW = 1_700_000_000_000;
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const SPKI = publicKey.export({ format: 'der', type: 'spki' });
const CONTEXT: ProofContext = {
  boundKey: boundKeyOf(SPKI),
  operation: 'update',
  path: 'secret/data/x',
  query: 'a=b',
  token: Buffer.from('hvs.abc'),
  body: Buffer.from('{"data":{}}'),
  now: NOW,
};

function prove(context: ProofContext, key: KeyObject = privateKey, spki: Buffer = SPKI): string {
  const signed = boundRequestBytes({
    operation: context.operation,
    path: context.path,
    query: context.query,
    tokenSha256: createHash('sha256').update(context.token).digest(),
    bodySha256: createHash('sha256').update(context.body).digest(),
    timestampMs: context.now,
  });
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(context.now));
  const signature = sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' });
  return [spki, stamp, signature].map((part) => part.toString('base64url')).join('.');
}

test('a proof for this very request holds, also at the edge of the window', () => {
  const proof = prove(CONTEXT);
  assert.equal(findProofFault(proof, CONTEXT), null);
  assert.equal(findProofFault(proof, { ...CONTEXT, now: NOW + 60_000 }), null);
  assert.equal(findProofFault(proof, { ...CONTEXT, now: NOW - 60_000 }), null);
});

const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherSpki = other.publicKey.export({ format: 'der', type: 'spki' });
const offCurve = Buffer.concat([SPKI.subarray(0, 90), Buffer.of((SPKI[90] ?? 0) ^ 1)]);
const rows: readonly [string, string | null, Partial<ProofContext>, string][] = [
  ['no proof', null, {}, 'absent'],
  ['another query', prove(CONTEXT), { query: 'a=c' }, 'bad-signature'],
  ['a query taken away', prove(CONTEXT), { query: '' }, 'bad-signature'],
  ['a query added to', prove(CONTEXT), { query: 'a=b&policies=root' }, 'bad-signature'],
  ['an empty proof', '', {}, 'absent'],
  ['a proof for another path', prove(CONTEXT), { path: 'secret/data/y' }, 'bad-signature'],
  ['a proof for another operation', prove(CONTEXT), { operation: 'read' }, 'bad-signature'],
  ['a proof for another token', prove(CONTEXT), { token: Buffer.from('hvs.abd') }, 'bad-signature'],
  ['a proof for another body', prove(CONTEXT), { body: Buffer.from('{}') }, 'bad-signature'],
  ['a proof that is a minute old', prove(CONTEXT), { now: NOW + 60_001 }, 'stale'],
  ['a proof from the future', prove(CONTEXT), { now: NOW - 60_001 }, 'stale'],
  ['a proof of another key', prove(CONTEXT, other.privateKey, otherSpki), {}, 'other-key'],
  [
    'the right key with the signature of another',
    prove(CONTEXT, other.privateKey),
    {},
    'bad-signature',
  ],
  [
    'a point off the curve',
    prove(CONTEXT, privateKey, offCurve),
    { boundKey: boundKeyOf(offCurve) },
    'malformed',
  ],
  ['a proof with padding', `${prove(CONTEXT)}=`, {}, 'malformed'],
  ['a proof cut short', prove(CONTEXT).slice(0, -1), {}, 'malformed'],
  ['a bound key that is not a hash', prove(CONTEXT), { boundKey: { spkiSha256: '' } }, 'other-key'],
  ['a megabyte', 'A'.repeat(1 << 20), {}, 'malformed'],
];
for (const [name, proof, change, fault] of rows) {
  test(`refuses ${name}`, () => {
    assert.equal(findProofFault(proof, { ...CONTEXT, ...change }), fault);
  });
}

test('a P-384 key is not taken', () => {
  const wide = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  const spki = wide.export({ format: 'der', type: 'spki' });
  const proof = prove(CONTEXT, privateKey, spki);
  assert.equal(findProofFault(proof, { ...CONTEXT, boundKey: boundKeyOf(spki) }), 'malformed');
});

test('no character of a proof can be changed', () => {
  const proof = prove(CONTEXT);
  const anyChange = fc.tuple(fc.nat(proof.length - 1), fc.constantFrom(...'ABwxyz09-_.=~'));
  fc.assert(
    fc.property(anyChange, ([at, letter]) => {
      fc.pre(proof[at] !== letter);
      const bad = proof.slice(0, at) + letter + proof.slice(at + 1);
      assert.notEqual(findProofFault(bad, CONTEXT), null);
    }),
    { numRuns: 500 },
  );
});

test('the signed bytes are the documented ones, for clients to compare with', () => {
  const bytes = boundRequestBytes({
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

test('lengths keep path and query apart', () => {
  const base = {
    operation: 'read',
    tokenSha256: Buffer.alloc(32),
    bodySha256: Buffer.alloc(32),
    timestampMs: 1,
  };
  const one = boundRequestBytes({ ...base, path: 'ab', query: 'c' });
  const two = boundRequestBytes({ ...base, path: 'a', query: 'bc' });
  assert.notDeepEqual(one, two);
});

test('lengths keep operation and path apart', () => {
  const base = {
    query: '',
    tokenSha256: Buffer.alloc(32),
    bodySha256: Buffer.alloc(32),
    timestampMs: 1,
  };
  const one = boundRequestBytes({ ...base, operation: 'read', path: 'a' });
  const two = boundRequestBytes({ ...base, operation: 'rea', path: 'da' });
  assert.notDeepEqual(one, two);
});
