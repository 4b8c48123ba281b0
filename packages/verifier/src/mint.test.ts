import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertVerified, mint } from './mint.js';
import type { ClaimSet, VerifiedClaims } from './types.js';

const claims: ClaimSet = {
  format: 'sev-snp',
  debug: false,
  binding: 'checked',
  tcbStatus: null,
  advisories: [],
  endorsementAges: {},
  verifiedAt: '2026-01-01T00:00:00Z',
  values: { measurement: '00', list: ['a'] },
};

describe('mint', () => {
  it('makes claims that pass for verified', () => {
    assert.doesNotThrow(() => assertVerified(mint(claims)));
  });

  const forgeries: [string, () => VerifiedClaims][] = [
    ['a cast', () => claims as VerifiedClaims],
    ['a copy', () => ({ ...mint(claims) })],
    ['a structured clone', () => structuredClone(mint(claims))],
    ['an object that inherits', () => Object.create(mint(claims)) as VerifiedClaims],
    ['a proxy', () => new Proxy(mint(claims), {})],
  ];
  for (const [name, forge] of forgeries) {
    it(`refuses ${name}`, () => {
      assert.throws(() => assertVerified(forge()), { code: 'input-invalid' });
    });
  }

  it('freezes claims through and through, and cuts them off from what they were made of', () => {
    const list = ['a'];
    const minted = mint({ ...claims, values: { list } });
    list.push('b');
    assert.deepEqual(minted.values.list, ['a']);
    assert.throws(() => Object.assign(minted, { debug: true }), TypeError);
    assert.throws(() => Object.assign(minted.values, { list: [] }), TypeError);
    assert.throws(() => (minted.values.list as string[]).push('c'), TypeError);
    assert.throws(() => (minted.advisories as string[]).push('c'), TypeError);
  });

  it('has no inherited claims', () => {
    assert.equal(mint(claims).values.toString, undefined);
  });
});
