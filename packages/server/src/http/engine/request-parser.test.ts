// The parser accepts exactly one reading of the bytes, whatever pieces they come in, and wipes what
// it was given.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTENT_LENGTH, HOST } from './header-table.js';
import { Refusal } from './refusal.js';
import { type ParsedRequest, RequestParser } from './request-parser.js';
import { isZero } from './testing/is-zero.js';
import { checkEverySplit, parse, SMALL, TABLE, TOKEN } from './testing/outcome.js';

const HEAD = 'GET /v1/x HTTP/1.1\r\nHost: a\r\n';

const ACCEPTED: readonly [name: string, input: string, requests: readonly string[]][] = [
  ['a request without a body', `${HEAD}\r\n`, ['GET /v1/x 1.1 [["host","a"]] - ']],
  ['the verb LIST', 'LIST / HTTP/1.1\r\nHost: a\r\n\r\n', ['LIST / 1.1 [["host","a"]] - ']],
  [
    'any token as a verb',
    "a!#$%&'*+-.^_`|~9 / HTTP/1.1\r\nHost: a\r\n\r\n",
    ['a!#$%&\'*+-.^_`|~9 / 1.1 [["host","a"]] - '],
  ],
  [
    'header names in any case',
    'GET / HTTP/1.1\r\nhOsT:a\r\nX-VAULT-token: t\r\n\r\n',
    ['GET / 1.1 [["host","a"]] t '],
  ],
  [
    'white space around a value',
    'GET / HTTP/1.1\r\nHost:\t a \t\r\n\r\n',
    ['GET / 1.1 [["host","a"]] - '],
  ],
  ['an empty header value', `${HEAD}X:\r\n\r\n`, ['GET /v1/x 1.1 [["host","a"],["x",""]] - ']],
  [
    'a header twice that the server does not act on',
    `${HEAD}X: 1\r\nx: 2\r\n\r\n`,
    ['GET /v1/x 1.1 [["host","a"],["x","1, 2"]] - '],
  ],
  [
    'a body by Content-Length',
    'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
    ['PUT / 1.1 [["host","a"],["content-length","3"]] - abc'],
  ],
  [
    'a body in chunks, with extension and trailer',
    'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nab\r\n01\r\nc\r\n0\r\nX: y\r\n\r\n',
    ['PUT / 1.1 [["host","a"],["transfer-encoding","Chunked"]] - abc'],
  ],
  [
    'an empty body in chunks',
    'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ['PUT / 1.1 [["host","a"],["transfer-encoding","chunked"]] - '],
  ],
  [
    'two requests in one piece',
    `${HEAD}\r\n${HEAD}\r\n`,
    ['GET /v1/x 1.1 [["host","a"]] - ', 'GET /v1/x 1.1 [["host","a"]] - '],
  ],
  [
    'a request behind a body',
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx${HEAD}\r\n`,
    ['PUT / 1.1 [["host","a"],["content-length","1"]] - x', 'GET /v1/x 1.1 [["host","a"]] - '],
  ],
  ['HTTP/1.0 without Host, which closes', 'GET / HTTP/1.0\r\n\r\n', ['GET / 1.0 close [] - ']],
  [
    'HTTP/1.0 that asks to stay',
    'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n',
    ['GET / 1.0 [["connection","Keep-Alive"]] - '],
  ],
  [
    'Connection: close among others',
    `${HEAD}Connection: x, close\r\n\r\n`,
    ['GET /v1/x 1.1 close [["host","a"],["connection","x, close"]] - '],
  ],
  [
    'close that a later keep-alive does not undo',
    `${HEAD}Connection: close\r\nConnection: keep-alive\r\n\r\n`,
    ['GET /v1/x 1.1 close [["host","a"],["connection","close, keep-alive"]] - '],
  ],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', ['OPTIONS * 1.1 [["host","a"]] - ']],
  [
    'an IPv6 host with a port',
    'GET / HTTP/1.1\r\nHost: [::1]:8200\r\n\r\n',
    ['GET / 1.1 [["host","[::1]:8200"]] - '],
  ],
  [
    'braces in a query',
    'GET /a?b={c} HTTP/1.1\r\nHost: a\r\n\r\n',
    ['GET /a?b={c} 1.1 [["host","a"]] - '],
  ],
  [
    'more chunks than a size has digits',
    `PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(10)}0\r\n\r\n`,
    [`PUT / 1.1 [["host","a"],["transfer-encoding","chunked"]] - ${'a'.repeat(10)}`],
  ],
  [
    'a long head behind a long body, which does not count towards it',
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 64\r\n\r\n${'x'.repeat(64)}${HEAD}X: ${'y'.repeat(240)}\r\n\r\n`,
    [
      `PUT / 1.1 [["host","a"],["content-length","64"]] - ${'x'.repeat(64)}`,
      `GET /v1/x 1.1 [["host","a"],["x","${'y'.repeat(240)}"]] - `,
    ],
  ],
  [
    'HTTP/1.0 that asks to stay once, and not again',
    'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n',
    ['GET / 1.0 [["connection","keep-alive"]] - ', 'GET / 1.0 close [] - '],
  ],
  [
    'Expect: 100-continue',
    'PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx',
    ['PUT / 1.1 [["host","a"],["expect","100-Continue"],["content-length","1"]] - x'],
  ],
];

const PUT = 'PUT / HTTP/1.1\r\nHost: a\r\n';
const CHUNKED = `${PUT}Transfer-Encoding: chunked\r\n\r\n`;

