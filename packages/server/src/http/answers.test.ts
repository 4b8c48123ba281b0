// Status and body for everything that core can answer.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CorsSettings } from '../core/cors.js';
import type { ApiResult } from '../core/request.js';
import type { Operation } from '../framework/backend.js';
import {
  ApiError,
  type ErrorKind,
  permissionDenied,
  StorageConflict,
} from '../framework/errors.js';
import { RawJson } from '../framework/json/value.js';
import { answerResult, findErrorAnswer, internalErrorAnswer } from './answers.js';
import { fieldLine } from './engine/answer.js';
import { callApi, resultOf } from './testing/call-api.js';

const EMPTY: ApiResult = {
  requestId: 'id',
  operation: 'read',
  response: null,
  auth: null,
  lease: null,
  wrapped: null,
  warnings: [],
  mountType: 'kv',
  verbatim: null,
};

const ENVELOPE = 'envelope';
const NOT_FOUND = '{"errors":[]}';

function bodyOf(result: ApiResult): [status: number, body: string] {
  const answer = answerResult(result);
  const text = answer.body?.toString() ?? '';
  return [answer.status, text.includes('"request_id"') ? ENVELOPE : text];
}

type Row = readonly [string, Operation | 'help', Partial<ApiResult>, number, string];

const RESULTS: readonly Row[] = [
  ['data of a read', 'read', { response: { data: { a: 1 } } }, 200, ENVELOPE],
  ['an empty response to a write', 'update', { response: {} }, 200, ENVELOPE],
  ['nothing to a write', 'update', {}, 204, ''],
  ['nothing to a create', 'create', {}, 204, ''],
  ['nothing to a patch', 'patch', {}, 204, ''],
  ['nothing to a delete', 'delete', {}, 204, ''],
  ['nothing but a warning to a write', 'update', { warnings: ['w'] }, 200, ENVELOPE],
  ['nothing to a read', 'read', {}, 404, NOT_FOUND],
  ['nothing but a warning to a read', 'read', { warnings: ['w'] }, 404, ENVELOPE],
  ['nothing to a list', 'list', {}, 404, NOT_FOUND],
  ['nothing to a help', 'help', {}, 404, NOT_FOUND],
  ['keys to a list', 'list', { response: { data: { keys: ['a'] } } }, 200, ENVELOPE],
  ['no keys to a list', 'list', { response: { data: { keys: [] } } }, 404, NOT_FOUND],
  ['no keys to a scan', 'scan', { response: { data: { keys: [] } } }, 404, NOT_FOUND],
  [
    'no keys and an empty key_info',
    'list',
    { response: { data: { keys: [], key_info: {} } } },
    404,
    NOT_FOUND,
  ],
  ['no data to a list', 'list', { response: {} }, 404, NOT_FOUND],
  [
    'no keys but something else',
    'list',
    { response: { data: { keys: [], total: 0 } } },
    200,
    ENVELOPE,
  ],
  [
    'no keys but bytes',
    'list',
    { response: { data: { x: new RawJson(Buffer.from('1')) } } },
    200,
    ENVELOPE,
  ],
  ['no keys to a read', 'read', { response: { data: { keys: [] } } }, 200, ENVELOPE],
  [
    'a missing version',
    'read',
    { response: { data: { data: null }, outcome: 'missing' } },
    404,
    ENVELOPE,
  ],
  ['work that goes on', 'update', { response: { data: {}, outcome: 'accepted' } }, 202, ENVELOPE],
  [
    'raw bytes',
    'read',
    { response: { raw: { code: 429, contentType: 'text/plain', body: Buffer.from('x') } } },
    429,
    'x',
  ],
  ['an unwrapped answer', 'update', { verbatim: Buffer.from('{"a":1}') }, 200, '{"a":1}'],
  [
    'an empty list in a wrapping',
    'list',
    {
      response: { data: { keys: [] } },
      wrapped: {
        token: Buffer.from('t'),
        accessor: '',
        ttlSeconds: 1,
        creationTime: 0,
        creationPath: '',
        wrappedAccessor: '',
      },
    },
    200,
    ENVELOPE,
  ],
  [
    'a lease without data',
    'read',
    { lease: { id: 'l', ttlSeconds: 1, renewable: true } },
    200,
    ENVELOPE,
  ],
];

const KINDS: readonly [ErrorKind, number][] = [
  ['invalid-request', 400],
  ['not-initialized', 400],
  ['permission-denied', 403],
  ['not-found', 404],
  ['unsupported-path', 404],
  ['unsupported-operation', 405],
  ['precondition-failed', 412],
  ['payload-too-large', 413],
  ['unsupported-media-type', 415],
  ['rate-limited', 429],
  ['internal', 500],
  ['sealed', 503],
  ['unavailable', 503],
  ['timeout', 504],
];

