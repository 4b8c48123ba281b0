// The token_* inputs: new and old names, what stays when left out, and combinations that make no sense.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fields, Values } from './field.js';
import { RawJson } from './json/value.js';
import {
  DEFAULT_TOKEN_PARAMS,
  grantFrom,
  oldTokenFields,
  parseTokenParams,
  type TokenParams,
  tokenFields,
  tokenParamsData,
} from './token-fields.js';

function read<F extends Fields>(fields: F, body: Readonly<Record<string, unknown>>): Values<F> {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const value = body[name];
    const raw = new RawJson(Buffer.from(JSON.stringify(value ?? null)));
    values[name] = fields[name]!.parse(
      value === undefined ? null : { kind: 'json', value: raw },
      name,
    );
  }
  return values as Values<F>;
}

function parse(
  body: Readonly<Record<string, unknown>>,
  before = DEFAULT_TOKEN_PARAMS,
): TokenParams {
  return parseTokenParams(before, read(tokenFields, body), read(oldTokenFields, body));
}

const rows: readonly [string, Record<string, unknown>, Partial<TokenParams>][] = [
  ['a list as text', { token_policies: 'B, a,,a' }, { policies: ['a', 'b'] }],
  ['a list as JSON', { token_policies: ['x'] }, { policies: ['x'] }],
  [
    'durations as text',
    { token_ttl: '1h', token_max_ttl: '2h' },
    { ttlSeconds: 3600, maxTtlSeconds: 7200 },
  ],
  [
    'an old name',
    { policies: ['x'], ttl: 60 },
    { policies: ['x'], ttlSeconds: 60, oldNames: ['policies', 'ttl'] },
  ],
  [
    'the new name over the old',
    { policies: ['x'], token_policies: ['y'] },
    { policies: ['y'], oldNames: [] },
  ],
  [
    'default-service as the mount’s choice',
    { token_type: 'default-service' },
    { tokenType: 'default' },
  ],
  ['blocks', { token_bound_cidrs: '10.0.0.0/8,::1' }, { boundCidrs: ['10.0.0.0/8', '::1'] }],
];
for (const [name, body, want] of rows) {
  test(`takes ${name}`, () => assert.deepEqual(parse(body), { ...DEFAULT_TOKEN_PARAMS, ...want }));
}

const refusals: readonly [string, Record<string, unknown>, RegExp][] = [
  ['a ttl beyond its maximum', { token_ttl: 2, token_max_ttl: 1 }, /'token_ttl' cannot be greater/],
  ['negative uses', { token_num_uses: -1 }, /'token_num_uses' cannot be negative/],
  ['an unknown type', { token_type: 'zork' }, /^invalid 'token_type' value$/],
  ['a type that is a property of every object', { token_type: 'constructor' }, /token_type/],
  ['a block that is none', { token_bound_cidrs: 'zork' }, /^field "token_bound_cidrs"/],
  ['a batch type with uses', { token_type: 'batch', token_num_uses: 1 }, /limited use count/],
  ['a batch type with a period', { token_type: 'batch', token_period: 1 }, /periodic/],
  ['a batch type with a hard end', { token_type: 'batch', token_explicit_max_ttl: 1 }, /explicit/],
];
for (const [name, body, message] of refusals) {
  test(`refuses ${name}, without echoing it`, () => {
    assert.throws(
      () => parse(body),
      (error: Error) => message.test(error.message) && !error.message.includes('zork'),
    );
  });
}

test('what a request leaves out stays as it was, and can be emptied', () => {
  const before = parse({ token_policies: ['x'], token_ttl: 60, token_num_uses: 3 });
  assert.deepEqual(parse({}, before), before);
  assert.deepEqual(parse({ token_policies: [] }, before).policies, []);
  assert.throws(() => parse({ token_max_ttl: 30 }, before), /'token_ttl'/);
});

test('old names are echoed until the new ones are used', () => {
  const old = parse({ policies: ['x'] });
  assert.deepEqual(tokenParamsData(old).policies, ['x']);
  assert.deepEqual(tokenParamsData(old).token_policies, ['x']);
  assert.equal('policies' in tokenParamsData(parse({ token_policies: ['x'] }, old)), false);
});

test('a strictly bound login is bound to the address it came from', () => {
  const params = parse({ token_strictly_bind_ip: true, token_bound_cidrs: '10.0.0.0/8' });
  assert.deepEqual(grantFrom(params, '10.1.2.3').boundCidrs, ['10.1.2.3']);
  assert.deepEqual(grantFrom(params, 'fe80::1%eth0').boundCidrs, ['fe80::1']);
});
