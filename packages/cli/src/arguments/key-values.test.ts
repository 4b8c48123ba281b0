// Data from arguments, files and standard input.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringifyExactJson } from '@vouchsafe/client';
import { UsageError } from './flag.js';
import { parseKeyValues } from './key-values.js';

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-data-'));
after(() => rmSync(folder, { recursive: true }));
const text = join(folder, 'text');
writeFileSync(text, 'content\n');
const json = join(folder, 'data.json');
writeFileSync(json, '{"n": 12345678901234567890, "a": "x"}');
const list = join(folder, 'list.json');
writeFileSync(list, '["hidden"]');

const read = (args: string[], input = '') => parseKeyValues(args, async () => input);

test('what arguments become', async () => {
  const rows: [string[], string, string][] = [
    [['a=1', 'b=x=y', 'c='], '', '{"a":"1","b":"x=y","c":""}'],
    [['a=1', 'a=2', 'a=3'], '', '{"a":["1","2","3"]}'],
    [[`a=@${text}`], '', '{"a":"content\\n"}'],
    [['a=\\@home'], '', '{"a":"@home"}'],
    [['a=-'], 'in\n', '{"a":"in\\n"}'],
    [['-'], '{"a":{"b":[1.0]}}', '{"a":{"b":[1.0]}}'],
    [[`@${json}`, 'b=1'], '', '{"n":12345678901234567890,"a":"x","b":"1"}'],
    [['__proto__=1'], '', '{"__proto__":"1"}'],
    [[], '', '{}'],
  ];
  for (const [args, input, want] of rows) {
    assert.equal(stringifyExactJson(await read(args, input)), want, args.join(' '));
  }
});

test('what is refused, without repeating it', async () => {
  const rows: [string[], string, RegExp][] = [
    [['hidden'], '', /^argument 1: want KEY=VALUE/],
    [['a=1', '=hidden'], '', /^argument 2: want/],
    [['-'], 'hidden', /^standard input: not valid JSON/],
    [['-'], '["hidden"]', /^standard input: want a JSON object/],
    [['-', 'a=-'], '{}', /^standard input can be read only once/],
    [[`@${list}`], '', /list\.json": want a JSON object/],
    [[`@${text}`], '', /not valid JSON/],
    [[`a=@${join(folder, 'missing')}`], '', /^cannot read file .*ENOENT$/],
  ];
  for (const [args, input, message] of rows) {
    await assert.rejects(read(args, input), (error: unknown) => {
      assert.ok(error instanceof UsageError, args.join(' '));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    });
  }
});
