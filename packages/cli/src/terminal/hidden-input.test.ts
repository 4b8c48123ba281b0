// Keys in, a secret out, and the terminal left as it was found.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { PromptError, readHidden } from './hidden-input.js';

class FakeTerminal extends EventEmitter {
  readonly modes: boolean[] = [];
  setRawMode(raw: boolean): void {
    this.modes.push(raw);
  }
  resume(): void {}
  pause(): void {}
}

function ask(chunks: readonly string[]) {
  const terminal = new FakeTerminal();
  const notes: string[] = [];
  const answer = readHidden(terminal, 'Key: ', (text) => {
    // Whoever reads the question may type at once.
    assert.equal(terminal.modes[0], true);
    notes.push(text);
  });
  for (const chunk of chunks) terminal.emit('data', Buffer.from(chunk));
  return { answer, notes, terminal };
}

test('what is typed', async () => {
  const rows: [string[], string][] = [
    [['abc\r'], 'abc'],
    [['a', 'b', '\n'], 'ab'],
    [['abx\u007fc\r'], 'abc'],
    [['a😀\u007f\r'], 'a'],
    [['\u007f\b\r'], ''],
    [['abc\rrest'], 'abc'],
  ];
  for (const [chunks, want] of rows) {
    const { answer, notes, terminal } = ask(chunks);
    assert.equal(await answer, want);
    assert.deepEqual(notes, ['Key: ', '\n']);
    assert.deepEqual(terminal.modes, [true, false]);
    assert.equal(terminal.listenerCount('data'), 0);
  }
});

test('giving up leaves the terminal as it was', async () => {
  for (const key of ['\u0003', '\u0004', 'abc\u0003']) {
    const { answer, terminal } = ask([key]);
    await assert.rejects(answer, PromptError);
    assert.deepEqual(terminal.modes, [true, false]);
  }
});
