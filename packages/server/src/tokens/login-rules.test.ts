// What a login becomes, and which grants no login may give.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthGrant } from '../framework/backend.js';
import { type LoginContext, planLogin } from './login-rules.js';
import type { TokenSpec } from './token-spec.js';

const GRANT: AuthGrant = {
  displayName: 'ann',
  policies: ['b', 'A'],
  metadata: { username: 'ann' },
  aliasName: 'ann',
  ttlSeconds: 60,
  maxTtlSeconds: 600,
  explicitMaxTtlSeconds: 0,
  periodSeconds: 0,
  numUses: 0,
  renewable: true,
  noDefaultPolicy: false,
  tokenType: 'default',
  boundCidrs: ['10.0.0.0/8'],
  internal: { username: 'ann' },
  boundKey: { spkiSha256: 'k' },
};
const CONTEXT: LoginContext = {
  mount: {
    path: 'auth/team/users/',
    uuid: 'm1',
    defaultLeaseTtlSeconds: 3600,
    maxLeaseTtlSeconds: 7200,
    tokenType: '',
  },
  requestPath: 'auth/team/users/login/ann',
  entityId: 'e1',
  now: 1_700_000_000_000,
};

function mountType(tokenType: LoginContext['mount']['tokenType']): LoginContext {
  return { ...CONTEXT, mount: { ...CONTEXT.mount, tokenType } };
}

const gives: readonly [string, Partial<AuthGrant>, LoginContext, Partial<TokenSpec>][] = [
  ['sorted policies with default', {}, CONTEXT, { policies: ['a', 'b', 'default'], parentId: '' }],
  ['no default where it is left out', { noDefaultPolicy: true }, CONTEXT, { policies: ['a', 'b'] }],
  ['a display name from the mount', {}, CONTEXT, { displayName: 'team-users-ann' }],
  ['the mount default', { ttlSeconds: 0, maxTtlSeconds: 0 }, CONTEXT, { ttlSeconds: 3600 }],
  ['no more than the mount', { ttlSeconds: 9000, maxTtlSeconds: 0 }, CONTEXT, { ttlSeconds: 7200 }],
  [
    'no more than the role',
    { ttlSeconds: 700 },
    CONTEXT,
    { ttlSeconds: 600, roleMaxTtlSeconds: 600 },
  ],
  ['a period', { periodSeconds: 90 }, CONTEXT, { ttlSeconds: 90, periodSeconds: 90 }],
  [
    'what the method bound',
    {},
    CONTEXT,
    {
      boundCidrs: ['10.0.0.0/8'],
      boundKey: { spkiSha256: 'k' },
      mountUuid: 'm1',
      internal: { username: 'ann' },
    },
  ],
  [
    'batch where the mount defaults to it',
    {},
    mountType('default-batch'),
    { type: 'batch', renewable: false },
  ],
  [
    'service where the role insists',
    { tokenType: 'service' },
    mountType('default-batch'),
    { type: 'service' },
  ],
  [
    'batch where the mount insists',
    { tokenType: 'service' },
    mountType('batch'),
    { type: 'batch' },
  ],
];
for (const [name, change, context, want] of gives) {
  test(`gives ${name}`, () => {
    const { spec } = planLogin({ ...GRANT, ...change }, context);
    for (const [key, value] of Object.entries(want)) {
      assert.deepEqual(spec[key as keyof TokenSpec], value, key);
    }
  });
}

const noEnd = { ...CONTEXT.mount, defaultLeaseTtlSeconds: 0 };
const refusals: readonly [string, Partial<AuthGrant>, LoginContext][] = [
  ['root', { policies: ['root'] }, CONTEXT],
  ['root in other letters', { policies: ['a', ' ROOT'] }, CONTEXT],
  ['a reserved policy', { policies: ['response-wrapping'] }, CONTEXT],
  ['limited uses on a batch token', { numUses: 1 }, mountType('batch')],
  ['a period on a batch token', { periodSeconds: 60, tokenType: 'batch' }, CONTEXT],
  ['a hard end on a batch token', { explicitMaxTtlSeconds: 60 }, mountType('default-batch')],
  ['a token without an end', { ttlSeconds: 0 }, { ...CONTEXT, mount: noEnd }],
];
for (const [name, change, context] of refusals) {
  test(`refuses a login that gives ${name}`, () => {
    assert.throws(() => planLogin({ ...GRANT, ...change }, context), {
      code: 'login-grant-refused',
    });
  });
}
