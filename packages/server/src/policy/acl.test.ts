// What policies allow and deny, as rows that a reviewer can read. Each policy stands above its rows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation } from '../framework/backend.js';
import type { RawField } from '../framework/field.js';
import { RawJson } from '../framework/json/value.js';
import { type AccessRequest, type Acl, compileAcl, compileRootAcl, type Decision } from './acl.js';
import { parseAclPolicy } from './parse.js';

function aclOf(...texts: readonly string[]): Acl {
  return compileAcl(texts.map((text, index) => parseAclPolicy(`p${index + 1}`, text)));
}

type More = Partial<Omit<AccessRequest, 'path' | 'operation'>>;

function decide(acl: Acl, operation: Operation, path: string, more: More = {}): Decision {
  return acl.check({
    path,
    operation,
    parameters: new Map(),
    wrapTtlSeconds: null,
    sudoRequired: false,
    ...more,
  });
}

function allow(acl: Acl, operation: Operation, path: string, more: More = {}): void {
  const decision = decide(acl, operation, path, more);
  assert.ok(decision.allowed, `want ${operation} ${path} allowed, got ${decision.reason}`);
}

function deny(acl: Acl, operation: Operation, path: string, reason: string, more: More = {}): void {
  const decision = decide(acl, operation, path, more);
  assert.equal(decision.reason, reason, `${operation} ${path}`);
  assert.equal(decision.allowed, false, `${operation} ${path}`);
  assert.deepEqual(decision.grantingPolicies, []);
}

function body(members: Readonly<Record<string, unknown>>): More {
  const entries = Object.entries(members).map(([name, value]): [string, RawField] => [
    name,
    { kind: 'json', value: new RawJson(Buffer.from(JSON.stringify(value))) },
  ]);
  return { parameters: new Map(entries) };
}

test('nothing is granted that no rule grants', () => {
  const empty = aclOf('');
  deny(empty, 'read', 'secret/a', 'no-rule');
  const acl = aclOf('path "secret/a" { capabilities = ["read"] }');
  allow(acl, 'read', 'secret/a');
  deny(acl, 'update', 'secret/a', 'capability-missing');
  deny(acl, 'read', 'secret/a/b', 'no-rule');
  deny(acl, 'read', 'secret/', 'no-rule');
  deny(acl, 'read', 'Secret/a', 'no-rule');
  deny(acl, 'read', 'secret/a/', 'no-rule');
  deny(aclOf('path "secret/a" { }'), 'read', 'secret/a', 'capability-missing');
});

test('each operation needs its own capability', () => {
  const operations = ['create', 'read', 'update', 'delete', 'list', 'patch', 'scan'] as const;
  for (const granted of operations) {
    const acl = aclOf(`path "x" { capabilities = ["${granted}"] }`);
    for (const operation of operations) {
      if (operation === granted) allow(acl, operation, 'x');
      else deny(acl, operation, 'x', 'capability-missing');
    }
  }
});

test('a trailing star is a prefix, a star elsewhere is a star', () => {
  const acl = aclOf(
    'path "a/b*" { capabilities = ["read"] } path "c/*/d" { capabilities = ["read"] }',
  );
  for (const path of ['a/b', 'a/bc', 'a/b/c/d']) allow(acl, 'read', path);
  deny(acl, 'read', 'a/', 'no-rule');
  deny(acl, 'read', 'c/x/d', 'no-rule');
  allow(acl, 'read', 'c/*/d');
});

test('a plus is one whole segment, never none and never two', () => {
  const acl = aclOf(
    'path "a/+/c" { capabilities = ["read"] } path "b/+/c*" { capabilities = ["read"] }',
  );
  allow(acl, 'read', 'a/x/c');
  deny(acl, 'read', 'a/c', 'no-rule');
  deny(acl, 'read', 'a//c', 'no-rule');
  deny(acl, 'read', 'a/x/y/c', 'no-rule');
  deny(acl, 'read', 'a/x/c/', 'no-rule');
  allow(acl, 'read', 'b/x/cd/e');
  deny(acl, 'read', 'b/x', 'no-rule');
  deny(aclOf('path "a/+" { capabilities = ["list"] }'), 'list', 'a/', 'no-rule');
  deny(aclOf('path "a+/b" { capabilities = ["read"] }'), 'read', 'ax/b', 'no-rule');
});

