// `trusted_issuer` in the configuration: what is read, and what is refused before the server starts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerConfig } from './parse.js';
import { ConfigError } from './problems.js';

const read = (text: string) =>
  parseServerConfig([{ file: 'a.hcl', text: `attestation {\n${text}\n}` }], { dev: true })
    .attestation.trustedIssuers;

test('issuers are read in their order, each with one kind of keys', () => {
  const text = `
    trusted_issuer "azure-maa" { issuer = "https://a" jwks_file = "/a.json" }
    trusted_issuer "google-confidential-space" {
      issuer = "https://b" audience = "us" root_file = "/b.pem"
    }`;
  assert.deepEqual(read(text), [
    {
      format: 'azure-maa',
      issuer: 'https://a',
      audience: null,
      keys: { kind: 'jwks', file: '/a.json' },
    },
    {
      format: 'google-confidential-space',
      issuer: 'https://b',
      audience: 'us',
      keys: { kind: 'root', file: '/b.pem' },
    },
  ]);
  assert.deepEqual(read(''), []);
});

for (const [sentence, code, text] of [
  ['no issuer', 'config-missing', 'trusted_issuer "ear" { jwks_file = "/a" }'],
  ['an empty issuer', 'config-missing', 'trusted_issuer "ear" { issuer = "" jwks_file = "/a" }'],
  ['no keys', 'config-missing', 'trusted_issuer "ear" { issuer = "a" }'],
  [
    'two kinds of keys',
    'config-missing',
    'trusted_issuer "ear" { issuer = "a" jwks_file = "/a" root_file = "/b" }',
  ],
  [
    'a key that nobody knows',
    'config-unknown-key',
    'trusted_issuer "ear" { issuer = "a" jwks_file = "/a" jwks_url = "https://a" }',
  ],
  ['no format', 'config-wrong-type', 'trusted_issuer { issuer = "a" jwks_file = "/a" }'],
] as const) {
  test(`refuses ${sentence}`, () => {
    assert.throws(
      () => read(text),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.ok(
          error.problems.some((problem) => problem.code === code),
          error.message,
        );
        return true;
      },
    );
  });
}
