// Tables, durations and YAML, to the letter.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExactJson, parseExactJson } from '@vouchsafe/client';
import fc from 'fast-check';
import { cellText, goDuration, goText, goTime } from './go-text.js';
import { formatHeading, formatTable, pairsWidth } from './table.js';
import { formatYaml } from './yaml.js';

test('durations', () => {
  const rows: [number, string][] = [
    [0, '0s'],
    [59, '59s'],
    [60, '1m'],
    [3600, '1h'],
    [3630, '1h30s'],
    [5400, '1h30m'],
    [2764800, '768h'],
    [-60, '-1m'],
  ];
  for (const [seconds, want] of rows) assert.equal(goDuration(seconds), want);
});

test('values as Go prints them', () => {
  const rows: [string, string][] = [
    ['null', '<nil>'],
    ['{"b":[1,"x",null],"a":{}}', 'map[a:map[] b:[1 x <nil>]]'],
    ['12345678901234567890', '12345678901234567890'],
    ['""', ''],
  ];
  for (const [json, want] of rows) assert.equal(goText(parseExactJson(json)), want);
  assert.equal(goTime('2026-01-02T03:04:05Z'), '2026-01-02 03:04:05 +0000 UTC');
  assert.equal(goTime('soon'), 'soon');
});

test('numbers named like durations are shown as durations, others are not', () => {
  for (const name of ['ttl', 'max_ttl', 'period', 'token_period', 'lease_duration', 'lease_max']) {
    assert.equal(cellText(name, 60), '1m', name);
  }
  for (const name of ['title', 'throttle', 'ttls', 'durations']) {
    assert.equal(cellText(name, 60), '60', name);
  }
  assert.equal(cellText('ttl', '60'), '1m');
  assert.equal(cellText('ttl', '1h'), '1h');
});

test('headings are as wide as Vault’s', () => {
  const rows: [string, string[], string][] = [
    ['Data', ['foo'], '=== Data ==='],
    ['Data', ['passcode'], '====== Data ======'],
    ['Metadata', ['deletion_time'], '====== Metadata ======'],
    ['Metadata', ['custom_metadata'], '======= Metadata ======='],
    ['Metadata', [], '== Metadata =='],
  ];
  for (const [title, keys, want] of rows)
    assert.equal(formatHeading(title, pairsWidth(keys)), want);
});

test('control characters of a value cannot move the cursor', () => {
  assert.equal(
    formatTable(['Key', 'Value'], [['a', 'x\u001b[2Jy\nz']]),
    'Key    Value\n---    -----\na      x\\x1b[2Jy z',
  );
});

test('YAML to the letter', () => {
  const rows: [string, string][] = [
    ['{}', '{}'],
    ['[]', '[]'],
    ['"x"', 'x'],
    ['{"b":1,"a":[]}', 'a: []\nb: 1'],
    ['{"l":["a",{"k":"v","m":[1]},[2,3]]}', 'l:\n- a\n- k: v\n  m:\n  - 1\n- - 2\n  - 3'],
    ['{"o":{"p":{"q":null}}}', 'o:\n  p:\n    q: null'],
    ['{"pem":"-----BEGIN-----\\nabc\\n"}', 'pem: |\n  -----BEGIN-----\n  abc'],
    ['{"t":"a\\nb"}', 't: |-\n  a\n  b'],
    ['{"t":"a\\n\\n"}', 't: "a\\n\\n"'],
    ['{"t":" a\\nb"}', 't: " a\\nb"'],
    ['{"num":12345678901234567890}', 'num: 12345678901234567890'],
    ['["path/to/x","a b","hvs.abc-_"]', '- path/to/x\n- a b\n- hvs.abc-_'],
  ];
  for (const [json, want] of rows) assert.equal(formatYaml(parseExactJson(json)), want, json);
});

test('texts that YAML would read as something else are quoted', () => {
  const texts = [
    ...['', '~', 'null', 'Null', 'true', 'FALSE', 'yes', 'No', 'on', 'OFF', 'y', 'n', '<<', '='],
    ...[
      '1',
      '-1',
      '+1',
      '1.5',
      '.5',
      '1e3',
      '0x1f',
      '0o7',
      '0b1',
      '1_000',
      '.inf',
      '-.INF',
      '.nan',
    ],
    ...['2026-01-02', '2026-01-02T03:04:05Z', '12:30:45', '1:20', '- a', '-', '---', '...', '? a'],
    ...[
      'a: b',
      'a:',
      ' a',
      'a ',
      'a #b',
      '#a',
      '@a',
      '`a',
      '&a',
      '*a',
      '!a',
      '|',
      '>',
      '%a',
      '{a',
      '[a',
    ],
    ...['"a"', "'a'", ', a', 'a\tb', 'é', '\u0007', '\u2028', 'a\r\n'],
  ];
  for (const text of texts) {
    const line = formatYaml({ k: text });
    assert.match(line, /^k: "/, JSON.stringify(text));
    assert.match(formatYaml({ [text]: 1 }), /^"/, JSON.stringify(text));
  }
});

test('a quoted text comes back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const line = formatYaml({ k: text } as ExactJson).slice('k: '.length);
      if (line.startsWith('"')) assert.equal(JSON.parse(line), text);
      else if (!line.startsWith('|')) assert.equal(line, text);
    }),
    { numRuns: 1_000 },
  );
});
