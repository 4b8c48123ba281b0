// Laying out policies changes white space and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHcl } from './format-hcl.js';

test('layouts', () => {
  const rows: [string, string, string][] = [
    [
      'indents and spaces',
      'path "x" {\ncapabilities=["read"]\n}',
      'path "x" {\n  capabilities = ["read"]\n}\n',
    ],
    [
      'lines equals signs up',
      'path "x" {\n a = 1\n  longer=2\n\n  b   = "="\n}\n',
      'path "x" {\n  a      = 1\n  longer = 2\n\n  b = "="\n}\n',
    ],
    [
      'nests lists and objects',
      'path "x" {\nallowed_parameters={\n"a"=["1",\n"2"]\n}\n}',
      'path "x" {\n  allowed_parameters = {\n    "a" = ["1",\n      "2"]\n  }\n}\n',
    ],
    [
      'keeps comments',
      '# top\npath "x" { // why {\n/* a = [ */\n}',
      '# top\npath "x" { // why {\n  /* a = [ */\n}\n',
    ],
    ['keeps one empty line', 'a = 1\n\n\n\nb = 2\n\n', 'a = 1\n\nb = 2\n'],
    ['keeps here-documents', 'a = <<EOF\n  x = {\nEOF\nb=1', 'a = <<EOF\n  x = {\nEOF\nb = 1\n'],
    [
      'one line stays one',
      'path "x" { capabilities = ["read"] }',
      'path "x" { capabilities = ["read"] }\n',
    ],
    ['nothing stays nothing', '\n\n', ''],
  ];
  for (const [name, source, want] of rows) {
    assert.equal(formatHcl(source), want, name);
    assert.equal(formatHcl(want), want, `${name}, twice`);
  }
});

test('refuses what is not closed', () => {
  for (const source of ['a {', '}', 'a = "x', 'a = [', '/* x', 'a = <<EOF\nx', 'a { ] ]']) {
    assert.throws(() => formatHcl(source), SyntaxError, source);
  }
});

test('changes white space and nothing else', () => {
  const piece = fc.constantFrom(
    'path "x"',
    ' {',
    '}',
    '\n',
    'a = 1',
    ' b=["c"]',
    '# d',
    '"e f"',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const source = pieces.join('');
      let formatted: string;
      try {
        formatted = formatHcl(source);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
        return;
      }
      assert.equal(formatted.replace(/\s+/g, ''), source.replace(/\s+/g, ''));
    }),
    { numRuns: 1_000 },
  );
});
