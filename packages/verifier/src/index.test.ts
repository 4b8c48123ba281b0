import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import * as api from './index.js';

it('the main door leads to no module of Node', () => {
  const seen = new Set<string>();
  const follow = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const code = readFileSync(url, 'utf8');
    for (const [, target = ''] of code.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      assert.match(target, /^\.{1,2}\//, `${url.pathname} imports ${target}`);
      follow(new URL(target, url));
    }
  };
  follow(new URL('./index.js', import.meta.url));
  assert.ok(seen.size > 30);
});

it('nothing that makes verified claims is exported', () => {
  assert.deepEqual(
    Object.keys(api).filter((name) => /mint|assertVerified|isActivated/i.test(name)),
    [],
  );
});
