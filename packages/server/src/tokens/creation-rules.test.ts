// Who may make which token. Each refusal with Vault's text; each acceptance with what the child gets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CreationContext,
  type CreationRequest,
  checkEntityAlias,
  planCreation,
} from './creation-rules.js';
import { SPENT, type TokenEntry } from './entry.js';
import { canonicalPolicies } from './policies.js';
import { defaultTokenRole, type TokenRole } from './role.js';
import { rootTokenSpec, type TokenSpec } from './token-spec.js';

const NOW = 1_700_000_000_000;
const DAY = 86_400;
const { customId: _, numUses: __, ...base } = rootTokenSpec(null);
const ROOT: TokenEntry = {
  ...base,
  id: 'hroot',
  accessor: 'a',
  usesLeft: 0,
  createdAt: NOW,
  expiresAt: null,
  lastRenewedAt: null,
  isRevoking: false,
};
const PARENT: TokenEntry = {
  ...ROOT,
  id: 'hparent',
  policies: ['a', 'b', 'default'],
  entityId: 'e1',
  ttlSeconds: DAY,
  expiresAt: NOW + DAY * 1000,
};
const ASK: CreationRequest = {
  id: null,
  policies: [],
  metadata: {},
  noParent: false,
  noDefaultPolicy: false,
  renewable: true,
  ttlSeconds: 0,
  explicitMaxTtlSeconds: 0,
  periodSeconds: 0,
  type: '',
  displayName: '',
  numUses: 0,
  entityAlias: '',
};
const CONTEXT: CreationContext = {
  parent: PARENT,
  hasSudo: false,
  role: null,
  isOrphanPath: false,
  path: 'auth/token/create',
  limits: { defaultTtlSeconds: 32 * DAY, maxTtlSeconds: 32 * DAY },
  aliasEntityId: '',
  now: NOW,
};
const ROLE = defaultTokenRole('ci');
const ROOT_CALL: Partial<CreationContext> = { parent: ROOT, hasSudo: true };

function role(change: Partial<TokenRole>): Partial<CreationContext> {
  return { role: { ...ROLE, ...change } };
}

