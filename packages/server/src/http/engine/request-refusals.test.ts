// What the parser refuses: everything that two readers could read in two ways, and everything over
// a limit.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkEverySplit, parse } from './testing/outcome.js';

const HEAD = 'GET /v1/x HTTP/1.1\r\nHost: a\r\n';

const PUT = 'PUT / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = `${PUT}Transfer-Encoding: chunked\r\n\r\n`;

const REFUSED: readonly [name: string, input: string, refusal: string][] = [
  // Request line
  [
    'an empty line before the request',
    '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    '400 request-line-malformed',
  ],
  ['a line that ends in LF only', 'GET / HTTP/1.1\nHost: a\n\n', '400 line-end-not-crlf'],
  [
    'a CR without LF in the request line',
    'GET / HTTP/1.1\rHost: a\r\n\r\n',
    '400 line-end-not-crlf',
  ],
  ['a TLS hello on a plain listener', '\x16\x03\x01\x02\x00\x01', '400 line-byte-not-allowed'],
  ['NUL in the target', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n', '400 line-byte-not-allowed'],
  [
    'a control byte in the target',
    'GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n',
    '400 line-byte-not-allowed',
  ],
  ['DEL in the target', 'GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n', '400 line-byte-not-allowed'],
  [
    'a byte above ASCII in the target',
    'GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n',
    '400 request-line-malformed',
  ],
  [
    'a fragment in the target',
    'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n',
    '400 request-line-malformed',
  ],
  ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', '400 request-line-malformed'],
  [
    'a tab between method and target',
    'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n',
    '400 request-line-malformed',
  ],
  [
    'two spaces before the target',
    'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
    '400 request-line-malformed',
  ],
  [
    'two spaces before the version',
    'GET /  HTTP/1.1\r\nHost: a\r\n\r\n',
    '400 request-line-malformed',
  ],
  [
    'a space behind the version',
    'GET / HTTP/1.1 \r\nHost: a\r\n\r\n',
    '400 request-line-malformed',
  ],
  [
    'a method with a byte that is not a token',
    'G(T / HTTP/1.1\r\nHost: a\r\n\r\n',
    '400 request-line-malformed',
  ],
  [
    'a method of 33 bytes',
    `${'A'.repeat(33)} / HTTP/1.1\r\nHost: a\r\n\r\n`,
    '400 request-line-malformed',
  ],
  ['no method', ' / HTTP/1.1\r\nHost: a\r\n\r\n', '400 request-line-malformed'],
  ['no target', 'GET HTTP/1.1\r\nHost: a\r\n\r\n', '400 request-line-malformed'],
  ['HTTP/0.9', 'GET /\r\n\r\n', '400 request-line-malformed'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '505 version-unsupported'],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', '505 version-unsupported'],
  ['a version in lower case', 'GET / http/1.1\r\nHost: a\r\n\r\n', '400 request-line-malformed'],
  ['a version with two digits', 'GET / HTTP/1.11\r\nHost: a\r\n\r\n', '400 request-line-malformed'],
  [
    'a target in absolute form',
    'GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n',
    '400 request-line-malformed',
  ],
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', '400 request-line-malformed'],
  [
    '* with another method than OPTIONS',
    'GET * HTTP/1.1\r\nHost: a\r\n\r\n',
    '400 request-line-malformed',
  ],
  [
    'a request line over its limit',
    `GET /${'a'.repeat(100)} HTTP/1.1\r\n`,
    '414 request-line-too-long',
  ],
  ['an endless request line', `GET /${'a'.repeat(200)}`, '414 request-line-too-long'],
  // Headers
  ['white space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', '400 header-malformed'],
  ['a tab before the colon', `${HEAD}X\t: a\r\n\r\n`, '400 header-malformed'],
  ['a folded header', `${HEAD}X: a\r\n b\r\n\r\n`, '400 header-folded'],
  ['a header folded with a tab', `${HEAD}X: a\r\n\tb\r\n\r\n`, '400 header-folded'],
  [
    'white space before the first header',
    'GET / HTTP/1.1\r\n Host: a\r\n\r\n',
    '400 header-folded',
  ],
  ['a header without a colon', `${HEAD}X\r\n\r\n`, '400 header-malformed'],
  ['a header without a name', `${HEAD}: a\r\n\r\n`, '400 header-malformed'],
  ['a name with a byte that is not a token', `${HEAD}X(: a\r\n\r\n`, '400 header-malformed'],
  ['NUL in a name', `${HEAD}X\0: a\r\n\r\n`, '400 line-byte-not-allowed'],
  ['NUL in a value', `${HEAD}X: a\0\r\n\r\n`, '400 line-byte-not-allowed'],
  ['a CR in a value', `${HEAD}X: a\rb\r\n\r\n`, '400 line-end-not-crlf'],
  ['a bare LF in a value', `${HEAD}X: a\nContent-Length: 5\r\n\r\n`, '400 line-end-not-crlf'],
  ['a bare LF as the empty line', `${HEAD}\n`, '400 line-end-not-crlf'],
  ['DEL in a value', `${HEAD}X: \x7f\r\n\r\n`, '400 line-byte-not-allowed'],
  ['no Host in HTTP/1.1', 'GET / HTTP/1.1\r\n\r\n', '400 host-missing'],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost: \r\n\r\n', '400 host-missing'],
  ['Host twice', `${HEAD}Host: a\r\n\r\n`, '400 header-repeated'],
  ['two hosts in one value', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n', '400 host-malformed'],
  ['a path in Host', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', '400 host-malformed'],
  ['a user in Host', 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', '400 host-malformed'],
  ['the token twice', `${HEAD}X-Vault-Token: a\r\nX-Vault-Token: b\r\n\r\n`, '400 header-repeated'],
  [
    'six headers where five are allowed',
    `${HEAD}A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n\r\n`,
    '431 too-many-headers',
  ],
  ['a head over its limit', `${HEAD}X: ${'a'.repeat(300)}\r\n\r\n`, '431 head-too-large'],
  ['an endless header', `${HEAD}X: ${'a'.repeat(1000)}`, '431 head-too-large'],
  [
    'an expectation nobody knows',
    `${PUT}Expect: tea\r\nContent-Length: 1\r\n\r\nx`,
    '417 expectation-unknown',
  ],
  // Framing
  [
    'both lengths',
    `${PUT}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    '400 framing-ambiguous',
  ],
  [
    'both lengths the other way round',
    `${PUT}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    '400 framing-ambiguous',
  ],
  [
    'both lengths where the length is 0',
    `${PUT}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    '400 framing-ambiguous',
  ],
  [
    'Content-Length twice',
    `${PUT}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    '400 header-repeated',
  ],
  [
    'Content-Length twice and the same',
    `${PUT}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    '400 header-repeated',
  ],
  ['a list of lengths', `${PUT}Content-Length: 3, 3\r\n\r\nabc`, '400 content-length-malformed'],
  ['a negative length', `${PUT}Content-Length: -1\r\n\r\n`, '400 content-length-malformed'],
  ['a length with a plus', `${PUT}Content-Length: +3\r\n\r\nabc`, '400 content-length-malformed'],
  ['a hexadecimal length', `${PUT}Content-Length: 0x3\r\n\r\nabc`, '400 content-length-malformed'],
  [
    'a length with a fraction',
    `${PUT}Content-Length: 3.0\r\n\r\nabc`,
    '400 content-length-malformed',
  ],
  [
    'a length with an exponent',
    `${PUT}Content-Length: 1e1\r\n\r\nabc`,
    '400 content-length-malformed',
  ],
  [
    'a length with a leading zero',
    `${PUT}Content-Length: 03\r\n\r\nabc`,
    '400 content-length-malformed',
  ],
  ['an empty length', `${PUT}Content-Length:\r\n\r\n`, '400 content-length-malformed'],
  [
    'a length of 16 digits',
    `${PUT}Content-Length: 1111111111111111\r\n\r\n`,
    '400 content-length-malformed',
  ],
  [
    'a length with a space inside',
    `${PUT}Content-Length: 1 1\r\n\r\n`,
    '400 content-length-malformed',
  ],
  ['a body over its limit', `${PUT}Content-Length: 65\r\n\r\n`, '413 body-too-large'],
  [
    'Transfer-Encoding twice',
    `${PUT}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    '400 header-repeated',
  ],
  [
    'chunked behind another coding',
    `${PUT}Transfer-Encoding: gzip, chunked\r\n\r\n`,
    '400 transfer-encoding-not-chunked',
  ],
  [
    'chunked twice in one value',
    `${PUT}Transfer-Encoding: chunked, chunked\r\n\r\n`,
    '400 transfer-encoding-not-chunked',
  ],
  ['identity', `${PUT}Transfer-Encoding: identity\r\n\r\n`, '400 transfer-encoding-not-chunked'],
  ['an empty coding', `${PUT}Transfer-Encoding:\r\n\r\n`, '400 transfer-encoding-not-chunked'],
  [
    'a coding with a vertical tab',
    `${PUT}Transfer-Encoding: \x0bchunked\r\n\r\n`,
    '400 line-byte-not-allowed',
  ],
  [
    'a coding that only begins like chunked',
    `${PUT}Transfer-Encoding: chunkedx\r\n\r\n`,
    '400 transfer-encoding-not-chunked',
  ],
  [
    'chunked in quotes',
    `${PUT}Transfer-Encoding: "chunked"\r\n\r\n`,
    '400 transfer-encoding-not-chunked',
  ],
  [
    'chunked in HTTP/1.0',
    'PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    '400 framing-ambiguous',
  ],
  [
    'a space before the colon of a framing header',
    `${PUT}Transfer-Encoding : chunked\r\n\r\n`,
    '400 header-malformed',
  ],
  // Chunks
  ['a chunk size that is not hexadecimal', `${CHUNKED}g\r\n`, '400 chunk-malformed'],
  ['a chunk size with 0x', `${CHUNKED}0x1\r\na\r\n0\r\n\r\n`, '400 chunk-malformed'],
  ['a chunk without a size', `${CHUNKED}\r\n`, '400 chunk-malformed'],
  ['a negative chunk size', `${CHUNKED}-1\r\n`, '400 chunk-malformed'],
  ['a chunk size with a space behind it', `${CHUNKED}1 \r\na\r\n0\r\n\r\n`, '400 chunk-malformed'],
  ['a chunk size of nine digits', `${CHUNKED}000000001\r\na\r\n0\r\n\r\n`, '400 chunk-malformed'],
  ['a chunk size that ends in LF only', `${CHUNKED}1\na\r\n0\r\n\r\n`, '400 chunk-malformed'],
  ['a chunk longer than its size', `${CHUNKED}1\r\nab\r\n0\r\n\r\n`, '400 chunk-malformed'],
  ['chunk data that ends in LF only', `${CHUNKED}1\r\na\n0\r\n\r\n`, '400 chunk-malformed'],
  ['a chunk over the body limit', `${CHUNKED}41\r\n`, '413 body-too-large'],
  [
    'chunks that add up to more than the body limit',
    `${CHUNKED}40\r\n${'a'.repeat(64)}\r\n1\r\n`,
    '413 body-too-large',
  ],
  ['a huge chunk size', `${CHUNKED}ffffffff\r\n`, '413 body-too-large'],
  ['an LF inside an extension', `${CHUNKED}1;a\nb\r\na\r\n0\r\n\r\n`, '400 chunk-malformed'],
  ['a CR inside an extension', `${CHUNKED}1;a\rb\r\na\r\n0\r\n\r\n`, '400 chunk-malformed'],
  [
    'extensions over their limit',
    `${CHUNKED}1;${'a'.repeat(17)}\r\n`,
    '400 chunk-extension-too-long',
  ],
  ['an endless trailer', `${CHUNKED}0\r\nX: ${'a'.repeat(40)}`, '431 trailers-too-large'],
  ['a trailer without a colon', `${CHUNKED}0\r\nX\r\n\r\n`, '400 chunk-malformed'],
  ['a folded trailer', `${CHUNKED}0\r\nX: a\r\n b\r\n\r\n`, '400 chunk-malformed'],
  ['a trailer that ends in LF only', `${CHUNKED}0\r\nX: a\n\r\n`, '400 chunk-malformed'],
  [
    'the last chunk without its empty line',
    `${CHUNKED}0\r\nGET / HTTP/1.1\r\n\r\n`,
    '400 chunk-malformed',
  ],
];

describe('RequestParser', () => {
  for (const [name, input, refusal] of REFUSED) {
    it(`refuses ${name}`, () => assert.deepEqual(parse(input), { requests: [], refusal }));
  }

  it('refuses for the same reason wherever the bytes are cut', () => {
    for (const [name, input] of REFUSED) checkEverySplit(name, input);
  });
});
