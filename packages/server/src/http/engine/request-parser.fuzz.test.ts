// Whatever bytes come in: the parser agrees with a slow reader that sees the whole text at once, or
// refuses what that reader refuses; it never crashes, never stalls, and never depends on how the
// bytes were cut.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse, parseInPieces } from './testing/outcome.js';
import { readSlowly } from './testing/slow-reader.js';

const CASES = 2_000;

const token = fc.stringMatching(/^[A-Za-z!#$%&'*+.^_`|~0-9-]{1,8}$/);
const target = fc.stringMatching(/^\/[A-Za-z0-9/%?=&.{}~_-]{0,20}$/);
const value = fc.stringMatching(/^[ -~\t\x80-\xff]{0,12}$/);
const blank = fc.constantFrom('', ' ', '\t', ' \t ');

const header = fc
  .tuple(
    token.map((name) => `x${name}`),
    blank,
    value,
    blank,
  )
  .map(([name, before, text, after]) => `${name}:${before}${text}${after}`);

const chunk = fc
  .tuple(
    fc.string({ minLength: 1, maxLength: 9, unit: 'binary-ascii' }),
    fc.constantFrom('', ';a', ';b=c'),
  )
  .map(([data, extension]) => `${data.length.toString(16)}${extension}\r\n${data}\r\n`);

const body = fc.oneof(
  fc.constant({ header: [] as string[], bytes: '' }),
  fc.string({ maxLength: 20, unit: 'binary-ascii' }).map((bytes) => ({
    header: [`Content-Length: ${bytes.length}`],
    bytes,
  })),
  fc
    .tuple(fc.array(chunk, { maxLength: 3 }), fc.constantFrom('', 'T: u\r\n'))
    .map(([all, trailer]) => ({
      header: ['transfer-encoding: chunked'],
      bytes: `${all.join('')}0\r\n${trailer}\r\n`,
    })),
);

/** Well-formed, within the limits of the tests. */
const request = fc
  .tuple(
    token,
    target,
    fc.constantFrom('Host: a', 'hOST:b:1'),
    fc.array(header, { maxLength: 2 }),
    body,
  )
  .map(([method, path, host, headers, content]) => {
    const lines = [`${method} ${path} HTTP/1.1`, host, ...headers, ...content.header, '', ''];
    return lines.join('\r\n') + content.bytes;
  });

const SNIPPETS = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  '0',
  'chunked',
  'Content-Length: 1\r\n',
  ';',
  'Transfer-Encoding: chunked\r\n',
  'Host: c\r\n',
  'HTTP/1.0',
  'HTTP/1.1',
  '\x7f',
  '\xff',
  ',',
];

type Edit = readonly [at: number, removed: number, inserted: string];

const edit: fc.Arbitrary<Edit> = fc.tuple(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.integer({ min: 0, max: 3 }),
  fc.oneof(fc.constantFrom(...SNIPPETS), fc.string({ maxLength: 2, unit: 'binary-ascii' })),
);

function applyEdits(text: string, edits: readonly Edit[]): string {
  let out = text;
  for (const [at, removed, inserted] of edits) {
    const index = Math.floor(at * out.length);
    out = out.slice(0, index) + inserted + out.slice(index + removed);
  }
  return out;
}

const LINES = [
  'Content-Length: 0',
  'Content-Length: 01',
  'content-length: 1',
  'Content-Length: 1, 1',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Host: c',
  'X-Vault-Token: t',
  'x-vault-token: u',
  ' folded',
  '',
  '0',
  'g',
  '1',
  ';a',
  'Expect: 100-continue',
  'Expect: tea',
  'Connection: close',
  'GET / HTTP/1.0',
  'GET / HTTP/1.1',
  `${'A'.repeat(33)} / HTTP/1.1`,
  'T: u',
];

type LineEdit = readonly [
  at: number,
  what: 'insert' | 'delete' | 'repeat' | 'replace',
  line: string,
];

const lineEdit: fc.Arbitrary<LineEdit> = fc.tuple(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom('insert', 'insert', 'delete', 'repeat', 'replace'),
  fc.constantFrom(...LINES),
);

function applyLineEdits(text: string, edits: readonly LineEdit[]): string {
  const lines = text.split('\r\n');
  for (const [fraction, what, line] of edits) {
    const at = Math.floor(fraction * lines.length);
    if (what === 'insert') lines.splice(at, 0, line);
    else if (what === 'delete') lines.splice(at, 1);
    else if (what === 'repeat') lines.splice(at, 0, lines[at] ?? '');
    else lines.splice(at, 1, line);
  }
  return lines.join('\r\n');
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 });

/** Both readers, and the parser on pieces, see the same. */
function check(text: string, at: readonly number[]): void {
  const outcome = parse(text);
  assert.deepEqual(parseInPieces(text, at), outcome);
  const slow = readSlowly(text);
  assert.deepEqual(outcome.requests, slow.requests);
  assert.equal(outcome.refusal !== null, slow.isRefused);
}

describe('RequestParser against the slow reader', () => {
  it('takes every well-formed request', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 3 }), cuts, (requests, at) => {
        const outcome = parse(requests.join(''));
        assert.equal(outcome.refusal, null);
        assert.equal(outcome.requests.length, requests.length);
        check(requests.join(''), at);
      }),
      { numRuns: CASES },
    );
  });

  it('agrees on well-formed requests that were damaged in one to four places', () => {
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 2 }),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        cuts,
        (requests, edits, at) => check(applyEdits(requests.join(''), edits), at),
      ),
      { numRuns: 2 * CASES },
    );
  });

  it('agrees on requests whose lines were moved, repeated, dropped or forged', () => {
    fc.assert(
      fc.property(
        fc.array(request, { minLength: 1, maxLength: 2 }),
        fc.array(lineEdit, { minLength: 1, maxLength: 2 }),
        cuts,
        (requests, edits, at) => check(applyLineEdits(requests.join(''), edits), at),
      ),
      { numRuns: 2 * CASES },
    );
  });

  it('agrees on random bytes', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200, unit: 'binary-ascii' }), cuts, check), {
      numRuns: CASES / 2,
    });
    const pieces = fc.array(fc.constantFrom(...SNIPPETS, 'GET / HTTP/1.1', 'Host: a'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(pieces, cuts, (all, at) => check(all.join(''), at)),
      {
        numRuns: CASES / 2,
      },
    );
  });
});
