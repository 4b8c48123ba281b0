import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { ByteWriter } from '../framework/json/byte-writer.js';
import { RawJson } from '../framework/json/value.js';
import { Formatter, type HeaderRules } from './format.js';
import { Hasher } from './hasher.js';
import { DEFAULT_RECORD_OPTIONS, type RecordOptions } from './options.js';
import type { AuditRequestRecord, AuditResponse, AuditResponseRecord } from './record.js';
import { AUTH, fields, NOW, RESPONSE, record, TOKEN } from './testing/records.js';

const SALT = Buffer.alloc(32, 7);
const NO_RULES: HeaderRules = new Map();

function hmac(value: string | Buffer): string {
  return `hmac-sha256:${createHmac('sha256', SALT).update(value).digest('hex')}`;
}

function formatter(options: Partial<RecordOptions> = {}): Formatter {
  return new Formatter(new Hasher(SALT), { ...DEFAULT_RECORD_OPTIONS, ...options });
}

type Json = Record<string, unknown>;

function requestLine(by: Formatter, of: AuditRequestRecord, rules: HeaderRules): Buffer {
  const out = new ByteWriter(64);
  by.requestLine(out, of, rules);
  return Buffer.from(out.view());
}

function responseLine(by: Formatter, of: AuditResponseRecord, rules: HeaderRules): Buffer {
  const out = new ByteWriter(64);
  by.responseLine(out, of, rules);
  return Buffer.from(out.view());
}

function parse(line: Buffer): Json {
  const text = line.toString();
  assert.equal(text.indexOf('\n'), text.length - 1, 'a record is one line');
  return JSON.parse(text) as Json;
}

function respond(
  response: Partial<AuditResponse>,
  options: Partial<RecordOptions> = {},
  request = record(),
): Json {
  const line = responseLine(
    formatter(options),
    { ...request, response: { ...RESPONSE, ...response } },
    NO_RULES,
  );
  return parse(line).response as Json;
}

test('a request record has the members that Vault writes, secrets as HMACs', () => {
  assert.deepEqual(parse(requestLine(formatter(), record(), NO_RULES)), {
    time: '2023-11-14T22:13:20.000000000Z',
    type: 'request',
    auth: {
      client_token: hmac(TOKEN),
      accessor: hmac('accessor-1'),
      display_name: 'userpass-anna',
      policies: ['default', 'app'],
      token_policies: ['default', 'app'],
      policy_results: {
        allowed: true,
        granting_policies: [{ name: 'app', namespace_id: 'root', type: 'acl' }],
      },
      metadata: { username: 'anna' },
      entity_id: 'e-1',
      token_type: 'service',
      token_ttl: 3600,
      token_issue_time: '2023-11-14T22:13:15.000000000Z',
    },
    request: {
      id: '11111111-2222-3333-4444-555555555555',
      client_id: 'e-1',
      operation: 'update',
      mount_point: 'secret/',
      mount_type: 'kv',
      mount_accessor: 'kv_0a1b2c3d',
      mount_class: 'secret',
      client_token: hmac(TOKEN),
      client_token_accessor: hmac('accessor-1'),
      namespace: { id: 'root' },
      path: 'secret/data/app',
      data: {
        data: { password: hmac('hunter2'), n: [1.5, true, null] },
        options: { x: 'clear' },
      },
      remote_address: '192.0.2.7',
      remote_port: 40_000,
    },
  });
});

test('a request that never gets an answer is not kept for one', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const by = formatter();
  const begin = (): WeakRef<object> => {
    const begun = record();
    requestLine(by, begun, NO_RULES);
    return new WeakRef(begun.request);
  };
  const begun = [begin(), begin(), begin()];
  // What was looked at in a turn of the event loop is not collected in it.
  await new Promise<void>((resolve) => setImmediate(resolve));
  collect();
  assert.deepEqual(
    begun.map((each) => each.deref()),
    [undefined, undefined, undefined],
  );
  assert.ok(requestLine(by, record(), NO_RULES).length > 0);
});

test('strings are hashed as what they mean, not as how they were escaped', () => {
  const data = fields('{"a":"\\u0068unter2","b":"é\\n","c":"","d":"\\ud83d\\ude00"}');
  const request = parse(requestLine(formatter(), record({ data }), NO_RULES)).request as Json;
  assert.deepEqual(request.data, {
    a: hmac('hunter2'),
    b: hmac('é\n'),
    c: hmac(''),
    d: hmac('😀'),
  });
});

