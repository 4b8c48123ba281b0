// Identity templates: what resolves, what is skipped, and that no identity can widen a path.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileAcl } from './acl.js';
import { parseAclPolicy } from './parse.js';
import { expandTemplate, findPathTemplate, type TemplateIdentity } from './template.js';

const ALICE: TemplateIdentity = {
  entityId: 'e-1',
  entityName: 'alice',
  metadata: { team: 'red', wide: 'a/b', 'with.dot': 'd', star: '*', plus: '+', empty: '' },
  aliases: [
    {
      id: 'al-1',
      name: 'alice@corp',
      mountAccessor: 'auth_userpass_1',
      metadata: { uid: '7' },
      customMetadata: { floor: '3' },
    },
  ],
  groups: [{ id: 'g-1', name: 'ops.eu', metadata: { tier: 'one' } }],
};

function expand(path: string, identity: TemplateIdentity | null = ALICE): string {
  const template = findPathTemplate(path);
  if (template === null) return 'refused';
  const expansion = expandTemplate(template, identity);
  return expansion.ok ? expansion.path : expansion.why;
}

test('expressions resolve to what the identity has', () => {
  const rows = [
    ['a/{{identity.entity.id}}/b', 'a/e-1/b'],
    ['{{ identity.entity.name }}', 'alice'],
    ['{{identity.entity.metadata.team}}', 'red'],
    ['{{identity.entity.metadata.with.dot}}', 'd'],
    ['{{identity.entity.aliases.auth_userpass_1.id}}', 'al-1'],
    ['{{identity.entity.aliases.auth_userpass_1.name}}', 'alice@corp'],
    ['{{identity.entity.aliases.auth_userpass_1.metadata.uid}}', '7'],
    ['{{identity.entity.aliases.auth_userpass_1.custom_metadata.floor}}', '3'],
    ['{{identity.groups.ids.g-1.name}}', 'ops.eu'],
    ['{{identity.groups.names.ops.eu.id}}', 'g-1'],
    ['{{identity.groups.names.ops.eu.metadata.tier}}', 'one'],
    ['{{identity.entity.id}}-{{identity.entity.name}}', 'e-1-alice'],
  ] as const;
  for (const [path, want] of rows) assert.equal(expand(path), want, path);
});

test('what is missing, unsafe or unknown does not resolve', () => {
  const rows = [
    ['{{identity.entity.metadata.nope}}', 'unresolved'],
    ['{{identity.entity.metadata.empty}}', 'unresolved'],
    ['{{identity.entity.metadata.toString}}', 'unresolved'],
    ['{{identity.entity.aliases.auth_other.name}}', 'unresolved'],
    ['{{identity.groups.ids.g-2.name}}', 'unresolved'],
    ['{{identity.groups.names.ops.id}}', 'unresolved'],
    ['{{identity.entity.metadata.wide}}', 'unsafe-value'],
    ['{{identity.entity.metadata.star}}', 'unsafe-value'],
    ['{{identity.entity.metadata.plus}}', 'unsafe-value'],
    ['{{identity.entity.aliases}}', 'refused'],
    ['{{identity.entity.metadata.}}', 'refused'],
    ['{{identity.groups.names.ops.name}}', 'refused'],
    ['{{time.now}}', 'refused'],
    ['{{constructor}}', 'refused'],
    ['{{identity.entity.constructor}}', 'refused'],
  ] as const;
  for (const [path, want] of rows) assert.equal(expand(path), want, path);
  assert.equal(expand('{{identity.entity.id}}', null), 'unresolved');
});

test('a value is never expanded again', () => {
  const sly = { ...ALICE, entityName: '{{identity.entity.id}}' };
  assert.equal(expand('{{identity.entity.name}}', sly), '{{identity.entity.id}}');
});

const TEMPLATED = parseAclPolicy(
  'own',
  'path "kv/{{identity.entity.name}}/*" { capabilities = ["read"] }',
);

function canRead(identity: TemplateIdentity | null, path: string): boolean {
  const acl = compileAcl([TEMPLATED], identity);
  const request = { path, operation: 'read', parameters: new Map(), wrapTtlSeconds: null } as const;
  return acl.check({ ...request, sudoRequired: false }).allowed;
}

test('a templated rule holds for its own identity only', () => {
  assert.equal(canRead(ALICE, 'kv/alice/x'), true);
  assert.equal(canRead(ALICE, 'kv/bob/x'), false);
  assert.equal(canRead(null, 'kv/alice/x'), false);
  assert.equal(canRead(null, 'kv/{{identity.entity.name}}/x'), false);
  const acl = compileAcl([TEMPLATED], null);
  assert.deepEqual(acl.skippedRules, [
    { policy: 'own', line: 1, path: 'kv/{{identity.entity.name}}/*', why: 'unresolved' },
  ]);
});

test('no name reaches beyond its own folder (CVE-2026-5006, CVE-2026-71543)', () => {
  const names = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom('+', '*', '/', 'a', 'bob', '..', '{{', '}}')).map((p) => p.join('')),
  );
  for (const name of ['+', '*', 'bob/', '+/', 'bob/*', '/bob']) {
    assert.equal(canRead({ ...ALICE, entityName: name }, 'kv/bob/x'), false, name);
  }
  fc.assert(
    fc.property(names, (name) => {
      if (name === 'bob') return;
      assert.equal(canRead({ ...ALICE, entityName: name }, 'kv/bob/x'), false);
    }),
    { numRuns: 2000 },
  );
});
