import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { watchProcess } from './process-faults.js';

function setUp() {
  const source = new EventEmitter();
  const lines: string[] = [];
  const exits: number[] = [];
  const undo = watchProcess(
    source,
    (_, message) => lines.push(message),
    (code) => exits.push(code),
  );
  return { source, lines, exits, undo };
}

test('a rejection that nobody waits for is logged without its message, and the server goes on', () => {
  const { source, lines, exits } = setUp();
  source.emit('unhandledRejection', new RangeError('password hunter2 is too short'));
  source.emit('unhandledRejection', 'hunter2');
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /RangeError/);
  assert.doesNotMatch(lines.join(), /hunter2/);
  assert.deepEqual(exits, []);
});

test('an exception that nobody caught ends the process, without its message', () => {
  const { source, lines, exits } = setUp();
  source.emit('uncaughtException', new TypeError('hunter2'));
  assert.match(lines.join(), /TypeError/);
  assert.doesNotMatch(lines.join(), /hunter2/);
  assert.deepEqual(exits, [70]);
});

test('afterwards the process is left as it was', () => {
  const { source, undo } = setUp();
  undo();
  assert.deepEqual(source.eventNames(), []);
});