describe('RequestParser', () => {
  for (const [name, input, requests] of ACCEPTED) {
    it(`accepts ${name}`, () => assert.deepEqual(parse(input), { requests, refusal: null }));
  }

  it('gives the same outcome wherever the bytes are cut', () => {
    for (const [name, input] of ACCEPTED) checkEverySplit(name, input);
  });

  it('refuses the second request without touching the first', () => {
    const outcome = parse(`${HEAD}\r\nGET / HTTP/1.1\r\n\r\n`);
    assert.deepEqual(outcome, {
      requests: ['GET /v1/x 1.1 [["host","a"]] - '],
      refusal: '400 host-missing',
    });
  });

  it('says where in a request it is', () => {
    const parser = new RequestParser(SMALL, TABLE);
    assert.equal(parser.phase, 'between');
    parser.push(Buffer.from('G'));
    assert.equal(parser.next(), null);
    assert.equal(parser.phase, 'head');
    parser.push(Buffer.from('ET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n'));
    assert.equal(parser.next(), null);
    assert.equal(parser.phase, 'body');
    parser.push(Buffer.from('ab'));
    assert.notEqual(parser.next(), null);
    assert.equal(parser.phase, 'between');
  });

  it('asks for 100-continue only while no byte of the body has come', () => {
    const parser = new RequestParser(SMALL, TABLE);
    parser.push(Buffer.from(`${PUT}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`));
    assert.equal(parser.next(), null);
    assert.equal(parser.expectsContinue, true);
    parser.push(Buffer.from('a'));
    assert.equal(parser.next(), null);
    assert.equal(parser.expectsContinue, false);
  });
});

describe('what the parser was given', () => {
  const text = `${PUT}X-Vault-Token: hvs.secret\r\nContent-Length: 6\r\n\r\nsecret`;

  it('is zero once the request is released, in one piece', () => {
    const parser = new RequestParser(SMALL, TABLE);
    const chunk = Buffer.from(text);
    parser.push(chunk);
    const request = parser.next();
    assert(request !== null);
    assert.equal(request.head.findBytes(TOKEN)?.toString(), 'hvs.secret');
    assert.equal(request.body.toString(), 'secret');
    assert(!isZero(chunk));
    request.release();
    assert(isZero(chunk));
    assert(isZero(request.body));
    assert.equal(request.head.findBytes(TOKEN), null);
    assert.equal(request.head.findText(HOST), null);
    assert.equal(request.head.readAll([]).size, 0);
  });

  it('is zero after release wherever it was cut', () => {
    const whole = Buffer.from(text);
    for (let cut = 1; cut < whole.length; cut += 1) {
      const parser = new RequestParser(SMALL, TABLE);
      const pieces = [Buffer.from(whole.subarray(0, cut)), Buffer.from(whole.subarray(cut))];
      let request: ParsedRequest | null = null;
      for (const piece of pieces) {
        parser.push(piece);
        request = parser.next();
      }
      assert(request !== null);
      const token = request.head.findBytes(TOKEN);
      assert.equal(token?.toString(), 'hvs.secret');
      assert.equal(request.head.findText(CONTENT_LENGTH), '6');
      request.release();
      assert(pieces.every(isZero), `cut at ${cut}`);
      assert(token !== null && isZero(token), `token, cut at ${cut}`);
      assert(isZero(request.body), `body, cut at ${cut}`);
    }
  });

  it('stays as long as another request of the same piece is not released', () => {
    const parser = new RequestParser(SMALL, TABLE);
    const chunk = Buffer.from(text + text);
    parser.push(chunk);
    const [first, second] = [parser.next(), parser.next()];
    assert(first !== null && second !== null);
    first.release();
    first.release();
    assert.equal(second.body.toString(), 'secret');
    second.release();
    assert(isZero(chunk));
  });

  it('is zero after a refusal, body included', () => {
    const parser = new RequestParser(SMALL, TABLE);
    const pieces = [Buffer.from(`${CHUNKED}6\r\nsecret`), Buffer.from('x\r\n')];
    assert.throws(() => {
      for (const piece of pieces) {
        parser.push(piece);
        parser.next();
      }
    }, Refusal);
    parser.destroy();
    assert(pieces.every(isZero));
  });

  it('is copied and zero at once where it is shared, and the copy after release', () => {
    const whole = Buffer.from(text);
    for (let cut = 1; cut <= whole.length; cut += 1) {
      const parser = new RequestParser(SMALL, TABLE);
      let request: ParsedRequest | null = null;
      for (const part of [whole.subarray(0, cut), whole.subarray(cut)]) {
        const piece = Buffer.from(part);
        if (piece.length > 0) parser.pushCopy(piece);
        assert(isZero(piece), `piece, cut at ${cut}`);
        request ??= parser.next();
      }
      assert(request !== null);
      const token = request.head.findBytes(TOKEN);
      assert.equal(token?.toString(), 'hvs.secret');
      assert.equal(request.body.toString(), 'secret');
      request.release();
      assert(token !== null && isZero(token), `token, cut at ${cut}`);
      assert(isZero(request.body), `body, cut at ${cut}`);
    }
  });

  it('is not looked at through what another request left', () => {
    const [first, second] = [new RequestParser(SMALL, TABLE), new RequestParser(SMALL, TABLE)];
    first.pushCopy(Buffer.from(text));
    const request = first.next();
    const token = request?.head.findBytes(TOKEN) ?? Buffer.from('none');
    request?.release();
    second.pushCopy(Buffer.from(text));
    assert.equal(second.next()?.body.toString(), 'secret');
    assert(isZero(token));
  });
});