test('the more specific rule decides, whatever it says', () => {
  const acl = aclOf(`
    path "secret/*" { capabilities = ["read"] }
    path "secret/super" { capabilities = ["deny"] }
    path "secret/team/*" { capabilities = ["update"] }
    path "secret/team/a" { capabilities = ["read"] }`);
  allow(acl, 'read', 'secret/x');
  deny(acl, 'read', 'secret/super', 'denied');
  deny(acl, 'read', 'secret/team/x', 'capability-missing');
  allow(acl, 'update', 'secret/team/x');
  allow(acl, 'read', 'secret/team/a');
  deny(acl, 'update', 'secret/team/a', 'capability-missing');
});

test('each priority rule decides where the ones before it do not', () => {
  const winner = (path: string, ...patterns: readonly string[]): string | null => {
    const rules = patterns.map((pattern) => `path "${pattern}" { capabilities = ["read"] }`);
    return decide(aclOf(rules.join('\n')), 'read', path).matchedPath;
  };
  const rows: readonly (readonly [rule: string, path: string, wins: string, loses: string])[] = [
    ['an exact path beats every wildcard', 'a/b', 'a/b', 'a/*'],
    ['the later first wildcard wins', 'a/b/c', 'a/b/*', 'a/*'],
    ['the later first wildcard wins over an exact end', 'a/b/c', 'a/b/*', 'a/+/c'],
    ['no star at the end wins', 'a/b/c', 'a/+/c', 'a/+/*'],
    ['no star at the end wins over a prefix', 'a/b', 'a/+', 'a/*'],
    ['fewer pluses win', 'a/b/c/d', 'a/+/c/d', 'a/+/+/d'],
    ['the longer wins', 'a/b/c/d', 'a/+/c/*', 'a/+/*'],
    ['the lexicographically greater wins', 'a/b/c/c', 'a/+/c/+', 'a/+/+/c'],
  ];
  for (const [rule, path, wins, loses] of rows) {
    assert.equal(winner(path, wins, loses), wins, rule);
    assert.equal(winner(path, loses, wins), wins, rule);
  }
});

test('the same path in several policies is one rule: united grants, and deny wins', () => {
  const grants = aclOf(
    'path "a/*" { capabilities = ["read"] }',
    'path "a/*" { capabilities = ["update"] }',
  );
  allow(grants, 'read', 'a/x');
  allow(grants, 'update', 'a/x');
  assert.deepEqual(decide(grants, 'update', 'a/x').grantingPolicies, [{ name: 'p2', type: 'acl' }]);
  for (const order of [0, 1]) {
    const texts = [
      'path "a/*" { capabilities = ["read", "sudo"] }',
      'path "/a/*" { capabilities = ["deny"] }',
    ];
    deny(aclOf(...(order === 0 ? texts : texts.reverse())), 'read', 'a/x', 'denied');
  }
  deny(aclOf('path "a" { capabilities = ["read", "deny"] }'), 'read', 'a', 'denied');
});

test('a list cannot step around a deny with a slash (CVE-2026-12624)', () => {
  const wild = aclOf(`
    path "kv/metadata/*" { capabilities = ["list"] }
    path "kv/metadata/private/*" { capabilities = ["deny"] }`);
  allow(wild, 'list', 'kv/metadata/open/');
  deny(wild, 'list', 'kv/metadata/private/', 'denied');
  deny(wild, 'scan', 'kv/metadata/private/', 'denied');
  const exact = aclOf(
    'path "kv/*" { capabilities = ["list", "read"] } path "kv/x" { capabilities = ["deny"] }',
  );
  deny(exact, 'list', 'kv/x/', 'denied');
  deny(exact, 'read', 'kv/x/', 'denied');
  const slash = aclOf(
    'path "kv/x" { capabilities = ["list"] } path "kv/x/" { capabilities = ["deny"] }',
  );
  deny(slash, 'list', 'kv/x/', 'denied');
  const segment = aclOf(
    'path "kv/*" { capabilities = ["list"] } path "kv/+" { capabilities = ["deny"] }',
  );
  deny(segment, 'list', 'kv/x/', 'denied');
});

