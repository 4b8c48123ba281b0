// Addresses as bytes: one spelling for each, and no bytes for what is none.
import assert from 'node:assert/strict';
import { SocketAddress } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { findAddress } from './address.js';

for (const [name, text, hex] of [
  ['IPv4', '10.0.0.255', '0a0000ff'],
  ['IPv6 in full', '2001:0DB8:0:0:0:0:0:1', '20010db8000000000000000000000001'],
  ['IPv6 with zeros left out at the end', '2001:db8::', '20010db8000000000000000000000000'],
  ['IPv6 with zeros left out at the start', '::1', '00000000000000000000000000000001'],
  ['IPv6 that is all zeros', '::', '00000000000000000000000000000000'],
  ['IPv6 that ends in a dotted quad', '64:ff9b::192.0.2.1', '0064ff9b0000000000000000c0000201'],
  ['IPv4 inside IPv6, dotted', '::ffff:10.9.8.7', '0a090807'],
  ['IPv4 inside IPv6, in hexadecimal', '::FFFF:0a09:0807', '0a090807'],
  ['IPv6 without its zone', 'fe80::1%eth0', 'fe800000000000000000000000000001'],
] as const) {
  test(`reads ${name}`, () => assert.equal(findAddress(text)?.toString('hex'), hex));
}

for (const [name, text] of [
  ['a name', 'localhost'],
  ['three numbers', '10.0.1'],
  ['a number with a leading zero', '10.0.0.01'],
  ['a number above 255', '10.0.0.256'],
  ['a port', '10.0.0.1:80'],
  ['brackets', '[::1]'],
  ['zeros left out twice', '1::2::3'],
  ['nine groups', '1:2:3:4:5:6:7:8:9'],
  ['a block', '10.0.0.0/8'],
  ['white space', ' 10.0.0.1'],
  ['a zone longer than an address may be', `fe80::1%${'a'.repeat(64)}`],
  ['nothing', ''],
] as const) {
  test(`refuses ${name}`, () => assert.equal(findAddress(text), null));
}

test('every spelling of an address gives the same bytes', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const bytes = findAddress(text);
      // The platform's own reader and writer is the oracle.
      const canonical = new SocketAddress({ address: text, family: 'ipv6' }).address;
      assert(bytes !== null);
      assert.deepEqual(findAddress(canonical), bytes);
      assert.deepEqual(findAddress(text.toUpperCase()), bytes);
      const whole = Buffer.concat([Buffer.from('00000000000000000000ffff', 'hex'), bytes]);
      const groups = whole.subarray(-16).toString('hex').match(/.{4}/g) ?? [];
      assert.deepEqual(findAddress(groups.join(':')), bytes);
    }),
    { numRuns: 500 },
  );
});

test('no text crashes the reader, and what it reads has 4 or 16 bytes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (text) => {
      assert([undefined, 4, 16].includes(findAddress(text)?.length));
    }),
    { numRuns: 500 },
  );
});
