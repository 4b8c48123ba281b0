import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStorage } from '../../framework/testing/memory-storage.js';
import {
  type Decision,
  DecisionLog,
  findDecision,
  listDecisions,
  newDecisionId,
} from './decisions.js';

const AT = 1_700_000_000_000;

function decision(at: number, genuine: boolean): Decision {
  return {
    id: newDecisionId(at),
    at,
    outcome: 'refused',
    code: 'debug',
    message: 'm',
    part: null,
    genuine,
    role: 'web',
    remoteAddress: '192.0.2.1',
    format: 'tdx-dcap',
    evidenceSha256: '',
    publicKeySha256: '',
    binding: 'key',
    policyDigest: '',
    referenceDigests: [],
    tcbStatus: null,
    advisories: [],
    claims: {},
    faults: [],
    endorsementAges: {},
    endorsementSource: '',
    attempts: [],
  };
}

test('records are found by id and listed by time, whatever kind they are', async () => {
  const storage = new MemoryStorage();
  const log = new DecisionLog({ genuineMax: 10, unprovenMax: 10 });
  const all = [0, 1, 2, 3, 4, 5].map((n) => decision(AT + n, n % 2 === 0));
  for (const each of [...all].reverse()) await log.record(storage, each);
  for (const each of all) assert.deepEqual(await findDecision(storage, each.id), each);
  const ids = all.map(({ id }) => id);
  assert.deepEqual(await listDecisions(storage, { after: '', limit: 100 }), ids);
  assert.deepEqual(await listDecisions(storage, { after: '', limit: 2 }), ids.slice(0, 2));
  assert.deepEqual(await listDecisions(storage, { after: '', limit: 0 }), ids);
  assert.deepEqual(
    await listDecisions(storage, { after: ids[1] ?? '', limit: 3 }),
    ids.slice(2, 5),
  );
});

test('the oldest are dropped over the limit, and refusals without evidence push out no others', async () => {
  const storage = new MemoryStorage();
  const log = new DecisionLog({ genuineMax: 5, unprovenMax: 3 });
  const genuine = [0, 1, 2, 3, 4, 5, 6].map((n) => decision(AT + n, true));
  for (const each of genuine) await log.record(storage, each);
  const flood = Array.from({ length: 1200 }, (_, n) => decision(AT + 100 + n, false));
  for (const each of flood) await log.record(storage, each);
  await log.trim(storage);
  const left = await listDecisions(storage, { after: '', limit: 10_000 });
  const wanted = [...genuine.slice(-5), ...flood.slice(-3)].map(({ id }) => id);
  assert.deepEqual(left, wanted);
});

test('a flood between two rounds of tidying is cut while it lasts', async () => {
  const storage = new MemoryStorage();
  const log = new DecisionLog({ genuineMax: 5, unprovenMax: 3 });
  let most = 0;
  for (let n = 0; n < 3000; n += 1) {
    await log.record(storage, decision(AT + n, false));
    most = Math.max(most, storage.keys().length);
  }
  assert.ok(most <= 503, `${most}`);
});

for (const id of ['', 'x', '../role/web', `${'0'.repeat(15)}-${'z'.repeat(36)}`]) {
  test(`"${id}" is no id of a decision`, async () => {
    assert.equal(await findDecision(new MemoryStorage(), id), null);
  });
}
