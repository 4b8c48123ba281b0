import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turnstile } from './turnstile.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('work on one key goes one after the other, in order, failures included', async () => {
  const turnstile = new Turnstile();
  const seen: string[] = [];
  const work = (name: string, fails: boolean) => async () => {
    seen.push(`${name} in`);
    await turn();
    seen.push(`${name} out`);
    if (fails) throw new Error(name);
    return name;
  };
  const results = await Promise.allSettled([
    turnstile.pass('k', work('a', false)),
    turnstile.pass('k', work('b', true)),
    turnstile.pass('k', work('c', false)),
  ]);
  assert.deepEqual(seen, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('work on different keys does not wait', async () => {
  const turnstile = new Turnstile();
  let release = (): void => undefined;
  const held = turnstile.pass('a', () => new Promise<void>((resolve) => (release = resolve)));
  assert.equal(await turnstile.pass('b', async () => 'through'), 'through');
  release();
  await held;
});
