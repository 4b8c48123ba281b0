// Address bindings: what matches, what does not, and what is not a block at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { areCidrsWithin, isAddressAllowed, isInBlocks, parseBlocks, parseCidrs } from './cidr.js';

const rows: readonly [string, readonly string[], string, boolean][] = [
  ['no block binds nothing', [], '203.0.113.9', true],
  ['an address is a block of one', ['10.1.2.3'], '10.1.2.3', true],
  ['the address beside it is outside', ['10.1.2.3'], '10.1.2.4', false],
  ['a block holds its last address', ['10.1.2.0/23'], '10.1.3.255', true],
  ['a block does not hold the next', ['10.1.2.0/23'], '10.1.4.0', false],
  ['host bits do not count', ['10.1.2.77/24'], '10.1.2.1', true],
  ['/0 holds every IPv4 address', ['0.0.0.0/0'], '255.255.255.255', true],
  ['/0 of IPv4 holds no IPv6 address', ['0.0.0.0/0'], '2001:db8::1', false],
  ['one of several blocks is enough', ['192.0.2.0/24', '2001:db8::/32'], '2001:db8:ffff::1', true],
  ['an IPv6 block ends', ['2001:db8::/32'], '2001:db9::1', false],
  ['odd prefix lengths count bits', ['2001:db8::/33'], '2001:db8:8000::1', false],
  ['a mapped IPv4 address is that address', ['10.0.0.0/8'], '::ffff:10.9.8.7', true],
  ['a mapped block is an IPv4 block', ['::ffff:10.0.0.0/104'], '10.9.8.7', true],
  ['a zone is not part of the address', ['fe80::/10'], 'fe80::1%eth0', true],
  ['what is not an address matches nothing', ['0.0.0.0/0'], 'localhost', false],
  ['an empty address matches nothing', ['0.0.0.0/0', '::/0'], '', false],
];
for (const [name, blocks, address, allowed] of rows) {
  test(name, () => assert.equal(isAddressAllowed(blocks, address), allowed));
  // A list of proxies differs in one thing: nobody is on an empty one.
  const listed = blocks.length === 0 ? false : allowed;
  test(`${name}: ${listed ? 'listed' : 'not listed'}`, () => {
    assert.equal(isInBlocks(parseBlocks(blocks, 'f'), address), listed);
  });
}

for (const text of [
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0/8',
  '::/129',
  '10.0.0.0/8/8',
  'a.b.c.d',
  '',
  '10.0.0.0/',
  '::ffff:10.0.0.0/95',
  'fe80::1%e/64',
  '1'.repeat(65),
]) {
  test(`refuses the block "${text.slice(0, 20)}", and a caller is not told its value`, () => {
    assert.throws(
      () => parseCidrs([text], 'token_bound_cidrs'),
      (error: Error) => {
        return (
          error.message.includes('token_bound_cidrs') &&
          (text === '' || !error.message.includes(text))
        );
      },
    );
    assert.throws(() => parseBlocks(['10.0.0.1', text], 'x_forwarded_for_authorized_addrs'), {
      name: 'TypeError',
      message: `x_forwarded_for_authorized_addrs: "${text}" is not an address`,
    });
  });
}

test('refuses more blocks than a list may hold', () => {
  assert.throws(() => parseCidrs(new Array<string>(257).fill('10.0.0.1'), 'f'), {
    kind: 'invalid-request',
  });
});

test('narrower blocks lie within wider ones, not the other way round', () => {
  assert.equal(areCidrsWithin(['10.1.0.0/16', '10.2.3.4'], ['10.0.0.0/8']), true);
  assert.equal(areCidrsWithin(['10.0.0.0/8'], ['10.1.0.0/16']), false);
  assert.equal(areCidrsWithin([], ['10.0.0.0/8']), false);
  assert.equal(areCidrsWithin(['10.0.0.0/8'], []), true);
});

test('IPv4 matching agrees with arithmetic on 32-bit numbers', () => {
  const dotted = (n: number): string =>
    [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join('.');
  const address = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(
      address,
      fc.integer({ min: 0, max: 32 }),
      address,
      fc.integer({ min: 0, max: 32 }),
      (base, bits, other, keep) => {
        const near = keep === 0 ? other : ((base & (-1 << (32 - keep))) | (other >>> keep)) >>> 0;
        const size = 2 ** (32 - bits);
        const want = Math.floor(base / size) === Math.floor(near / size);
        assert.equal(isAddressAllowed([`${dotted(base)}/${bits}`], dotted(near)), want);
      },
    ),
    { numRuns: 2000 },
  );
});
