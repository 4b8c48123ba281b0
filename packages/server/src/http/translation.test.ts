// What core gets for a request.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ApiRequest } from '../core/request.js';
import { callApi, resultOf } from './testing/call-api.js';

type Lines = readonly string[];
const MERGE = 'Content-Type: application/merge-patch+json';
const FORM = 'Content-Type: application/x-www-form-urlencoded';

interface Seen {
  readonly operation: string;
  readonly path: string;
  readonly namespace: string;
  readonly token: string | null;
  readonly wrap: number | null;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

function see(request: ApiRequest): Seen {
  const fields: Record<string, string> = {};
  for (const [name, raw] of request.fields) {
    fields[name] = raw.kind === 'text' ? `text ${raw.value}` : raw.value.bytes.toString();
  }
  return {
    operation: request.operation,
    path: request.path,
    namespace: request.namespace,
    token: request.token?.toString() ?? null,
    wrap: request.wrapTtlSeconds,
    fields,
    body: request.body.toString(),
  };
}

const NOTHING: Seen = {
  operation: 'read',
  path: '',
  namespace: '',
  token: null,
  wrap: null,
  fields: {},
  body: '',
};

const TRANSLATED: readonly [name: string, lines: Lines, body: string, seen: Partial<Seen>][] = [
  ['GET as a read', ['GET /v1/secret/x'], '', { path: 'secret/x' }],
  [
    'GET with list=true as a list of a folder',
    ['GET /v1/secret/x?list=true'],
    '',
    {
      operation: 'list',
      path: 'secret/x/',
      fields: { list: 'text true' },
    },
  ],
  [
    'GET with list=false as a read',
    ['GET /v1/secret/x?list=0'],
    '',
    {
      path: 'secret/x',
      fields: { list: 'text 0' },
    },
  ],
  [
    'GET with scan=1 as a scan',
    ['GET /v1/secret/?scan=1'],
    '',
    {
      operation: 'scan',
      path: 'secret/',
      fields: { scan: 'text 1' },
    },
  ],
  ['LIST as a list of a folder', ['LIST /v1/secret'], '', { operation: 'list', path: 'secret/' }],
  ['LIST of a folder as it is', ['LIST /v1/secret/'], '', { operation: 'list', path: 'secret/' }],
  ['SCAN as a scan', ['SCAN /v1/secret'], '', { operation: 'scan', path: 'secret/' }],
  [
    'POST as an update',
    ['POST /v1/x'],
    '{"a":1}',
    {
      operation: 'update',
      path: 'x',
      fields: { a: '1' },
      body: '{"a":1}',
    },
  ],
  ['PUT as an update', ['PUT /v1/x'], '', { operation: 'update', path: 'x' }],
  [
    'PATCH with parameters of the type',
    ['PATCH /v1/x', `${MERGE}; charset=utf-8`],
    '{"a":null}',
    {
      operation: 'patch',
      path: 'x',
      fields: { a: 'null' },
      body: '{"a":null}',
    },
  ],
  [
    'DELETE with its query',
    ['DELETE /v1/x?versions=1'],
    '',
    {
      operation: 'delete',
      path: 'x',
      fields: { versions: 'text 1' },
    },
  ],
  ['a DELETE without its body', ['DELETE /v1/x'], '{"a":1}', { operation: 'delete', path: 'x' }],
  ['HELP', ['HELP /v1/sys'], '', { operation: 'help', path: 'sys' }],
  [
    '?help=1, which is no field',
    ['GET /v1/sys?help=1&a=b'],
    '',
    {
      operation: 'help',
      path: 'sys',
      fields: { a: 'text b' },
    },
  ],
  ['HEAD of the health', ['HEAD /v1/sys/health'], '', { path: 'sys/health' }],
  ['escapes, decoded once', ['GET /v1/a%20b%2Fc%2525'], '', { path: 'a b/c%25' }],
  ['a path in UTF-8', ['GET /v1/%E2%82%AC'], '', { path: '€' }],
  ['an escaped backslash', ['GET /v1/a%5Cb'], '', { path: 'a\\b' }],
  ['dots that are no dot segment', ['GET /v1/a../.b/...'], '', { path: 'a../.b/...' }],
  ['a plus in a path as a plus', ['GET /v1/a+b'], '', { path: 'a+b' }],
  [
    'a query with plus, escapes and an empty value',
    ['GET /v1/x?a=b+c%26&d&=e'],
    '',
    {
      path: 'x',
      fields: { a: 'text b c&', d: 'text ', '': 'text e' },
    },
  ],
  [
    'a repeated parameter as a list',
    ['GET /v1/x?a=1&a=2'],
    '',
    {
      path: 'x',
      fields: { a: '["1","2"]' },
    },
  ],
  [
    'body over query',
    ['PUT /v1/x?a=1&b=2'],
    '{"a":3}',
    {
      operation: 'update',
      path: 'x',
      fields: { a: '3', b: 'text 2' },
      body: '{"a":3}',
    },
  ],
  [
    'JSON whatever the type says',
    ['PUT /v1/x', FORM],
    ' {"a":1e400}',
    {
      operation: 'update',
      path: 'x',
      fields: { a: '1e400' },
      body: ' {"a":1e400}',
    },
  ],
  [
    'a form',
    ['PUT /v1/x', FORM],
    'a=1&b=c%20d&a=2',
    {
      operation: 'update',
      path: 'x',
      fields: { a: 'text 1,2', b: 'text c d' },
      body: 'a=1&b=c%20d&a=2',
    },
  ],
  ['null as no members', ['PUT /v1/x'], 'null', { operation: 'update', path: 'x', body: 'null' }],
  [
    'a body of bytes for a snapshot',
    ['PUT /v1/sys/storage/raft/snapshot'],
    '\x1f\x0b',
    {
      operation: 'update',
      path: 'sys/storage/raft/snapshot',
      body: '\x1f\x0b',
    },
  ],
  ['the token', ['GET /v1/x', 'X-Vault-Token: hvs.a'], '', { path: 'x', token: 'hvs.a' }],
  [
    'a bearer token',
    ['GET /v1/x', 'Authorization: bearer  hvs.a'],
    '',
    {
      path: 'x',
      token: 'hvs.a',
    },
  ],
  [
    'the token before a bearer token',
    ['GET /v1/x', 'Authorization: Bearer b', 'X-Vault-Token: a'],
    '',
    { path: 'x', token: 'a' },
  ],
  [
    'no token in basic authorization',
    ['GET /v1/x', 'Authorization: Basic YTpi'],
    '',
    { path: 'x' },
  ],
  ['an empty token as none', ['GET /v1/x', 'X-Vault-Token:'], '', { path: 'x' }],
  ['a namespace', ['GET /v1/x', 'X-Vault-Namespace: /a/b'], '', { path: 'x', namespace: 'a/b/' }],
  ['the root namespace', ['GET /v1/x', 'X-Vault-Namespace: root/'], '', { path: 'x' }],
  ['a wrapping time', ['GET /v1/x', 'X-Vault-Wrap-TTL: 1m30s'], '', { path: 'x', wrap: 90 }],
  ['a wrapping time of zero as none', ['GET /v1/x', 'X-Vault-Wrap-TTL: 0'], '', { path: 'x' }],
];

describe('createApi', () => {
  for (const [name, lines, body, seen] of TRANSLATED) {
    it(`translates ${name}`, async () => {
      let got: Seen | null = null;
      const handler = {
        handle(request: ApiRequest) {
          got = see(request);
          return Promise.resolve(resultOf(request));
        },
      };
      const called = await callApi(handler, lines, Buffer.from(body, 'latin1'));
      assert.notEqual(called.status, 500);
      assert.deepEqual(got, { ...NOTHING, ...seen });
      assert(
        called.input.every((byte) => byte === 0),
        'the request was not wiped',
      );
    });
  }
});
