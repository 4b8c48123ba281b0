// Where a listener listens, and what is no such place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findListenAddress } from './listen-address.js';

for (const [name, text, host, port] of [
  ['an IPv4 address', '127.0.0.1:8200', '127.0.0.1', 8200],
  ['an IPv6 address, without its brackets', '[2001:db8::1]:8200', '2001:db8::1', 8200],
  ['an IPv6 address of one link', '[fe80::1%eth0]:443', 'fe80::1%eth0', 443],
  ['a name', 'vault-0.internal:8200', 'vault-0.internal', 8200],
  ['no host, for every address', ':8200', '0.0.0.0', 8200],
  ['any free port', '127.0.0.1:0', '127.0.0.1', 0],
  ['the last port', ':65535', '0.0.0.0', 65_535],
] as const) {
  test(`takes ${name}`, () => assert.deepEqual(findListenAddress(text), { host, port }));
}

for (const [name, text] of [
  ['no port', '127.0.0.1'],
  ['an empty port', '127.0.0.1:'],
  ['a port beyond the last', ':65536'],
  ['a port of six digits', ':008200'],
  ['a negative port', ':-1'],
  ['an IPv6 address without brackets', '::1:8200'],
  ['an IPv4 address in brackets', '[127.0.0.1]:8200'],
  ['a name in brackets', '[localhost]:8200'],
  ['empty brackets', '[]:8200'],
  ['a bracket left open', '[::1:8200'],
  ['a URL', 'http://127.0.0.1:8200'],
  ['a user', 'root@127.0.0.1:8200'],
  ['white space', ' 127.0.0.1:8200'],
  ['a line more', '127.0.0.1:8200\n'],
  ['the path of a socket', '/run/vouchsafe.sock'],
  ['nothing', ''],
] as const) {
  test(`refuses ${name}`, () => assert.equal(findListenAddress(text), null));
}
