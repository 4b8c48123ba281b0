// Kills a real process while it commits, and looks whether anything it was told is stored is missing.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { LevelDbEngine } from './leveldb.js';

const ROUNDS = 8;
const WRITERS = 16;

/** Writers that each put `round/writer/number` and its twin in one commit, and say so when it is acknowledged. */
const CHILD = `
  const { LevelDbEngine } = await import(process.argv[1]);
  const engine = await LevelDbEngine.open({ directory: process.argv[2] });
  const { writeSync } = await import('node:fs');
  const writer = async (name) => {
    for (let number = 0; ; number += 1) {
      const key = process.argv[3] + '/' + name + '/' + number;
      const value = Buffer.alloc(100 + (number % 7) * 400, number);
      await engine.commit([{ put: 'one/' + key, value }, { put: 'two/' + key, value }], []);
      writeSync(1, key + '\\n');
    }
  };
  await Promise.all(Array.from({ length: ${WRITERS} }, (_, index) => writer(index)));
`;

function killedAfter(
  directory: string,
  round: number,
  acknowledgements: number,
): Promise<string[]> {
  const engine = new URL('./leveldb.js', import.meta.url).href;
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', CHILD, engine, directory, String(round)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return new Promise((resolve) => {
    let text = '';
    let lines = 0;
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      text += chunk;
      lines += chunk.split('\n').length - 1;
      if (lines >= acknowledgements) child.kill('SIGKILL');
    });
    // A line that was cut off is not an acknowledgement.
    child.on('close', () => resolve(text.split('\n').slice(0, -1)));
  });
}

it('loses no acknowledged commit and keeps no half of one when the process is killed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vouchsafe-crash-'));
  try {
    const acknowledged: string[] = [];
    let highest = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const wanted = 50 + Math.floor(Math.random() * 700);
      acknowledged.push(...(await killedAfter(directory, round, wanted)));
      const engine = await LevelDbEngine.open({ directory });
      for (const key of acknowledged) {
        const [one, two] = await engine.getMany([`one/${key}`, `two/${key}`]);
        assert.ok(one && two, `${key} is missing after round ${round}`);
        assert.ok(one.value.equals(two.value));
      }
      for (let writer = 0; writer < WRITERS; writer += 1) {
        const prefix = `${round}/${writer}/`;
        const page = { after: '', limit: 10_000 };
        const halves = await engine.list(`one/${prefix}`, page);
        assert.deepEqual(halves, await engine.list(`two/${prefix}`, page));
      }
      await engine.commit([{ put: 'probe', value: Buffer.alloc(0) }], []);
      const version = (await engine.get('probe'))?.version ?? 0;
      assert.ok(version > highest);
      highest = version;
      await engine.close();
    }
    assert.ok(acknowledged.length >= ROUNDS * 50);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
