// What one pass does when a part of it fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Expirer, type ExpirerParts } from './expirer.js';
import { openTestServer } from './testing/open-server.js';

async function passWith(chores: ExpirerParts['chores']): Promise<readonly string[]> {
  const { active } = await openTestServer();
  const faults: string[] = [];
  const expirer = new Expirer({
    revocation: active.revocation,
    chores,
    clock: () => 1_700_000_000_000,
    intervalMs: 1000,
    onFault: (error) => void faults.push(String(error)),
  });
  await expirer.pass();
  return faults;
}

test('a chore that fails keeps none of the others from being done', async () => {
  const done: string[] = [];
  const chore = (name: string) => async (): Promise<void> => void done.push(name);
  const broken = async (): Promise<void> => {
    throw new Error('no');
  };
  const brokenAtOnce = (): Promise<void> => {
    throw new Error('not even begun');
  };
  const chores = [chore('a'), broken, chore('b'), brokenAtOnce, chore('c')];
  assert.deepEqual(await passWith(chores), ['Error: no', 'Error: not even begun']);
  assert.deepEqual(done, ['a', 'b', 'c']);
});

test('each mount is tidied, whichever of the others fails', async () => {
  for (const broken of ['leasing', 'door']) {
    const server = await openTestServer();
    const tidied: string[] = [];
    server.steering.tidy = async (type) => {
      if (type === broken) throw new Error('no');
      tidied.push(type);
    };
    await server.active.expirer.pass();
    assert.deepEqual([...tidied, broken].sort(), ['door', 'leasing']);
  }
});

test('a pass in which nothing fails reports nothing', async () => {
  assert.deepEqual(await passWith([async () => undefined]), []);
});