test('a list may be granted with and without the slash', () => {
  allow(aclOf('path "kv/x/" { capabilities = ["list"] }'), 'list', 'kv/x/');
  allow(aclOf('path "kv/x" { capabilities = ["list"] }'), 'list', 'kv/x/');
  allow(aclOf('path "kv/+" { capabilities = ["list"] }'), 'list', 'kv/x/');
  deny(aclOf('path "kv/x" { capabilities = ["read"] }'), 'read', 'kv/x/', 'no-rule');
  const narrow = aclOf(
    'path "kv/*" { capabilities = ["deny"] } path "kv/x/*" { capabilities = ["list"] }',
  );
  allow(narrow, 'list', 'kv/x/');
  deny(narrow, 'list', 'kv/y/', 'denied');
});

test('protected paths need sudo beside the capability', () => {
  const acl = aclOf(
    'path "sys/a" { capabilities = ["read", "sudo"] } path "sys/b" { capabilities = ["read"] }',
  );
  allow(acl, 'read', 'sys/a', { sudoRequired: true });
  deny(acl, 'update', 'sys/a', 'capability-missing', { sudoRequired: true });
  deny(acl, 'read', 'sys/b', 'sudo-required', { sudoRequired: true });
  allow(acl, 'read', 'sys/b');
});

test('wrapping bounds ask for a wrapped response', () => {
  const acl = aclOf(
    'path "a" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "1h" }',
  );
  allow(acl, 'read', 'a', { wrapTtlSeconds: 60 });
  allow(acl, 'read', 'a', { wrapTtlSeconds: 3600 });
  deny(acl, 'read', 'a', 'wrapping-required');
  deny(acl, 'read', 'a', 'wrapping-ttl-out-of-bounds', { wrapTtlSeconds: 59 });
  deny(acl, 'read', 'a', 'wrapping-ttl-out-of-bounds', { wrapTtlSeconds: 3601 });
  const merged = aclOf(
    'path "a" { capabilities = ["read"] min_wrapping_ttl = "2m" }',
    'path "a" { min_wrapping_ttl = "1m" max_wrapping_ttl = "90s" }',
  );
  allow(merged, 'read', 'a', { wrapTtlSeconds: 60 });
  deny(merged, 'read', 'a', 'wrapping-ttl-out-of-bounds', { wrapTtlSeconds: 91 });
});

test('parameters are limited on writes and reads, not on lists and deletes', () => {
  const acl = aclOf(
    'path "a" { capabilities = ["create", "update", "patch", "read", "delete", "list"] required_parameters = ["K"] }',
  );
  for (const operation of ['create', 'update', 'patch', 'read'] as const) {
    deny(acl, operation, 'a', 'parameter-required');
    allow(acl, operation, 'a', body({ k: 1 }));
  }
  allow(acl, 'delete', 'a');
  allow(acl, 'list', 'a');
  assert.equal(decide(acl, 'update', 'a').parameter, 'k');
});

test('root may do everything, and only the root ACL is root', () => {
  const root = compileRootAcl();
  allow(root, 'delete', 'sys/anything', { sudoRequired: true });
  assert.deepEqual(root.capabilities('x'), ['root']);
  assert.equal(decide(root, 'read', 'x').reason, 'root');
  assert.equal(root.anyAccessBelow('x/'), true);
  assert.equal(root.resultant().root, true);
  const named = compileAcl([parseAclPolicy('root', '')]);
  assert.equal(named.isRoot, false);
  deny(named, 'read', 'x', 'no-rule');
});

