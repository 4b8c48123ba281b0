// What HCL1 and JSON texts mean, what is refused and where, and agreement with a parser that others wrote.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHcl } from './parse.js';
import { HclError, type HclItem, type HclValue } from './tree.js';

/** The tree as the oracle prints it: every object in a list, labels as nesting. */
function plainValue(value: HclValue): unknown {
  if (value.kind === 'object') return [plainItems(value.items)];
  if (value.kind === 'list') return value.items.map(plainValue);
  return value.value;
}

function plainItems(items: readonly HclItem[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const item of items) {
    const value = [...item.labels]
      .reverse()
      .reduce<unknown>((inner, label) => [{ [label]: inner }], plainValue(item.value));
    const before = out[item.key];
    const repeats = item.value.kind === 'object' && Array.isArray(before) && Array.isArray(value);
    out[item.key] = repeats ? [...before, ...value] : value;
  }
  return out;
}

function plain(text: string): unknown {
  return plainItems(parseHcl(text));
}

test('texts mean what HCL1 says', () => {
  const rows: readonly (readonly [name: string, text: string, want: unknown])[] = [
    ['an empty text has no items', '', {}],
    ['comments of all three kinds are skipped', '# a\n// b\n/* c\n */ x = 1 # d', { x: 1 }],
    [
      'a block has labels, attributes and blocks inside',
      'path "a/*" { capabilities = ["read"] z { y = true } }',
      { path: [{ 'a/*': [{ capabilities: ['read'], z: [{ y: true }] }] }] },
    ],
    [
      'a repeated block is kept',
      'l "t" { a = 1 }\nl "t" { a = 2 }',
      {
        l: [{ t: [{ a: 1 }] }, { t: [{ a: 2 }] }],
      },
    ],
    ['a list may end in a comma', 'x = [1, -2.5, "a",]', { x: [1, -2.5, 'a'] }],
    ['hexadecimal and exponents are numbers', 'a = 0x10\nb = 1e3', { a: 16, b: 1000 }],
    ['escapes are undone', String.raw`a = "q\"\\\n\tA\x41"`, { a: 'q"\\\n\tAA' }],
    ['an interpolation is plain text', 'a = "${b}"', { a: '${b}' }],
    ['a heredoc keeps its lines', 'a = <<EOF\n x\ny\nEOF\n', { a: ' x\ny\n' }],
    [
      'a heredoc with a dash loses the indentation of its mark',
      'a = <<-E\n   x\n     y\n   E',
      {
        a: 'x\n  y\n',
      },
    ],
    [
      'items inside braces may be separated by commas',
      'a = { b = 1, c = 2 }',
      {
        a: [{ b: 1, c: 2 }],
      },
    ],
    ['keys may be quoted', '"a b" = 1', { 'a b': 1 }],
    ['carriage returns are white space', 'a = 1\r\nb = <<E\r\nx\r\nE\r\n', { a: 1, b: 'x\r\n' }],
    [
      'JSON gives the same tree',
      '{"path": {"a/*": {"capabilities": ["read"]}}, "n": 1.5}',
      {
        path: [{ 'a/*': [{ capabilities: ['read'] }] }],
        n: 1.5,
      },
    ],
    ['JSON strings unescape surrogate pairs', String.raw`{"a": "\ud83d\ude00\/"}`, { a: '😀/' }],
    ['a byte order mark is skipped', '\ufeffa = 1', { a: 1 }],
  ];
  for (const [name, text, want] of rows) assert.deepEqual(plain(text), want, name);
});