test('no string of data is legible, wherever it stands', () => {
  const secret = fc.stringMatching(/^S3CRET[a-z0-9"\\é]{0,12}$/);
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      secret,
      fc.integer(),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('any'), { maxKeys: 3 }),
    ),
  })).any;
  fc.assert(
    fc.property(value, value, (sent, answered) => {
      const data = fields(JSON.stringify({ sent }));
      const rawBody = Buffer.from('S3CRET');
      const line = responseLine(
        formatter(),
        {
          ...record({ data: new Map([...data, ['q', { kind: 'text', value: 'S3CRET-query' }]]) }),
          response: {
            ...RESPONSE,
            data: {
              raw: new RawJson(Buffer.from(JSON.stringify(answered, null, 1))),
              plain: answered as string,
            },
            rawBody,
          },
        },
        NO_RULES,
      );
      assert.ok(!parse(line) || !line.includes('S3CRET'));
    }),
    { numRuns: 1000 },
  );
});

test('answers: data, leases, warnings, and names the mount leaves legible', () => {
  const response = respond({
    leaseId: 'database/creds/app/x',
    warnings: ['careful'],
    data: { password: 'hunter2', ttl: 5, metadata: { created: 'clear' } },
  });
  assert.deepEqual(response, {
    mount_point: 'secret/',
    mount_type: 'kv',
    mount_accessor: 'kv_0a1b2c3d',
    mount_class: 'secret',
    secret: { lease_id: 'database/creds/app/x' },
    data: { password: hmac('hunter2'), ttl: 5, metadata: { created: 'clear' } },
    warnings: ['careful'],
  });
});

test('tokens that are handed out are hashed, directly and wrapped', () => {
  const auth = { ...AUTH, clientToken: Buffer.from('hvs.new'), tokenId: '' };
  const wrap = {
    token: Buffer.from('hvs.wrap'),
    accessor: 'wa',
    ttlSeconds: 60,
    creationTime: NOW,
    creationPath: 'secret/data/app',
    wrappedAccessor: 'inner',
  };
  const response = respond({ auth, wrap });
  assert.equal((response.auth as Json).client_token, hmac('hvs.new'));
  assert.deepEqual(response.wrap_info, {
    token: hmac('hvs.wrap'),
    accessor: hmac('wa'),
    ttl: 60,
    creation_time: '2023-11-14T22:13:20.000000000Z',
    creation_path: 'secret/data/app',
    wrapped_accessor: hmac('inner'),
  });
});

test('bodies without an envelope are hashed as a whole', () => {
  const response = respond({ rawBody: Buffer.from('-----BEGIN KEY') });
  assert.deepEqual(response.data, { http_raw_body: hmac('-----BEGIN KEY') });
});

test('hmac_accessor off leaves accessors legible and tokens hashed', () => {
  const line = parse(requestLine(formatter({ hmacAccessor: false }), record(), NO_RULES));
  assert.equal((line.auth as Json).accessor, 'accessor-1');
  assert.equal((line.request as Json).client_token_accessor, 'accessor-1');
  assert.equal((line.auth as Json).client_token, hmac(TOKEN));
});

test('HMACs are those of RFC 2104, whatever the length', () => {
  const hasher = new Hasher(SALT);
  for (const length of [0, 1, 55, 56, 64, 1365, 1366, 4096, 4097, 100_000]) {
    assert.equal(hasher.hash(Buffer.alloc(length, 0xe4)), hmac(Buffer.alloc(length, 0xe4)));
    assert.equal(hasher.hash('ä'.repeat(length)), hmac('ä'.repeat(length)));
  }
});

test('log_raw writes everything as it is, on one line', () => {
  const data = fields('{"data":{\n  "password": "hunter2\\n"\n}}');
  const line = parse(requestLine(formatter({ logRaw: true }), record({ data }), NO_RULES));
  const request = line.request as Json;
  assert.deepEqual(request.data, { data: { password: 'hunter2\n' } });
  assert.equal(request.client_token, TOKEN);
});

test('elide_list_responses writes how many names a list has, and leaves other answers alone', () => {
  const data = { keys: ['a', 'b'], key_info: { a: { x: 1 } } };
  const options = { elideListResponses: true };
  const list = respond({ data }, options, record({ operation: 'list' }));
  assert.deepEqual(list.data, { keys: 2, key_info: 1 });
  const read = respond({ data }, options, record({ operation: 'read' }));
  assert.deepEqual(read.data, { keys: [hmac('a'), hmac('b')], key_info: { a: { x: 1 } } });
});