test('capabilities are sorted, and deny where there are none', () => {
  const acl = aclOf(
    'path "a/*" { capabilities = ["update", "create"] } path "a/no" { capabilities = ["deny"] } path "e" { }',
  );
  assert.deepEqual(acl.capabilities('a/x'), ['create', 'update']);
  assert.deepEqual(acl.capabilities('a/no'), ['deny']);
  assert.deepEqual(acl.capabilities('b'), ['deny']);
  assert.deepEqual(acl.capabilities('e'), ['deny']);
});

test('the resultant ACL lists exact paths and wildcards apart', () => {
  const acl = aclOf(`
    path "a" { capabilities = ["read"] }
    path "b/*" { capabilities = ["list"] }
    path "c/+/d*" { capabilities = ["deny"] }`);
  assert.deepEqual(JSON.parse(JSON.stringify(acl.resultant())), {
    root: false,
    exact_paths: { a: { capabilities: ['read'] } },
    glob_paths: { 'b/': { capabilities: ['list'] }, 'c/+/d*': { capabilities: ['deny'] } },
  });
});

test('access below a mount is seen, and a denied mount is not', () => {
  const rows: readonly (readonly [name: string, text: string, want: boolean])[] = [
    ['an exact path below', 'path "kv/data/x" { capabilities = ["read"] }', true],
    ['a prefix below', 'path "kv/data/*" { capabilities = ["read"] }', true],
    ['a prefix above', 'path "*" { capabilities = ["read"] }', true],
    ['segments that lead below', 'path "+/data/x" { capabilities = ["read"] }', true],
    ['the mount itself, for lists', 'path "kv" { capabilities = ["list"] }', true],
    ['any one segment, for lists', 'path "+" { capabilities = ["list"] }', true],
    ['another mount', 'path "kv2/*" { capabilities = ["read"] }', false],
    ['an exact path above', 'path "k" { capabilities = ["read"] }', false],
    ['only a deny', 'path "kv/*" { capabilities = ["deny"] }', false],
    ['no capability at all', 'path "kv/*" { }', false],
    [
      'a prefix above that a deny of the mount overrules',
      'path "*" { capabilities = ["read"] } path "kv/*" { capabilities = ["deny"] }',
      false,
    ],
    [
      'a denied mount with a hole in it',
      'path "kv/*" { capabilities = ["deny"] } path "kv/a" { capabilities = ["read"] }',
      true,
    ],
  ];
  for (const [name, text, want] of rows)
    assert.equal(aclOf(text).anyAccessBelow('kv/'), want, name);
});

test('a path of a million slashes is looked up as fast as any other', () => {
  const acl = aclOf('path "identity/oidc/+/authorize" { capabilities = ["read"] }');
  // With work that grows with the square of the length this takes an hour.
  assert.deepEqual(acl.capabilities('a/'.repeat(1_000_000)), ['deny']);
  assert.deepEqual(acl.capabilities('identity/oidc/x/authorize'), ['read']);
  assert.deepEqual(aclOf('path "+/x" { capabilities = ["read"] }').capabilities('a/x'), ['read']);
});

test('an explanation names the rule, its policies and lines, and what it overrules', () => {
  const acl = aclOf(
    'path "a/*" { capabilities = ["read"] }\npath "a/b" {\n capabilities = ["list"] comment = "why" }',
    'path "a/b" { capabilities = ["deny"] }',
  );
  const explanation = acl.explain('a/b', 'read');
  assert.equal(explanation.allowed, false);
  assert.match(
    explanation.summary,
    /^read on "a\/b" is denied by the rule for "a\/b": a policy denies/,
  );
  assert.deepEqual(explanation.decidedBy?.sources, [
    { policy: 'p1', line: 2, capabilities: ['list'], comment: 'why' },
    { policy: 'p2', line: 1, capabilities: ['deny'], comment: '' },
  ]);
  assert.deepEqual(
    explanation.overruled.map(({ path, because }) => [path, because]),
    [['a/*', 'the exact path "a/b" comes before any wildcard']],
  );
  assert.equal(acl.explain('z', 'read').reason, 'no-rule');
  assert.equal(acl.explain('z', 'read').decidedBy, null);
});