test('refuses what is not HCL1 or JSON, and says where', () => {
  const rows: readonly (readonly [name: string, text: string, line: number, column: number])[] = [
    ['a block that does not end', 'a {\n b = 1\n', 3, 1],
    ['a closing brace too many', 'a = 1\n}', 2, 1],
    ['an attribute without a value', 'a =\n', 2, 1],
    ['a bare word as a value', 'a = secret', 1, 5],
    ['a label in front of "="', 'a "b" = 1', 1, 7],
    ['a list without commas', 'a = ["x" "y"]', 1, 10],
    ['a list that does not end', 'a = [1,', 1, 8],
    ['a string over two lines', 'a = "x\ny"', 1, 5],
    ['a string that does not end', 'a = "x', 1, 5],
    ['an unknown escape', String.raw`a = "\q"`, 1, 6],
    ['an escape cut short', String.raw`a = "\u00"`, 1, 6],
    ['an escaped NUL', String.raw`a = "\x00"`, 1, 6],
    ['a NUL in a string', 'a = "\0"', 1, 6],
    ['half a surrogate pair', String.raw`{"a": "\ud83d"}`, 1, 7],
    ['a quote inside an interpolation', 'a = "${f("x")}"', 1, 5],
    ['an octal-looking number', 'a = 010', 1, 5],
    ['a number that runs into a word', 'a = 10x', 1, 5],
    ['an endless number', `a = ${'9'.repeat(400)}`, 1, 5],
    ['a comment that does not end', 'a = 1 /* x', 1, 7],
    ['a heredoc without its mark', 'a = <<EOF\nx\n', 1, 5],
    ['a heredoc whose mark is indented without a dash', 'a = <<EOF\nx\n EOF\n', 1, 5],
    ['a comma between top-level items', 'a = 1, b = 2', 1, 6],
    ['punctuation as a name', '= 1', 1, 1],
    ['JSON with a trailing comma', '{"a": 1,}', 1, 9],
    ['JSON with a comma at the end of a list', '{"a": [1,]}', 1, 10],
    ['JSON with a comment', '{ # x\n}', 1, 3],
    ['JSON with more behind it', '{} {}', 1, 4],
    ['JSON with null', '{"a": null}', 1, 7],
    ['JSON with a bare key', '{a: 1}', 1, 2],
    ['JSON with a leading zero', '{"a": 01}', 1, 7],
    ['JSON with a hexadecimal escape', String.raw`{"a": "\x41"}`, 1, 8],
    ['JSON that does not end', '{"a": 1', 1, 8],
  ];
  for (const [name, text, line, column] of rows) {
    assert.throws(
      () => parseHcl(text),
      (error: unknown) => {
        assert.ok(error instanceof HclError, name);
        assert.equal(error.code, 'hcl-malformed', name);
        assert.deepEqual(error.at, { line, column }, name);
        return true;
      },
      name,
    );
  }
});

test('never echoes what it read', () => {
  for (const text of ['a = s3cret', 'a = "s3cret', 'a "s3cret" = 1', 'a = ["s3cret" "b"]']) {
    assert.throws(
      () => parseHcl(text),
      (error: Error) => !error.message.includes('s3cret'),
    );
  }
});

test('bounds bytes, depth and items', () => {
  const code = (text: string): string => {
    try {
      parseHcl(text, { bytesMax: 1000, depthMax: 4, nodesMax: 20 });
    } catch (error) {
      return error instanceof HclError ? error.code : String(error);
    }
    return 'accepted';
  };
  assert.equal(code('a = [[[1]]]'), 'accepted');
  assert.equal(code('a { b { c { d = 1 } } }'), 'accepted');
  assert.equal(code(`a = ${'['.repeat(6)}`), 'hcl-too-complex');
  assert.equal(code('a { '.repeat(6)), 'hcl-too-complex');
  assert.equal(code(`{"a": ${'{"a": '.repeat(6)}`), 'hcl-too-complex');
  assert.equal(code('a '.repeat(30)), 'hcl-too-complex');
  assert.equal(code('a = 1\n'.repeat(30)), 'hcl-too-complex');
  assert.equal(code(`# ${'é'.repeat(500)}`), 'hcl-too-large');
});