test('only audited headers are written, hashed where the rule says so', () => {
  const rules: HeaderRules = new Map([
    ['x-correlation-id', { hmac: false }],
    ['cookie', { hmac: true }],
    ['x-absent', { hmac: false }],
  ]);
  const headers = (on: HeaderRules) =>
    (parse(requestLine(formatter(), record(), on)).request as Json).headers;
  assert.deepEqual(headers(rules), { 'x-correlation-id': ['c-1'], cookie: [hmac('hunter2')] });
  assert.equal(headers(NO_RULES), undefined);
});

test('a refused request without a known token is written with what is known', () => {
  const line = requestLine(
    formatter(),
    {
      time: NOW,
      auth: null,
      error: 'permission denied',
      request: { ...record().request, clientToken: Buffer.from('guess'), tokenId: '', mount: null },
    },
    NO_RULES,
  );
  const found = parse(line);
  assert.equal(found.error, 'permission denied');
  assert.equal((found.request as Json).client_token, hmac('guess'));
  assert.equal(found.auth, undefined);
});

test('two tokens without an id are not taken for the same', () => {
  const shared = formatter();
  const hashOf = (token: string) => {
    const changed = record({ clientToken: Buffer.from(token), tokenId: '' });
    return (parse(requestLine(shared, changed, NO_RULES)).request as Json).client_token;
  };
  assert.equal(hashOf('one'), hmac('one'));
  assert.equal(hashOf('two'), hmac('two'));
});

test('a prefix stands before each line', () => {
  const line = requestLine(formatter({ prefix: '@cee: ' }), record(), NO_RULES).toString();
  assert.ok(line.startsWith('@cee: {"time":'));
});

test('a closed hasher hashes nothing', () => {
  const hasher = new Hasher(SALT);
  hasher.close();
  assert.throws(() => hasher.hash('x'));
  assert.throws(() => new Hasher(Buffer.alloc(16)));
});

const { request: REQUESTED } = record();
const LARGE = fields(
  JSON.stringify({ data: Array.from({ length: 400 }, (_, at) => `item ${at}`) }),
);
const ODD_RECORDS: readonly [string, Partial<AuditRequestRecord>][] = [
  ['as most are', {}],
  ['with more data than is kept', { request: { ...REQUESTED, data: LARGE } }],
  ['without a token', { auth: null, request: { ...REQUESTED, clientToken: null, tokenId: '' } }],
  ['without a mount', { request: { ...REQUESTED, mount: null } }],
  ['without an address', { request: { ...REQUESTED, remoteAddress: '', remotePort: 0 } }],
  ['on a path that needs escapes', { request: { ...REQUESTED, path: 'secret/"é\u2028\\/😀' } }],
  ['with an error', { error: 'no "é"' }],
];

for (const [what, part] of ODD_RECORDS) {
  for (const options of [{}, { prefix: 'é: ' }, { logRaw: true }, { hmacAccessor: false }]) {
    const how = JSON.stringify(options);
    test(`both lines of a record ${what} are those of the request and of its answer, ${how}`, () => {
      const answered = { ...record(), ...part, response: { ...RESPONSE, data: { a: 'hunter2' } } };
      const by = formatter(options);
      const out = new ByteWriter(64);
      out.text('what came before\n');
      by.bothLines(out, answered, NO_RULES);
      const both = Buffer.from(out.view()).toString();
      const request = requestLine(by, answered, NO_RULES);
      const lines = [
        'what came before\n',
        request,
        // By what was kept of the request's line, and by a device that has seen no request.
        responseLine(by, answered, NO_RULES),
      ].join('');
      assert.equal(both, lines);
      assert.deepEqual(
        responseLine(formatter(options), answered, NO_RULES).toString(),
        responseLine(by, answered, NO_RULES).toString(),
      );
      const [asked, told] = both.slice('what came before\n'.length).trimEnd().split('\n');
      const [one, other] = [asked, told].map((line) =>
        JSON.parse((line ?? '').slice((options.prefix ?? '').length)),
      );
      assert.deepEqual([other.auth, other.request], [one.auth, one.request]);
      assert.equal(one.request.path, answered.request.path);
    });
  }
}
