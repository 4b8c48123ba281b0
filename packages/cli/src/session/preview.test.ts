// Requests shown instead of sent: copyable, and without the token.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curlString, policyText } from './preview.js';

const request = {
  method: 'PUT',
  path: '/v1/secret/a%20b?x=1',
  headers: { Accept: 'application/json', 'X-Vault-Token': 'hvs.hidden', 'X-Vault-Request': 'true' },
  body: Buffer.from(`{"a":"it's $(rm) \`x\`"}`),
  timeoutMs: 1,
};

test('curl: quoted for a shell, token by command', () => {
  const text = curlString(request, 'https://h:1', 'vault', { caFile: '/a b', skipVerify: true });
  assert.equal(
    text,
    `curl -X PUT --insecure --cacert '/a b' -H "X-Vault-Token: $(vault print token)" ` +
      `-H 'X-Vault-Request: true' -d '{"a":"it'\\''s $(rm) \`x\`"}' 'https://h:1/v1/secret/a%20b?x=1'`,
  );
});

test('curl over a unix socket', () => {
  const text = curlString({ ...request, method: 'GET', body: null }, 'unix:///run/s', 'v', {});
  assert.match(text, /^curl -H .* --unix-socket '\/run\/s' 'http:\/\/localhost\/v1\//);
});

test('policies: the capability each request needs', () => {
  const rows: [string, string, string][] = [
    ['GET', '/v1/a/b', 'path "a/b" {\n  capabilities = ["read"]\n}'],
    ['GET', '/v1/a/?list=true', 'path "a/" {\n  capabilities = ["list"]\n}'],
    ['PUT', '/v1/a%20b', 'path "a b" {\n  capabilities = ["create", "update"]\n}'],
    ['PATCH', '/v1/a', 'path "a" {\n  capabilities = ["patch"]\n}'],
    ['DELETE', '/v1/a', 'path "a" {\n  capabilities = ["delete"]\n}'],
  ];
  for (const [method, path, want] of rows) {
    assert.equal(policyText({ ...request, method, path }), want);
  }
});