const refusals: readonly [string, Partial<CreationRequest>, Partial<CreationContext>, string][] = [
  ['a parent that is gone', {}, { parent: null }, 'parent token lookup failed: no parent found'],
  [
    'a batch parent',
    {},
    { parent: { ...PARENT, type: 'batch' } },
    'batch tokens cannot create more tokens',
  ],
  [
    'a parent with limited uses',
    {},
    { parent: { ...PARENT, usesLeft: 3 } },
    'restricted use token cannot generate child tokens',
  ],
  [
    'a parent on its last use',
    {},
    { parent: { ...PARENT, usesLeft: SPENT } },
    'restricted use token cannot generate child tokens',
  ],
  [
    'a policy that the parent has not',
    { policies: ['c'] },
    {},
    'child policies must be subset of parent',
  ],
  [
    'root asked for by a plain parent',
    { policies: ['root'] },
    {},
    'child policies must be subset of parent',
  ],
  ['root in any spelling', { policies: [' RooT '] }, {}, 'child policies must be subset of parent'],
  [
    'root asked for with sudo only',
    { policies: ['root'] },
    { hasSudo: true },
    'root tokens may not be created without parent token being root',
  ],
  [
    'root by a role that allows it',
    { policies: ['root'] },
    role({ allowedPolicies: ['root'] }),
    'root tokens may not be created without parent token being root',
  ],
  [
    'root by a glob that covers it',
    { policies: ['root'] },
    role({ allowedPoliciesGlob: ['*'] }),
    'root tokens may not be created without parent token being root',
  ],
  [
    'a batch token that is root',
    { policies: ['root'], type: 'batch' },
    ROOT_CALL,
    'batch tokens cannot be root tokens',
  ],
  [
    'a batch token with uses',
    { type: 'batch', numUses: 1 },
    {},
    'batch tokens cannot have "num_uses" set',
  ],
  [
    'a batch token with a period',
    { type: 'batch', periodSeconds: 1 },
    ROOT_CALL,
    'batch tokens cannot have "period" set',
  ],
  [
    'a batch token with a hard end',
    { type: 'batch', explicitMaxTtlSeconds: 1 },
    {},
    'batch tokens cannot have "explicit_max_ttl" set',
  ],
  [
    'a batch token whose role sets a period',
    { type: 'batch' },
    role({ periodSeconds: 60 }),
    'batch tokens cannot have "period" set',
  ],
  ['an unknown type', { type: 'recovery' }, {}, "invalid 'token_type' value"],
  ['negative uses', { numUses: -1 }, {}, 'number of uses cannot be negative'],
  [
    'an id without sudo',
    { id: Buffer.from('mine') },
    {},
    'root or sudo privileges required to specify token id',
  ],
  [
    'an id with a dot',
    { id: Buffer.from('hvs.mine') },
    ROOT_CALL,
    "custom token ID cannot have the '.' character",
  ],
  [
    'an orphan without sudo',
    { noParent: true },
    {},
    'root or sudo privileges required to create orphan token',
  ],
  [
    'a period without sudo',
    { periodSeconds: 60 },
    {},
    'root or sudo privileges required to create periodic token',
  ],
  [
    'an endless root by an expiring one',
    { policies: ['root'] },
    { ...ROOT_CALL, parent: { ...ROOT, expiresAt: NOW + 1000 } },
    'expiring root tokens cannot create non-expiring root tokens',
  ],
  [
    'an endless root inherited from an expiring one',
    {},
    { ...ROOT_CALL, parent: { ...ROOT, expiresAt: NOW + 1000 } },
    'expiring root tokens cannot create non-expiring root tokens',
  ],
  [
    'response-wrapping, even for root',
    { policies: ['response-wrapping'] },
    ROOT_CALL,
    'cannot assign policy "response-wrapping"',
  ],
  [
    'control-group, even for root',
    { policies: ['control-group'] },
    ROOT_CALL,
    'cannot assign policy "control-group"',
  ],
  [
    'a policy outside the role',
    { policies: ['c'] },
    role({ allowedPolicies: ['a'] }),
    `token policies (["c" "default"]) must be subset of the role's allowed policies (["a" "default"])`,
  ],
  [
    'a policy outside the globs',
    { policies: ['x-c'], noDefaultPolicy: true },
    role({ allowedPoliciesGlob: ['dev-*'] }),
    `token policies (["x-c"]) must be subset of the role's allowed policies ([])`,
  ],
  [
    'a policy that the role disallows',
    { policies: ['b'] },
    role({ disallowedPolicies: ['b'] }),
    'token policy "b" is disallowed by this role',
  ],
  [
    'a disallowed policy in other letters',
    { policies: ['B'] },
    role({ disallowedPolicies: ['b'] }),
    'token policy "b" is disallowed by this role',
  ],
  [
    'a policy under a disallowed glob',
    { policies: ['admin-x'] },
    role({ disallowedPoliciesGlob: ['admin*'] }),
    'token policy "admin-x" is disallowed by this role',
  ],
  [
    'an inherited policy that the role disallows',
    {},
    role({ disallowedPolicies: ['a'] }),
    'token policy "a" is disallowed by this role',
  ],
  [
    'an alias without a role',
    { entityAlias: 'ann' },
    {},
    "'entity_alias' is only allowed in combination with token role",
  ],
  [
    'an alias that the role does not allow',
    { entityAlias: 'ann' },
    role({ allowedEntityAliases: ['bob*'] }),
    "invalid 'entity_alias' value",
  ],
  [
    'addresses beyond those of the parent',
    {},
    { ...role({ boundCidrs: ['0.0.0.0/0'] }), parent: { ...PARENT, boundCidrs: ['10.0.0.0/8'] } },
    "role's bound CIDRs must lie within those of the parent token",
  ],
];
for (const [name, ask, context, message] of refusals) {
  test(`refuses ${name}`, () => {
    assert.throws(() => planCreation({ ...ASK, ...ask }, { ...CONTEXT, ...context }), {
      message,
      kind: 'invalid-request',
    });
  });
}

