// Both forms of the PROXY protocol's header, byte by byte, and everything that is nearly one.
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PROXY_HEADER_BYTES_MAX, ProxyHeaderError, parseProxyHeader } from './proxy-header.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const IPV4 = 'c0000201c63364070bb801bb';
const IPV6 = '20010db8000000000000000000000001'.concat(
  'fe800000000000000000000000000002',
  '0bb801bb',
);

function text(line: string): Buffer {
  return Buffer.from(line, 'latin1');
}

/** Version and command, family, and what follows. */
function binary(command: string, family: string, rest: string): Buffer {
  const length = (rest.length / 2).toString(16).padStart(4, '0');
  return Buffer.from(SIGNATURE + command + family + length + rest, 'hex');
}

const HEADERS: readonly [string, Buffer, string | null][] = [
  ['a line for IPv4', text('PROXY TCP4 192.0.2.1 198.51.100.7 3000 443\r\n'), '192.0.2.1 3000'],
  ['a line for IPv6', text('PROXY TCP6 2001:db8::1 ::2 3000 443\r\n'), '2001:db8::1 3000'],
  ['a line that tells nothing', text('PROXY UNKNOWN\r\n'), null],
  ['a line that tells what nobody reads', text('PROXY UNKNOWN ff ff 1 x\r\n'), null],
  ['bytes for IPv4', binary('21', '11', IPV4), '192.0.2.1 3000'],
  ['bytes for IPv6', binary('21', '21', IPV6), '2001:db8::1 3000'],
  [
    'bytes with more behind the addresses',
    binary('21', '11', `${IPV4}0400020000`),
    '192.0.2.1 3000',
  ],
  ['bytes of the proxy’s own', binary('20', '00', ''), null],
  ['bytes of the proxy’s own, with addresses', binary('20', '11', IPV4), null],
  ['bytes that tell nothing', binary('21', '00', 'aabb'), null],
];

describe('parseProxyHeader', () => {
  for (const [what, bytes, source] of HEADERS) {
    it(`takes ${what} off, and nothing behind it`, () => {
      const found = parseProxyHeader(Buffer.concat([bytes, text('GET / HTTP/1.1\r\n')]));
      assert(found.kind === 'header');
      assert.equal(found.bytes, bytes.length);
      const told = found.source === null ? null : `${found.source.address} ${found.source.port}`;
      assert.equal(told, source);
    });

    it(`waits for the rest of ${what}`, () => {
      for (let length = 0; length < bytes.length; length += 1) {
        assert.deepEqual(parseProxyHeader(bytes.subarray(0, length)), { kind: 'more' });
      }
    });
  }

  for (const beginning of [
    'GET / HTTP/1.1\r\n',
    'PUT /v1/x',
    'PROXX',
    'proxy TCP4',
    '\x16\x03\x01',
    '\r\nG',
  ]) {
    it(`leaves ${JSON.stringify(beginning)} alone`, () => {
      assert.deepEqual(parseProxyHeader(text(beginning)), { kind: 'absent' });
    });
  }

  const tooLong = 'PROXY UNKNOWN '.padEnd(106, 'x');
  for (const [what, bytes] of [
    ['an unknown protocol', text('PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n')],
    ['a protocol in lower case', text('PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n')],
    ['an IPv6 address for IPv4', text('PROXY TCP4 ::1 192.0.2.2 1 2\r\n')],
    ['an IPv4 address for IPv6', text('PROXY TCP6 192.0.2.1 ::1 1 2\r\n')],
    ['an address with a zone', text('PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n')],
    ['a name', text('PROXY TCP4 localhost 192.0.2.2 1 2\r\n')],
    ['a port that is too large', text('PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n')],
    ['a port with a leading zero', text('PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n')],
    ['a negative port', text('PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n')],
    ['a missing port', text('PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n')],
    ['one word too many', text('PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n')],
    ['two spaces', text('PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n')],
    ['a line feed alone', text('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\nGET / HTTP/1.1\r\n')],
    ['a line of 108 bytes', text(`${tooLong}\r\n`)],
    ['an endless line', text('PROXY '.padEnd(107, '1'))],
    ['another version', binary('11', '11', IPV4)],
    ['another command', binary('22', '11', IPV4)],
    ['datagrams', binary('21', '12', IPV4)],
    ['a UNIX socket', binary('21', '31', '00'.repeat(216))],
    ['no room for the addresses', binary('21', '11', IPV4.slice(2))],
    ['no room for IPv6 addresses', binary('21', '21', IPV4)],
    ['more than it may have', binary('21', '11', IPV4.padEnd(2 * 2033, '0'))],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseProxyHeader(bytes), ProxyHeaderError);
    });
  }

  it('never fails in another way, and finds addresses only', () => {
    const starts = [text('PROXY '), text('PROXY TCP4 1.2.3.4 '), Buffer.from(SIGNATURE, 'hex')];
    const start = fc.constantFrom(
      Buffer.alloc(0),
      ...starts,
      Buffer.from(`${SIGNATURE}2111`, 'hex'),
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (first, rest) => {
        try {
          const bytes = Buffer.concat([first, rest]);
          const found = parseProxyHeader(bytes);
          if (found.kind !== 'header') return;
          assert(found.bytes <= Math.min(bytes.length, PROXY_HEADER_BYTES_MAX));
          if (found.source !== null) assert.notEqual(isIP(found.source.address), 0);
        } catch (error) {
          assert(error instanceof ProxyHeaderError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
