import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryView } from '../../framework/testing/memory-view.js';
import { listDecisions, newDecisionId, trimDecisions } from './decisions.js';

const NOW = 1_700_000_000_000;

async function filled(count: number): Promise<{ view: MemoryView; ids: readonly string[] }> {
  const view = new MemoryView();
  const ids = Array.from({ length: count }, (_, at) => newDecisionId(NOW + at));
  const writes = ids.map((id) => ({ put: `decision/${id}`, value: Buffer.from('{}') }));
  await view.commit(writes, []);
  return { view, ids };
}

const rows: readonly (readonly [string, number, number])[] = [
  ['nothing is dropped up to the limit', 20, 20],
  ['one too many drops the oldest', 21, 20],
  ['a flood between two passes is dropped whole', 3000, 20],
  ['a limit of nothing drops everything', 7, 0],
];
for (const [name, count, max] of rows) {
  test(`decision records: ${name}`, async () => {
    const { view, ids } = await filled(count);
    await trimDecisions(view, max);
    const left = await listDecisions(view, { after: '', limit: 10_000 });
    assert.deepEqual(left, max === 0 ? [] : ids.slice(-max));
  });
}
