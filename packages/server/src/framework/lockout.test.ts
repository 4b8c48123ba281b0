// Counting failed logins: per name, over every process, and no longer than it matters.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_LOCKOUT, effectiveLockout, LoginLockout, mergeLockout } from './lockout.js';
import { MemoryStorage } from './testing/memory-storage.js';

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

function open(storage = new MemoryStorage()): { storage: MemoryStorage; lockout: LoginLockout } {
  return { storage, lockout: new LoginLockout(storage, DEFAULT_LOCKOUT) };
}

async function fail(lockout: LoginLockout, times: number, at = NOW): Promise<void> {
  for (let i = 0; i < times; i += 1) await lockout.noteFailure('ann', at);
}

test('the fifth failure locks, for fifteen minutes from the last', async () => {
  const { lockout } = open();
  await fail(lockout, 4);
  await lockout.check('ann', NOW);
  await fail(lockout, 1, NOW + MINUTE);
  await assert.rejects(lockout.check('ann', NOW + 16 * MINUTE - 1), {
    kind: 'permission-denied',
    code: 'locked-out',
    message: 'permission denied',
  });
  await lockout.check('ann', NOW + 16 * MINUTE);
  await lockout.check('bob', NOW + MINUTE);
});

test('after a lock has been served counting begins again', async () => {
  const { lockout } = open();
  await fail(lockout, 5);
  await fail(lockout, 4, NOW + 15 * MINUTE);
  await lockout.check('ann', NOW + 15 * MINUTE);
});

test('a quiet quarter of an hour resets the count', async () => {
  const { lockout } = open();
  await fail(lockout, 4);
  await fail(lockout, 4, NOW + 15 * MINUTE);
  await lockout.check('ann', NOW + 15 * MINUTE);
});

test('twenty parallel failures through two processes are twenty failures', async () => {
  const { storage, lockout } = open();
  const other = open(storage).lockout;
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 ? lockout : other).noteFailure('ann', NOW)),
  );
  const stored = JSON.parse((await storage.get('lockout/ann'))!.value.toString()) as object;
  assert.deepEqual(stored, { count: 20, lastAt: NOW, endsAt: NOW + 15 * MINUTE });
});

test('clearing leaves nothing', async () => {
  const { storage, lockout } = open();
  await fail(lockout, 5);
  assert.deepEqual(await lockout.locked(NOW, 10), ['ann']);
  assert.equal(await lockout.clear('ann'), true);
  assert.equal(await lockout.clear('ann'), false);
  assert.deepEqual(storage.keys(), []);
});

test('later tunings win, what they leave out stays, and a lock that is disabled is out of reach', () => {
  const nothing = { failuresMax: null, lockoutSeconds: null, resetSeconds: null, disabled: null };
  assert.deepEqual(effectiveLockout([]), DEFAULT_LOCKOUT);
  assert.deepEqual(effectiveLockout([nothing]), DEFAULT_LOCKOUT);
  const both = [
    { ...nothing, failuresMax: 3, lockoutSeconds: 7, disabled: true },
    { ...nothing, failuresMax: 4, disabled: false },
  ];
  const wanted = { failuresMax: 4, lockoutSeconds: 7, resetSeconds: 900 };
  assert.deepEqual(effectiveLockout(both), wanted);
  const zero = { failuresMax: 0, lockoutSeconds: 0, resetSeconds: 0, disabled: null };
  assert.deepEqual(effectiveLockout([...both, zero]), wanted);
  assert.deepEqual(mergeLockout(both[0], zero), { ...zero, disabled: true });
  assert.deepEqual(mergeLockout(undefined, nothing), nothing);
  assert.equal(effectiveLockout(both.slice(0, 1)).failuresMax, Number.POSITIVE_INFINITY);
});

test('guessing names does not fill the store: old records go as new ones come', async () => {
  const { storage, lockout } = open();
  for (let i = 0; i < 40; i += 1) await lockout.noteFailure(`name-${i}`, NOW + i);
  for (let i = 0; i < 15; i += 1) await lockout.noteFailure(`later-${i}`, NOW + 16 * MINUTE);
  assert.equal(
    storage.keys().some((key) => key.includes('name-')),
    false,
  );
  assert.equal(storage.keys().length, 30);
});

test('a name is locked exactly when a model of single failures says so', async () => {
  const steps = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(steps, async (waits) => {
      const { lockout } = open();
      let count = 0;
      let last = Number.NEGATIVE_INFINITY;
      let at = NOW;
      for (const minutes of waits) {
        at += minutes * MINUTE;
        const isOver = at - last >= 15 * MINUTE;
        const isLocked = count >= 5 && !isOver;
        const got = await lockout.check('ann', at).then(
          () => false,
          () => true,
        );
        assert.equal(got, isLocked);
        if (isLocked) continue;
        count = (isOver ? 0 : count) + 1;
        last = at;
        await lockout.noteFailure('ann', at);
      }
    }),
    { numRuns: 300 },
  );
});
