// The names a configuration may use, and what each of them opens.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { storageEngines } from './registry.js';

it('opens file and raft as the same engine, and says what raft is not', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vouchsafe-registry-'));
  try {
    for (const [name, warns] of [
      ['file', false],
      ['raft', true],
    ] as const) {
      const factory = storageEngines.get(name);
      assert.equal(factory?.warning !== null, warns);
      const engine = await factory?.open({ path: join(directory, name) });
      assert.equal(engine?.type, 'file');
      await engine?.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

it('warns that inmem forgets', async () => {
  const factory = storageEngines.get('inmem');
  assert.match(factory?.warning ?? '', /forgets/);
  assert.equal((await factory?.open({}))?.type, 'inmem');
});

it('refuses a file engine without a path, and knows no other names', async () => {
  for (const settings of [{}, { path: '' }]) {
    await assert.rejects(
      storageEngines.get('file')?.open(settings) ?? Promise.resolve(),
      TypeError,
    );
  }
  assert.deepEqual([...storageEngines.keys()], ['file', 'raft', 'inmem']);
});