const gives: readonly [
  string,
  Partial<CreationRequest>,
  Partial<CreationContext>,
  Partial<TokenSpec>,
][] = [
  [
    'nothing asked: the parent’s policies',
    {},
    {},
    { policies: ['a', 'b', 'default'], parentId: 'hparent', entityId: 'e1' },
  ],
  [
    'a parent without default hands none down',
    {},
    { parent: { ...PARENT, policies: ['a'] } },
    { policies: ['a'] },
  ],
  ['a subset, with the parent’s default', { policies: ['a'] }, {}, { policies: ['a', 'default'] }],
  ['a subset without default', { policies: ['a'], noDefaultPolicy: true }, {}, { policies: ['a'] }],
  [
    'no default on top of a parent without it',
    { policies: ['a'] },
    { parent: { ...PARENT, policies: ['a', 'b'] } },
    { policies: ['a'] },
  ],
  ['sudo: any policy', { policies: ['z'] }, { hasSudo: true }, { policies: ['default', 'z'] }],
  ['root makes root without end', {}, ROOT_CALL, { policies: ['root'], ttlSeconds: 0 }],
  [
    'root makes root with an end',
    { ttlSeconds: 60 },
    ROOT_CALL,
    { policies: ['root'], ttlSeconds: 60 },
  ],
  [
    'an expiring root makes an expiring root',
    { ttlSeconds: 60 },
    { ...ROOT_CALL, parent: { ...ROOT, expiresAt: NOW + 1 } },
    { ttlSeconds: 60 },
  ],
  ['the mount default as lifetime', {}, {}, { ttlSeconds: 32 * DAY }],
  [
    'the hard end caps the lifetime',
    { explicitMaxTtlSeconds: 60 },
    {},
    { ttlSeconds: 60, explicitMaxTtlSeconds: 60 },
  ],
  [
    'the smaller hard end of two',
    { explicitMaxTtlSeconds: 60 },
    role({ explicitMaxTtlSeconds: 30 }),
    { explicitMaxTtlSeconds: 30 },
  ],
  [
    'an orphan by path has neither parent nor entity',
    {},
    { isOrphanPath: true },
    { parentId: '', entityId: '' },
  ],
  ['an orphan by role', { noParent: true }, role({ orphan: true }), { parentId: '' }],
  ['an orphan by sudo', { noParent: true }, { hasSudo: true }, { parentId: '' }],
  ['a period by role', {}, role({ periodSeconds: 60 }), { periodSeconds: 60, ttlSeconds: 60 }],
  [
    'role policies when none are asked for',
    {},
    role({ allowedPolicies: ['x', 'y'] }),
    { policies: ['default', 'x', 'y'] },
  ],
  [
    'a policy under an allowed glob',
    { policies: ['dev-1'] },
    role({ allowedPoliciesGlob: ['dev-*', 'default'] }),
    { policies: ['default', 'dev-1'] },
  ],
  [
    'a role that disallows default leaves it out',
    { policies: ['x'] },
    role({ disallowedPolicies: ['default'] }),
    { policies: ['x'] },
  ],
  [
    'a role without lists keeps the subset rule',
    { policies: ['a'] },
    role({}),
    { policies: ['a', 'default'], role: 'ci' },
  ],
  [
    'the path suffix of the role',
    {},
    role({ pathSuffix: 'east' }),
    { path: 'auth/token/create/east' },
  ],
  ['the smaller number of uses', { numUses: 9 }, role({ numUses: 4 }), { numUses: 4 }],
  [
    'a batch token is never renewable',
    { type: 'batch' },
    {},
    { type: 'batch', renewable: false, parentId: 'hparent' },
  ],
  [
    'a role’s type wins over the request',
    { type: 'service' },
    role({ tokenType: 'batch' }),
    { type: 'batch' },
  ],
  [
    'a request wins over a default type',
    { type: 'service' },
    role({ tokenType: 'default-batch' }),
    { type: 'service' },
  ],
  [
    'a token that never expires is not renewable',
    { policies: ['root'], ttlSeconds: 0 },
    ROOT_CALL,
    { ttlSeconds: 0, renewable: false },
  ],
  ['a role that forbids renewal', {}, role({ renewable: false }), { renewable: false }],
  [
    'the alias’ entity',
    { entityAlias: 'Ann' },
    { ...role({ allowedEntityAliases: ['a*'] }), aliasEntityId: 'e9' },
    { entityId: 'e9' },
  ],
  [
    'the parent’s addresses, orphans too',
    {},
    { isOrphanPath: true, parent: { ...PARENT, boundCidrs: ['10.0.0.0/8'] } },
    { boundCidrs: ['10.0.0.0/8'] },
  ],
  [
    'narrower addresses by role',
    {},
    { ...role({ boundCidrs: ['10.1.0.0/16'] }), parent: { ...PARENT, boundCidrs: ['10.0.0.0/8'] } },
    { boundCidrs: ['10.1.0.0/16'] },
  ],
  [
    'the parent’s key, orphans too',
    {},
    { isOrphanPath: true, parent: { ...PARENT, boundKey: { spkiSha256: 'k' } } },
    { boundKey: { spkiSha256: 'k' } },
  ],
  ['a clean display name', { displayName: 'ci job/7!' }, {}, { displayName: 'token-ci-job-7' }],
];
for (const [name, ask, context, want] of gives) {
  test(`gives ${name}`, () => {
    const { spec } = planCreation({ ...ASK, ...ask }, { ...CONTEXT, ...context });
    for (const [key, value] of Object.entries(want)) {
      assert.deepEqual(spec[key as keyof TokenSpec], value, key);
    }
  });
}

test('a lifetime beyond the mount is capped, with a warning', () => {
  const { spec, warnings } = planCreation({ ...ASK, ttlSeconds: 40 * DAY }, CONTEXT);
  assert.equal(spec.ttlSeconds, 32 * DAY);
  assert.deepEqual(warnings, [
    'TTL of "960h0m0s" exceeded the effective max_ttl of "768h0m0s"; TTL value is capped accordingly',
  ]);
});

test('an alias is compared in lower case', () => {
  checkEntityAlias({ ...ROLE, allowedEntityAliases: ['svc-*'] }, 'SVC-1');
});

test('without sudo or role no child has a policy that its parent has not', () => {
  const names = fc.array(fc.constantFrom('a', 'b', 'c', 'default', ' A', 'B ', 'root', 'ROOT', ''));
  fc.assert(
    fc.property(names, names, fc.boolean(), (requested, held, noDefaultPolicy) => {
      const policies = canonicalPolicies(held);
      const context = { ...CONTEXT, parent: { ...PARENT, policies } };
      let got: readonly string[];
      try {
        got = planCreation({ ...ASK, policies: requested, noDefaultPolicy }, context).spec.policies;
      } catch {
        return;
      }
      assert.ok(got.every((name) => policies.includes(name)));
      assert.deepEqual(got, canonicalPolicies(got));
    }),
    { numRuns: 2000 },
  );
});
