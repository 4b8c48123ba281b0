// Typed reading: which shapes count as a block or a value, and what an unknown key is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHcl } from './parse.js';
import {
  findAttribute,
  findNearest,
  readBlocks,
  readBoolean,
  readDurationSeconds,
  readInteger,
  readString,
  readStringList,
  readStringMap,
  refuseUnknownKeys,
} from './read.js';
import { HclError, type HclItem } from './tree.js';

function attribute(text: string): HclItem {
  const item = findAttribute(parseHcl(text), 'k');
  assert.ok(item);
  return item;
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof HclError ? error.code : String(error);
  }
  return 'accepted';
}

test('a block is found however it was written', () => {
  for (const text of [
    'p "x" { a = 1 }\np "y" { b = 1 }',
    'p { "x" { a = 1 } y = { b = 1 } }',
    'p = { x = { a = 1 }, "y" = { b = 1 } }',
    '{"p": {"x": {"a": 1}, "y": {"b": 1}}}',
    '{"p": [{"x": {"a": 1}}, {"y": [{"b": 1}]}]}',
    '{"p": {"x": {"a": 1}}, "p": {"y": {"b": 1}}}',
  ]) {
    const blocks = readBlocks(parseHcl(text), 'p', 1);
    assert.deepEqual(
      blocks.map((block) => [block.labels, block.items.map((item) => item.key)]),
      [
        [['x'], ['a']],
        [['y'], ['b']],
      ],
      text,
    );
  }
});

test('refuses blocks of another shape', () => {
  for (const text of ['p = 1', 'p "x" "y" {}', 'p { a = 1 }', '{"p": ["x"]}', '{"p": {"x": 1}}']) {
    assert.equal(
      codeOf(() => readBlocks(parseHcl(text), 'p', 1)),
      'hcl-wrong-type',
      text,
    );
  }
});

test('reads scalars in each spelling', () => {
  assert.equal(readString(attribute('k = "v"')), 'v');
  assert.equal(readString(attribute('k = 0700x'.replace('0700x', '700'))), '700');
  assert.equal(readString(attribute('k = true')), 'true');
  assert.deepEqual(readStringList(attribute('k = ["a", 1]')), ['a', '1']);
  assert.deepEqual(readStringList(attribute('k = "a"')), ['a']);
  for (const text of ['true', '"true"', '1', '"1"', '"TRUE"']) {
    assert.equal(readBoolean(attribute(`k = ${text}`)), true);
  }
  for (const text of ['false', '"false"', '0']) {
    assert.equal(readBoolean(attribute(`k = ${text}`)), false);
  }
  assert.equal(readInteger(attribute('k = "5"'), 0, 5), 5);
  assert.equal(readDurationSeconds(attribute('k = "1h30m"')), 5400);
  assert.equal(readDurationSeconds(attribute('k = 90')), 90);
  assert.deepEqual({ ...readStringMap(attribute('k { a = "1" b = 2 }')) }, { a: '1', b: '2' });
});

test('refuses values of another kind', () => {
  const rows: readonly (readonly [text: string, read: (item: HclItem) => unknown, code: string])[] =
    [
      ['k = ["a"]', readString, 'hcl-wrong-type'],
      ['k { }', readString, 'hcl-wrong-type'],
      ['k = [["a"]]', readStringList, 'hcl-wrong-type'],
      ['k = "yes"', readBoolean, 'hcl-bad-value'],
      ['k = 2', readBoolean, 'hcl-bad-value'],
      ['k = []', readBoolean, 'hcl-bad-value'],
      ['k = 6', (item) => readInteger(item, 0, 5), 'hcl-bad-value'],
      ['k = 1.5', (item) => readInteger(item, 0, 5), 'hcl-bad-value'],
      ['k = ""', (item) => readInteger(item, 0, 5), 'hcl-bad-value'],
      ['k = "1 week"', readDurationSeconds, 'hcl-bad-value'],
      ['k = "-1s"', readDurationSeconds, 'hcl-bad-value'],
      ['k = "x"', readStringMap, 'hcl-wrong-type'],
      ['k { a = 1 a = 2 }', readStringMap, 'hcl-duplicate-key'],
      ['k { __proto__ = 1 __proto__ = 2 }', readStringMap, 'hcl-duplicate-key'],
    ];
  for (const [text, read, code] of rows) {
    assert.equal(
      codeOf(() => read(attribute(text))),
      code,
      text,
    );
  }
  assert.equal(
    codeOf(() => attribute('k = 1\nk = 2')),
    'hcl-duplicate-key',
  );
  assert.equal(
    codeOf(() => attribute('k "label" { }')),
    'hcl-wrong-type',
  );
});

test('an unknown key is told the nearest known one, and is itself made printable', () => {
  const known = new Set(['capabilities', 'comment']);
  const message = (text: string): string => {
    try {
      refuseUnknownKeys(parseHcl(text), known);
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    return 'accepted';
  };
  assert.equal(message('comment = 1'), 'accepted');
  assert.equal(
    message('\n capabilites = 1'),
    'line 2, column 2: unknown key "capabilites": did you mean "capabilities"?',
  );
  assert.equal(message('foo = 1'), 'line 1, column 1: unknown key "foo"');
  assert.equal(message('"a\\n\\"" = 1'), 'line 1, column 1: unknown key "a??"');
  assert.equal(findNearest('x'.repeat(10_000), known), null);
});