test('a megabyte of opening brackets is refused without a deep call stack', () => {
  for (const unit of ['[', '{', 'a{', '{"a":', 'a=[{']) {
    const text = `${unit.startsWith('{') ? '' : 'a='}${unit.repeat(Math.floor(1e6 / unit.length))}`;
    assert.throws(() => parseHcl(text), HclError);
  }
});

test('any text gives a tree or an HclError', () => {
  const fragments = fc.constantFrom(
    ...'a,"a","a/*",path,{,},[,],=,,,:,\n, ,#,//,/*,*/,<<E\n,<<-E\n,E\n,1,-1,0x,1e,true,",\\,${'.split(
      /(?<=[^,]|,,),/,
    ),
    '\\u0041',
    '\0',
    '\ud800',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(fragments, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.array(fragments, { maxLength: 40 }).map((parts) => `{${parts.join(' ')}`),
    fc.json(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parseHcl(text);
      } catch (error) {
        if (!(error instanceof HclError)) throw error;
        assert.ok(error.at.line >= 1 && error.at.column >= 1);
      }
    }),
    { numRuns: 10_000 },
  );
});

test('JSON objects give their own tree', () => {
  const values = fc.dictionary(
    fc.string(),
    fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.array(fc.string())),
  );
  fc.assert(
    fc.property(values, (value) => {
      const well = JSON.parse(
        JSON.stringify(value)
          .replace(/\\ud[89a-f]../gi, '?')
          .replaceAll('\\u0000', '?'),
      ) as Record<string, unknown>;
      const got = Object.fromEntries(
        parseHcl(JSON.stringify(well)).map((item) => [item.key, plainValue(item.value)]),
      );
      assert.deepEqual(got, well);
    }),
    { numRuns: 1000 },
  );
});

interface Oracle {
  parse(text: string): string;
}

function findOracle(): Oracle | null {
  try {
    return createRequire(import.meta.url)('js-hcl-parser') as Oracle;
  } catch {
    return null;
  }
}

const oracle = findOracle();
const skip = oracle === null ? 'js-hcl-parser is not installed: npm ci' : false;

/** Texts without what is ambiguous in HCL1: attributes have names of their own in each object. */
const scalars = fc.oneof(
  fc.stringMatching(/^[a-z/*+ {}.-]{0,12}$/).map((text) => JSON.stringify(text)),
  fc.integer({ min: -1000, max: 1000 }).map(String),
  fc.boolean().map(String),
);
const attributes = fc.oneof(
  scalars,
  fc.array(scalars, { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
  // The oracle wants a line break behind the closing mark.
  fc.constant('<<EOF\n one\n two\nEOF\n'),
);
const bodies = fc.letrec((tie) => ({
  body: fc
    .tuple(
      fc.dictionary(fc.stringMatching(/^[a-d]{1,3}$/), attributes, { maxKeys: 3 }),
      fc.array(tie('block'), { maxLength: 3, depthIdentifier: 'body' }),
    )
    .map(([entries, blocks]) =>
      [...Object.entries(entries).map(([key, value]) => `${key} = ${value}`), ...blocks].join('\n'),
    ),
  block: fc
    .tuple(
      fc.constantFrom('x', 'y', 'z'),
      fc.array(fc.stringMatching(/^[a-z/*]{1,6}$/), { minLength: 2, maxLength: 2 }),
      fc.oneof({ depthIdentifier: 'body', maxDepth: 3 }, fc.constant('k = 1'), tie('body')),
    )
    .map(([key, labels, body]) => {
      // The oracle merges blocks of one name that have different numbers of labels: x has 0, y has 1, z has 2.
      const quoted = labels.slice(0, 'xyz'.indexOf(key)).map((label) => `"${label}"`);
      return `${[key, ...quoted].join(' ')} {\n${body}\n}`;
    }),
}));

test('agrees with js-hcl-parser on generated texts', { skip }, () => {
  fc.assert(
    fc.property(bodies.body, (text) => {
      assert.deepEqual(plain(String(text)), JSON.parse(oracle!.parse(String(text))), String(text));
    }),
    { numRuns: 300 },
  );
});
