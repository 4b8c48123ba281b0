// Which quota counts a request: the most specific one, on the path that is routed and audited.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeQuotaTable, type RateLimitRule, RuleIndex } from './rules.js';

function rule(path: string, role = ''): RateLimitRule {
  const name = `${path}|${role}`;
  return { name, path, role, rate: 1, intervalSeconds: 1, blockSeconds: 0 };
}

const CONFIG = {
  auditRefusals: false,
  responseHeaders: false,
  exemptPaths: ['sys/health', 'kv/x*'],
};
const PATHS = ['', 'kv/', 'kv/data/a', 'kv/data/*', 'kv/data/deep/*', 'auth/door/'];
const index = new RuleIndex({
  config: CONFIG,
  rules: [...PATHS.map((path) => rule(path)), rule('auth/door/', 'guest')],
});

describe('RuleIndex', () => {
  for (const [path, expected] of [
    ['sys/mounts', ''],
    ['other/kv/data/a', ''],
    ['kv', 'kv/'],
    ['kv/', 'kv/'],
    ['kv/metadata/a', 'kv/'],
    ['kvx/a', ''],
    ['kv/data/a', 'kv/data/a'],
    ['kv/data/a/', 'kv/data/a'],
    ['kv/data/b', 'kv/data/*'],
    ['kv/data/a/b', 'kv/data/*'],
    ['kv/data/deep/er', 'kv/data/deep/*'],
    ['auth/door/login', 'auth/door/'],
    ['auth/other/login', ''],
  ] as const) {
    it(`counts ${path} under ${expected === '' ? 'the quota for all' : expected}`, () => {
      assert.equal(index.find(path)?.path, expected);
    });
  }

  it('finds the quota of a role at its mount only', () => {
    assert.equal(index.findForRole('auth/door/', 'guest')?.role, 'guest');
    assert.equal(index.findForRole('auth/door/', 'Guest'), null);
    assert.equal(index.findForRole('auth/other/', 'guest'), null);
    const asked = ['auth/door/login', 'auth/doors/login', 'kv/data/a', 'auth/door'];
    assert.deepEqual(
      asked.filter((path) => index.isBelowRoles(path)),
      ['auth/door/login'],
    );
  });

  it('exempts the paths named, and what begins with those that end in a star', () => {
    const asked = ['sys/health', 'sys/health/', 'kv/x', 'kv/xyz', 'sys/healthy', 'kv/y', 'kv'];
    const exempt = asked.filter((path) => index.isExempt(path));
    assert.deepEqual(exempt, ['sys/health', 'sys/health/', 'kv/x', 'kv/xyz']);
  });

  it('finds nothing where no quota is for all', () => {
    const narrow = new RuleIndex({ config: CONFIG, rules: [rule('kv/')] });
    assert.equal(narrow.find('sys/mounts'), null);
    assert.equal(narrow.find('kvx'), null);
    assert.equal(narrow.isBelowRoles('kv/a'), false);
  });

  it('refuses a stored table that is none of ours', () => {
    assert.throws(() => decodeQuotaTable({ format: 2 }), { code: 'quotas-unreadable' });
  });
});
