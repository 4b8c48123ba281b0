// Headers that an operator adds: which status gets which, and what they can not change.
import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it } from 'node:test';
import type { Answer } from './engine/answer.js';
import { createHeaderAdder } from './response-headers.js';
import { callApi, resultOf } from './testing/call-api.js';
import { ECHO, listen } from './testing/echo-listener.js';

const HEADERS = new Map([
  [
    'default',
    [
      ['X-All', 'default'],
      ['X-Class', 'default'],
    ],
  ],
  [
    '4xx',
    [
      ['x-class', '4xx'],
      ['X-Status', '4xx'],
    ],
  ],
  ['404', [['X-Status', '404']]],
] as const);
const add = createHeaderAdder(HEADERS);

function answer(status: number, fields = ''): Answer {
  return { status, fields, body: null, ownsBody: false };
}

describe('createHeaderAdder', () => {
  for (const [status, fields] of [
    [200, 'X-All: default\r\nX-Class: default\r\n'],
    [403, 'X-All: default\r\nx-class: 4xx\r\nX-Status: 4xx\r\n'],
    [404, 'X-All: default\r\nx-class: 4xx\r\nX-Status: 404\r\n'],
    [503, 'X-All: default\r\nX-Class: default\r\n'],
  ] as const) {
    it(`adds to ${status} what is most specific`, () => {
      assert.equal(add(answer(status)).fields, fields);
      assert.equal(add(answer(status, 'A: b\r\n')).fields, `A: b\r\n${fields}`);
    });
  }

  it('leaves what the server says alone, in any spelling, but for one header', () => {
    const own = 'Cache-Control: no-store\r\nStrict-Transport-Security: max-age=1\r\nX-Cache: a\r\n';
    const adder = createHeaderAdder(
      new Map([
        [
          'default',
          [
            ['cache-control', 'public'],
            ['strict-transport-security', 'max-age=9'],
            ['Cache', 'b'],
          ],
        ],
      ]),
    );
    const wanted =
      'Cache-Control: no-store\r\nstrict-transport-security: max-age=9\r\nX-Cache: a\r\nCache: b\r\n';
    assert.equal(adder(answer(200, own)).fields, wanted);
  });

  for (const value of ['a\r\nX: y', 'a\nb', 'ü', '\0']) {
    it(`refuses the value ${JSON.stringify(value)}`, () => {
      assert.throws(() => createHeaderAdder(new Map([['404', [['X-A', value]]]])), TypeError);
    });
  }

  it('is part of answers, of errors and of what is not the API', async () => {
    const handler = {
      handle: (request: Parameters<typeof resultOf>[0]) => Promise.resolve(resultOf(request)),
    };
    for (const line of ['GET /v1/x', 'PUT /v1/x', 'GET /v1/../x', 'OPTIONS /v1/x', 'GET /other']) {
      const called = await callApi(handler, [line], '', { decorate: add });
      assert.match(called.fields, /X-All: default\r\n/, line);
    }
  });

  it('is part of what the engine refuses before there is a request', async () => {
    const listener = await listen(ECHO, { responseHeaders: HEADERS });
    const socket = net.connect(listener.port, '127.0.0.1', () => socket.end('BROKEN\r\n\r\n'));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    assert.match(text, /^HTTP\/1.1 400 [\s\S]*X-Status: 4xx\r\n/);
    await listener.close(0);
  });
});

describe('X-Vault-Namespace', () => {
  it('is echoed when one was named, and only then', async () => {
    const handler = {
      handle: (request: Parameters<typeof resultOf>[0]) => Promise.resolve(resultOf(request)),
    };
    const named = await callApi(handler, ['GET /v1/x', 'X-Vault-Namespace: a/b']);
    assert.match(named.fields, /X-Vault-Namespace: a\/b\/\r\n/);
    for (const lines of [[], ['X-Vault-Namespace: root'], ['X-Vault-Namespace: /']]) {
      assert.doesNotMatch((await callApi(handler, ['GET /v1/x', ...lines])).fields, /Namespace/);
    }
  });
});
