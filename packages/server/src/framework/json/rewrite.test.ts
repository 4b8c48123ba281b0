import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from './byte-writer.js';
import { replaceJsonStrings, writeJsonCompact } from './rewrite.js';
import { RawJson } from './value.js';

function raw(text: string): RawJson {
  return new RawJson(Buffer.from(text));
}

test('replaceJsonStrings replaces every string value, and only those', () => {
  const seen: string[] = [];
  const text = '{"k\\n":"a\\u00e4","l":["b",{"m":"\\ud83d\\ude00"}],"n":1.50,"t":true,"z":null}';
  const out = replaceJsonStrings(raw(text), (utf8) => {
    seen.push(utf8.toString());
    return 'h';
  });
  assert.deepEqual(seen, ['aä', 'b', '😀']);
  assert.equal(out.bytes.toString(), '{"k\\n":"h","l":["h",{"m":"h"}],"n":1.50,"t":true,"z":null}');
});

test('replaceJsonStrings leaves no unescaped string behind in its scratch memory', () => {
  const kept: Buffer[] = [];
  replaceJsonStrings(raw('["hunter2\\n"]'), (utf8) => {
    kept.push(utf8);
    return '';
  });
  assert.equal(kept.length, 1);
  assert.ok(kept[0]?.every((byte) => byte === 0));
});

/** Replaces every string value on plain data, as an oracle. */
function oracle(value: unknown): unknown {
  if (typeof value === 'string') return `<${Buffer.from(value).toString('hex')}>`;
  if (Array.isArray(value)) return value.map(oracle);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, oracle(item)]));
}

test('replaceJsonStrings agrees with doing it on parsed values', () => {
  const strings = fc.string({
    unit: fc.constantFrom('"', '\\\\', ':', ',', ' ', 'a', 'é', '\\n', '}'),
  });
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      strings,
      fc.integer(),
      fc.constantFrom(true, false, null),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(strings, tie('any'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).any;
  fc.assert(
    fc.property(value, fc.constantFrom(0, 2), (plain, indent) => {
      const text = JSON.stringify(plain, null, indent);
      const replaced = replaceJsonStrings(raw(text), (utf8) => `<${utf8.toString('hex')}>`);
      assert.equal(replaced.bytes.toString(), JSON.stringify(oracle(JSON.parse(text))));
    }),
    { numRuns: 5000 },
  );
});

test('writeJsonCompact leaves one line that means the same', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const out = new ByteWriter(0);
      writeJsonCompact(out, raw(JSON.stringify(value, null, 2)));
      assert.equal(out.finish().toString(), JSON.stringify(value));
    }),
    { numRuns: 2000 },
  );
});

test('what is taken back or cleared leaves nothing behind in the writer', () => {
  const out = new ByteWriter(16);
  out.text('hunter2');
  const first = out.view();
  assert.equal(first.toString(), 'hunter2');
  out.clear();
  assert.deepEqual(first, Buffer.alloc(7));
  out.text('kept,');
  const before = out.length;
  out.text('é'.repeat(100));
  const { buffer } = out.view();
  out.rewind(before);
  assert.equal(out.view().toString(), 'kept,');
  assert.equal(Buffer.from(buffer).includes('é'), false);
  assert.equal(out.finish().length, before);
});