describe('answerResult', () => {
  for (const [name, operation, given, status, body] of RESULTS) {
    it(`answers ${status} for ${name}`, () => {
      assert.deepEqual(bodyOf({ ...EMPTY, operation, ...given }), [status, body]);
    });
  }

  it('does not hand out bytes that somebody else wipes', () => {
    const verbatim = Buffer.from('{"a":1}');
    const answer = answerResult({ ...EMPTY, verbatim });
    verbatim.fill(0);
    assert.equal(answer.body?.toString(), '{"a":1}');
  });

  it('refuses a content type that would write headers', async () => {
    const raw = { code: 200, contentType: 'a\r\nSet-Cookie: b', body: Buffer.from('x') } as const;
    let faults = 0;
    const called = await callApi(
      { handle: (request) => Promise.resolve(resultOf(request, { response: { raw } })) },
      ['GET /v1/x'],
      '',
      {
        reportFault: () => {
          faults += 1;
        },
      },
    );
    assert.deepEqual([called.status, faults], [500, 1]);
    assert.throws(() => fieldLine('A', 'b\0'), TypeError);
  });
});

describe('findErrorAnswer', () => {
  for (const [kind, status] of KINDS) {
    it(`answers ${status} for ${kind}`, () => {
      const answer = findErrorAnswer(new ApiError(kind, 'why'));
      assert.deepEqual([answer?.status, answer?.body?.toString()], [status, '{"errors":["why"]}']);
    });
  }

  it('keeps the text of a policy refusal to the letter', () => {
    const answer = findErrorAnswer(permissionDenied());
    const want = '{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}';
    assert.equal(answer?.body?.toString(), want);
  });

  it('sends data beside the errors', () => {
    const answer = findErrorAnswer(new ApiError('invalid-request', 'why', { data: { a: 1 } }));
    assert.equal(answer?.body?.toString(), '{"errors":["why"],"data":{"a":1}}');
  });

  it('has no answer for anything that is not meant for the client', () => {
    for (const error of [new Error('a'), new StorageConflict('b'), 'c', null]) {
      assert.equal(findErrorAnswer(error), null);
    }
    assert.equal(internalErrorAnswer().body?.toString(), '{"errors":["internal error"]}');
  });
});

describe('CORS', () => {
  const rules: CorsSettings = {
    isEnabled: true,
    allowedOrigins: ['https://a.example'],
    allowedHeaders: ['X-Mine'],
    allowsCredentials: false,
  };
  const handler = {
    handle: (request: Parameters<typeof resultOf>[0]) => Promise.resolve(resultOf(request)),
  };
  const ask = 'Access-Control-Request-Method: LIST';
  const origin = 'Origin: https://a.example';
  const rows: readonly [string, string[], CorsSettings | null, number, boolean][] = [
    [
      'answers the preflight of an allowed origin',
      ['OPTIONS /v1/x', origin, ask],
      rules,
      204,
      true,
    ],
    ['marks an answer to an allowed origin', ['GET /v1/x', origin], rules, 404, true],
    ['says nothing without an origin', ['GET /v1/x'], rules, 404, false],
    [
      'refuses an origin that is not allowed',
      ['GET /v1/x', 'Origin: https://b.example'],
      rules,
      403,
      false,
    ],
    [
      'refuses the preflight of an origin that is not allowed',
      ['OPTIONS /v1/x', 'Origin: null', ask],
      rules,
      403,
      false,
    ],
    [
      'refuses a preflight for an unknown verb',
      ['OPTIONS /v1/x', origin, 'Access-Control-Request-Method: TRACE'],
      rules,
      405,
      false,
    ],
    ['refuses OPTIONS that is no preflight', ['OPTIONS /v1/x', origin], rules, 405, false],
    [
      'refuses a preflight when CORS is off',
      ['OPTIONS /v1/x', origin, ask],
      { ...rules, isEnabled: false },
      405,
      false,
    ],
    [
      'ignores an origin when CORS is off',
      ['GET /v1/x', 'Origin: https://b.example'],
      { ...rules, isEnabled: false },
      404,
      false,
    ],
    [
      'ignores an origin without rules',
      ['GET /v1/x', 'Origin: https://b.example'],
      null,
      404,
      false,
    ],
  ];
  for (const [name, lines, cors, status, isMarked] of rows) {
    it(name, async () => {
      const called = await callApi(handler, lines, '', { cors: () => cors });
      assert.equal(called.status, status);
      assert.equal(
        called.fields.includes('Access-Control-Allow-Origin: https://a.example'),
        isMarked,
      );
    });
  }
});
