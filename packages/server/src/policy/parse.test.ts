// Which policy texts are accepted, what their rules say, and where the mistakes in the others are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '../framework/errors.js';
import { BUILTIN_POLICIES } from './builtin.js';
import { capabilityNames } from './capability.js';
import { decodePolicyText, parseAclPolicy } from './parse.js';

function failure(text: string): { code: string; message: string } {
  try {
    parseAclPolicy('p', text);
  } catch (error) {
    if (error instanceof ApiError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'accepted', message: '' };
}

test('rules say what was written', () => {
  const policy = parseAclPolicy(
    ' MyPolicy ',
    `name = "ignored"
    path "/a/*" {
      capabilities = ["read", "subscribe", "recover"]
      allowed_parameters = { "A" = [] }
      max_wrapping_ttl = 90
      comment = "c"
    }
    path "b" { policy = "write" }`,
  );
  assert.equal(policy.name, 'mypolicy');
  const [first, second] = policy.rules;
  assert.ok(first && second);
  assert.equal(first.path, 'a/*');
  assert.deepEqual(capabilityNames(first.capabilities), ['read', 'recover', 'subscribe']);
  assert.deepEqual([...(first.parameters.allowed ?? [])], [['a', []]]);
  assert.equal(first.maxWrappingTtlSeconds, 90);
  assert.equal(first.comment, 'c');
  assert.equal(first.line, 2);
  assert.deepEqual(capabilityNames(second.capabilities), [
    'create',
    'delete',
    'list',
    'read',
    'update',
  ]);
});

test('the legacy attribute stands for capabilities', () => {
  const rows = [
    ['read', ['list', 'read']],
    ['sudo', ['create', 'delete', 'list', 'read', 'sudo', 'update']],
    ['deny', ['deny']],
  ] as const;
  for (const [word, want] of rows) {
    const [rule] = parseAclPolicy('p', `path "a" { policy = "${word}" }`).rules;
    assert.deepEqual(capabilityNames(rule?.capabilities ?? 0), want, word);
  }
});

test('JSON says the same as HCL', () => {
  const hcl = parseAclPolicy(
    'p',
    'path "a" { capabilities = ["read"] required_parameters = ["x"] }',
  );
  for (const text of [
    '{"path": {"a": {"capabilities": ["read"], "required_parameters": ["x"]}}}',
    '{"path": [{"a": [{"capabilities": ["read"], "required_parameters": ["x"]}]}]}',
  ]) {
    const json = parseAclPolicy('p', text);
    assert.deepEqual(
      json.rules,
      hcl.rules.map((rule) => ({ ...rule, line: 1 })),
    );
  }
});

test('base64 is undone, and text that is not base64 is left alone', () => {
  const text = 'path "a" { capabilities = ["read"] }';
  assert.equal(decodePolicyText(Buffer.from(text).toString('base64')), text);
  assert.equal(decodePolicyText(` ${Buffer.from(text).toString('base64')}\n`), text);
  for (const same of [text, '', '{}', 'abc', Buffer.from([0xff, 0xfe, 0xfd]).toString('base64')]) {
    assert.equal(decodePolicyText(same), same);
  }
});

test('refuses what it does not know or enforce, and says where', () => {
  const rows: readonly (readonly [name: string, text: string, code: string, at: string])[] = [
    ['text that is not HCL', 'path "a" {', 'policy-malformed', 'line 1, column 11'],
    ['an unknown top-level key', '\npaht "a" { }', 'policy-unknown-key', 'line 2, column 1'],
    ['an unknown key in a rule', 'path "a" {\n capability = []\n}', 'policy-unknown-key', 'line 2'],
    ['an unknown capability', 'path "a" { capabilities = ["raed"] }', 'policy-bad-value', 'line 1'],
    [
      'a capability in upper case',
      'path "a" { capabilities = ["READ"] }',
      'policy-bad-value',
      'line 1',
    ],
    ['root as a capability', 'path "a" { capabilities = ["root"] }', 'policy-bad-value', 'line 1'],
    [
      'a property of all objects',
      'path "a" { capabilities = ["toString"] }',
      'policy-bad-value',
      '',
    ],
    [
      'capabilities of another type',
      'path "a" { capabilities = { } }',
      'policy-wrong-type',
      'line 1',
    ],
    [
      'capabilities twice',
      'path "a" { capabilities = [] capabilities = ["read"] }',
      'policy-duplicate-key',
      '',
    ],
    ['an unknown legacy word', 'path "a" { policy = "rw" }', 'policy-bad-value', 'line 1'],
    ['a path without its name', 'path { capabilities = ["read"] }', 'policy-wrong-type', 'line 1'],
    ['a path with two names', 'path "a" "b" { }', 'policy-wrong-type', 'line 1'],
    ['"+*"', 'path "a/+*" { }', 'policy-bad-value', 'line 1'],
    [
      'a maximum below the minimum',
      'path "a" { min_wrapping_ttl = 2 max_wrapping_ttl = 1 }',
      'policy-bad-value',
      '',
    ],
    ['a TTL that is none', 'path "a" { max_wrapping_ttl = "soon" }', 'policy-bad-value', ''],
    [
      'MFA, which would not be enforced',
      'path "a" { mfa_methods = ["x"] }',
      'policy-unknown-key',
      '',
    ],
    [
      'a control group',
      'path "a" { control_group = { factor "f" { } } }',
      'policy-unknown-key',
      '',
    ],
    ['an expiry', 'path "a" { expiration = "2030-01-01T00:00:00Z" }', 'policy-unknown-key', ''],
    [
      'a parameter twice in two cases',
      'path "a" { allowed_parameters { A = [] a = [1] } }',
      'policy-duplicate-key',
      '',
    ],
    [
      'a parameter value that is an object',
      'path "a" { denied_parameters { a = [{ b = 1 }] } }',
      'policy-wrong-type',
      '',
    ],
    ['an unknown template', 'path "{{identity.entity.nmae}}" { }', 'policy-bad-value', 'line 1'],
    [
      'a template that does not end',
      'path "a/{{identity.entity.id" { }',
      'policy-bad-value',
      'line 1',
    ],
    ['closing braces alone', 'path "a/}}" { }', 'policy-bad-value', 'line 1'],
    ['a template for nothing', 'path "{{}}" { }', 'policy-bad-value', 'line 1'],
  ];
  for (const [name, text, code, at] of rows) {
    const got = failure(text);
    assert.equal(got.code, code, name);
    assert.ok(got.message.startsWith('failed to parse policy: '), name);
    assert.ok(got.message.includes(at), `${name}: ${got.message}`);
  }
  assert.match(failure('path "a" { capabilities = ["raed"] }').message, /did you mean "read"\?$/);
});

test('built-in texts are policies', () => {
  for (const [name, text] of BUILTIN_POLICIES) parseAclPolicy(name, text);
});

test('any text gives a policy or an ApiError', () => {
  const words = fc.constantFrom(
    ...[
      'path',
      '"a/*"',
      '"{{identity.entity.id}}"',
      '{',
      '}',
      '[',
      ']',
      '=',
      ',',
      '"read"',
      '"deny"',
    ],
    ...['capabilities', 'allowed_parameters', 'policy', 'min_wrapping_ttl', '1', 'true', '"', '\n'],
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(words, { maxLength: 30 }).map((w) => w.join(' ')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      failure(text);
    }),
    { numRuns: 10_000 },
  );
});
