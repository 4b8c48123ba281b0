// Flags as Go's flag package has them, and refusals that never repeat a value.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  booleanFlag,
  choiceFlag,
  defaultedFlag,
  durationFlag,
  integerFlag,
  listFlag,
  pairsFlag,
  repeatedFlag,
  textFlag,
  UsageError,
} from './flag.js';
import { findNearest } from './nearest.js';
import { expectArguments, parseArguments } from './parse-arguments.js';

const flags = {
  text: textFlag('t'),
  name: defaultedFlag('n', 'fallback'),
  force: booleanFlag('f', false, { aliases: ['f'] }),
  renewable: booleanFlag('r', true),
  count: integerFlag('c'),
  ttl: durationFlag('d'),
  list: listFlag('l'),
  whole: repeatedFlag('w'),
  meta: pairsFlag('m'),
  mode: choiceFlag('m', ['fast', 'slow'], 'fast'),
};

test('spellings that mean the same', () => {
  for (const argv of [['-text=v'], ['--text=v'], ['-text', 'v'], ['--text', 'v']]) {
    assert.equal(parseArguments(flags, argv).values.text, 'v', argv.join(' '));
  }
  for (const argv of [['-force'], ['-f'], ['--force'], ['-force=true'], ['-f=1'], ['-force=T']]) {
    assert.equal(parseArguments(flags, argv).values.force, true, argv.join(' '));
  }
});

test('defaults and what was given', () => {
  const { values, given, args } = parseArguments(flags, ['-renewable=false', 'a']);
  assert.equal(values.name, 'fallback');
  assert.equal(values.text, null);
  assert.equal(values.renewable, false);
  assert.deepEqual(values.list, []);
  assert.deepEqual([...given], ['renewable']);
  assert.deepEqual(args, ['a']);
});

test('values that look odd stay as they are', () => {
  const rows: [string[], keyof typeof flags, unknown][] = [
    [['-text', '-'], 'text', '-'],
    [['-text', '-force'], 'text', '-force'],
    [['-text='], 'text', ''],
    [['-text=a=b'], 'text', 'a=b'],
    [['-text=a', '-text=b'], 'text', 'b'],
    [['-list=a, b', '-list', 'c'], 'list', ['a', 'b', 'c']],
    [['-whole=a,b', '-whole=c'], 'whole', ['a,b', 'c']],
    [['-meta=k=a=b', '-meta', 'l='], 'meta', { k: 'a=b', l: '' }],
    [['-count=-1'], 'count', -1],
    [['-ttl=1h30m'], 'ttl', '1h30m'],
    [['-mode=SLOW'], 'mode', 'slow'],
  ];
  for (const [argv, name, want] of rows) {
    assert.deepEqual(parseArguments(flags, argv).values[name], want, argv.join(' '));
  }
});

test('arguments, dashes and the end of flags', () => {
  const rows: [string[], string[]][] = [
    [
      ['a', '-force', 'b'],
      ['a', 'b'],
    ],
    [['-'], ['-']],
    [
      ['a', 'k=-', '@file'],
      ['a', 'k=-', '@file'],
    ],
    [
      ['--', '-force', '--'],
      ['-force', '--'],
    ],
    [['-text', 'v', 'a', '-force=false'], ['a']],
  ];
  for (const [argv, want] of rows) assert.deepEqual(parseArguments(flags, argv).args, want);
});

test('a command that takes a command line stops at the first argument', () => {
  const options = { stopAtFirstArgument: true };
  const parsed = parseArguments(flags, ['-force', 'sh', '-c', '-text'], options);
  assert.deepEqual(parsed.args, ['sh', '-c', '-text']);
  assert.equal(parsed.values.text, null);
});

test('refusals name the flag, say what was meant, and never repeat a value', () => {
  const rows: [string[], RegExp, string][] = [
    [['-txt=hidden'], /^unknown flag: -txt$/, 'did you mean -text?'],
    [['-zzzzzz=hidden'], /^unknown flag: -zzzzzz$/, ''],
    [['a', '-zzzzzz'], /^unknown flag/, 'put "--" before arguments that begin with a dash'],
    [['-text'], /^flag needs a value: -text$/, ''],
    [['-count=hidden'], /^-count: want a whole number$/, ''],
    [['-ttl=hidden'], /^-ttl: want seconds/, ''],
    [['-force=hidden'], /^-force: want true or false$/, ''],
    [['-meta=hidden'], /^-meta: want KEY=VALUE$/, ''],
    [['-meta==hidden'], /^-meta: want KEY=VALUE$/, ''],
    [['-mode=hidden'], /^-mode: want one of fast, slow$/, ''],
    [['-constructor=hidden'], /^unknown flag/, ''],
  ];
  for (const [argv, message, hint] of rows) {
    assert.throws(
      () => parseArguments(flags, argv),
      (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, message);
        assert.equal(error instanceof UsageError ? error.hint : '', hint, argv.join(' '));
        return true;
      },
    );
  }
});

test('numbers of arguments, in Vault’s words', () => {
  expectArguments(['a'], 1, 1);
  expectArguments(['a', 'b'], 1, Number.POSITIVE_INFINITY);
  const rows: [string[], number, number, string][] = [
    [[], 1, 1, 'Not enough arguments (expected 1, got 0)'],
    [[], 1, 2, 'Not enough arguments (expected at least 1, got 0)'],
    [['a', 'b'], 1, 1, 'Too many arguments (expected 1, got 2)'],
    [['a', 'b'], 0, 1, 'Too many arguments (expected at most 1, got 2)'],
  ];
  for (const [args, least, most, message] of rows) {
    assert.throws(() => expectArguments(args, least, most), { message });
  }
});

test('the nearest word, or none when nothing is near', () => {
  const known = ['status', 'secrets', 'server', 'kv', 'get', 'put'];
  const rows: [string, string | null][] = [
    ['stauts', 'status'],
    ['secret', 'secrets'],
    ['gte', 'get'],
    ['k', 'kv'],
    ['frobnicate', null],
    ['x'.repeat(100), null],
    ['', null],
  ];
  for (const [word, want] of rows) assert.equal(findNearest(word, known), want, word);
});
