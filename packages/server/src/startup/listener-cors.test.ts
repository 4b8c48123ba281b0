// CORS rules of a listener's own: read as sys/config/cors reads them, and refused before anything listens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerConfig } from '../config/parse.js';
import type { ListenerConfig } from '../config/server-config.js';
import { findListenerCors } from './listener-cors.js';
import { StartError } from './options.js';

function listener(keys: string): ListenerConfig {
  const text = `storage "inmem" {}\nlistener "tcp" { tls_disable = true ${keys} }`;
  const [read] = parseServerConfig([{ file: 'c.hcl', text }], { dev: false }).listeners;
  assert(read !== undefined);
  return read;
}

test('a listener that does not enable CORS has no rules of its own', () => {
  assert.equal(findListenerCors(listener('')), null);
  assert.equal(findListenerCors(listener('cors_allowed_origins = ["https://a.example"]')), null);
});

test('origins are compared as browsers send them, however they were written', () => {
  const keys = 'cors_enabled = true cors_allowed_origins = ["https://A.example/"]';
  const rules = findListenerCors(listener(`${keys} cors_allowed_headers = ["X-Mine"]`));
  assert.deepEqual(rules?.allowedOrigins, ['https://a.example']);
  assert.deepEqual([rules?.isEnabled, rules?.allowsCredentials], [true, false]);
  assert.deepEqual(rules?.allowedHeaders, ['X-Mine']);
});

for (const [what, keys] of [
  ['no origin', ''],
  ['an origin with a path', 'cors_allowed_origins = ["https://a.example/x"]'],
  ['a wildcard among others', 'cors_allowed_origins = ["*", "https://a.example"]'],
  [
    'a header with a line break',
    'cors_allowed_origins = ["*"] cors_allowed_headers = ["a\\r\\nb"]',
  ],
] as const) {
  test(`refused, with the place: ${what}`, () => {
    assert.throws(
      () => findListenerCors(listener(`cors_enabled = true ${keys}`)),
      (error) => error instanceof StartError && error.message.startsWith('c.hcl:2: '),
    );
  });
}
