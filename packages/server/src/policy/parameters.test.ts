// allowed_, denied_ and required_parameters, and the spellings that must not get around them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawField } from '../framework/field.js';
import { RawJson } from '../framework/json/value.js';
import { compileAcl } from './acl.js';
import { parseAclPolicy } from './parse.js';

type Fields = Readonly<Record<string, unknown>>;

/** Values are sent as JSON members; strings that begin with '?' as query text. */
function reasonFor(rules: readonly string[], fields: Fields): string {
  const policies = rules.map((rule, index) =>
    parseAclPolicy(`p${index}`, `path "x" { capabilities = ["update"]\n${rule}\n}`),
  );
  const entries = Object.entries(fields).map(([name, value]): [string, RawField] => [
    name,
    typeof value === 'string' && value.startsWith('?')
      ? { kind: 'text', value: value.slice(1) }
      : { kind: 'json', value: new RawJson(Buffer.from(JSON.stringify(value))) },
  ]);
  return compileAcl(policies).check({
    path: 'x',
    operation: 'update',
    parameters: new Map(entries),
    wrapTtlSeconds: null,
    sudoRequired: false,
  }).reason;
}

type Row = readonly [name: string, rule: string, fields: Fields, want: string];

function run(rows: readonly Row[]): void {
  for (const [name, rule, fields, want] of rows)
    assert.equal(reasonFor([rule], fields), want, name);
}

const NO = 'parameter-not-allowed';
const DENIED = 'parameter-denied';

test('allowed_parameters', () => {
  const one = 'allowed_parameters = { "ttl" = ["1h", "2h"] "note" = [] }';
  const glob = 'allowed_parameters = { "p" = ["dev-*", "*-ro", "*mid*"] }';
  run([
    ['a request without fields passes', one, {}, 'granted'],
    ['a listed value passes', one, { ttl: '2h' }, 'granted'],
    ['a value of a field with an empty list passes', one, { note: { any: 1 } }, 'granted'],
    ['field names are compared in lower case', one, { TTL: '1h' }, 'granted'],
    ['an unlisted value', one, { ttl: '3h' }, NO],
    ['an unlisted field', one, { ttl: '1h', other: 1 }, NO],
    ['an unlisted value under another case', one, { Ttl: '3h' }, NO],
    ['a null', one, { ttl: null }, NO],
    ['an object', one, { ttl: { a: '1h' } }, NO],
    ['a listed name in both cases, one of them wrong', one, { ttl: '1h', TTL: '9h' }, NO],
    [
      'star allows the other fields',
      'allowed_parameters = { "*" = [] "ttl" = ["1h"] }',
      { z: 1 },
      'granted',
    ],
    [
      'star does not free a listed field',
      'allowed_parameters = { "*" = [] "ttl" = ["1h"] }',
      { ttl: '2h' },
      NO,
    ],
    [
      'star with values limits every other field',
      'allowed_parameters = { "*" = ["a"] }',
      { z: 'b' },
      NO,
    ],
    ['a prefix', glob, { p: 'dev-x' }, 'granted'],
    ['a suffix', glob, { p: 'x-ro' }, 'granted'],
    ['a part', glob, { p: 'amidb' }, 'granted'],
    ['neither', glob, { p: 'prod' }, NO],
    ['a comma list of matches', glob, { p: 'dev-a, b-ro' }, 'granted'],
    ['a comma list that hides another value behind a match', glob, { p: 'dev-a,admin' }, NO],
    ['a comma list that ends in a match', glob, { p: 'dev-a,admin,x-ro' }, NO],
    ['a JSON list of matches', glob, { p: ['dev-a', 'b-ro'] }, 'granted'],
    ['a JSON list with another value', glob, { p: ['dev-a', 'admin'] }, NO],
    ['a JSON list with a nested list', glob, { p: [['dev-a']] }, NO],
    ['an empty JSON list', glob, { p: [] }, NO],
    [
      'a whole list that is listed',
      'allowed_parameters = { "p" = [["a", "b"]] }',
      { p: ['a', 'b'] },
      'granted',
    ],
    [
      'part of a list that is listed',
      'allowed_parameters = { "p" = [["a", "b"]] }',
      { p: ['a'] },
      NO,
    ],
    ['a number in each spelling', 'allowed_parameters = { "n" = [5] }', { n: '?5' }, 'granted'],
    ['another number', 'allowed_parameters = { "n" = [5] }', { n: 50 }, NO],
    ['a boolean as text', 'allowed_parameters = { "b" = [false] }', { b: 'false' }, 'granted'],
    ['the other boolean', 'allowed_parameters = { "b" = [false] }', { b: true }, NO],
    [
      'the other boolean spelled as a number',
      'allowed_parameters = { "b" = [false] }',
      { b: 1 },
      NO,
    ],
    ['an empty map allows everything', 'allowed_parameters = { }', { z: 1 }, 'granted'],
  ]);
});

test('denied_parameters', () => {
  const one = 'denied_parameters = { "policies" = ["root", "admin-*"] "secret" = [] }';
  run([
    ['another field passes', one, { ttl: '1h' }, 'granted'],
    ['another value passes', one, { policies: 'dev' }, 'granted'],
    ['a denied value', one, { policies: 'root' }, DENIED],
    ['a denied value as query text', one, { policies: '?root' }, DENIED],
    ['a denied value under another case of the field', one, { Policies: 'root' }, DENIED],
    ['a denied pattern', one, { policies: 'admin-x' }, DENIED],
    ['a denied value inside a JSON list', one, { policies: ['dev', 'root'] }, DENIED],
    ['a denied value deep inside', one, { policies: { a: [{ b: 'root' }] } }, DENIED],
    ['a denied value between commas', one, { policies: 'dev, root' }, DENIED],
    ['any value of a denied field', one, { secret: 0 }, DENIED],
    ['star denies every field', 'denied_parameters = { "*" = [] }', { z: 1 }, DENIED],
    ['star passes a request without fields', 'denied_parameters = { "*" = [] }', {}, 'granted'],
    ['a boolean spelled as text', 'denied_parameters = { "b" = [true] }', { b: 'TRUE' }, DENIED],
    ['a boolean spelled as one', 'denied_parameters = { "b" = ["true"] }', { b: 1 }, DENIED],
    ['a number with leading zeros', 'denied_parameters = { "n" = [5] }', { n: '05' }, DENIED],
    [
      'denied wins over allowed',
      'denied_parameters = { "a" = ["x"] }\nallowed_parameters = { "a" = ["x", "y"] }',
      { a: 'x' },
      DENIED,
    ],
    [
      'allowed still limits what is not denied',
      'denied_parameters = { "a" = ["x"] }\nallowed_parameters = { "a" = ["y"] }',
      { a: 'z' },
      NO,
    ],
    [
      'values too deep to look into count as denied',
      one,
      { policies: JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`) },
      DENIED,
    ],
  ]);
});

test('required_parameters', () => {
  const one = 'required_parameters = ["Ttl", "note"]';
  run([
    ['all present passes, whatever their case', one, { TTL: 1, note: null }, 'granted'],
    ['one missing', one, { ttl: 1 }, 'parameter-required'],
    ['all missing', one, {}, 'parameter-required'],
    [
      'required but not allowed',
      `${one}\nallowed_parameters = { "ttl" = [] }`,
      { ttl: 1, note: 1 },
      NO,
    ],
  ]);
});

test('the same path in several policies unites what they say of parameters', () => {
  const rows: readonly (readonly [string, readonly string[], Fields, string])[] = [
    [
      'values are united',
      ['allowed_parameters = { "a" = ["1"] }', 'allowed_parameters = { "a" = ["2"] }'],
      { a: '2' },
      'granted',
    ],
    [
      'an empty list outweighs values',
      ['allowed_parameters = { "a" = ["1"] }', 'allowed_parameters = { "a" = [] }'],
      { a: '9' },
      'granted',
    ],
    [
      'fields are united',
      ['allowed_parameters = { "a" = [] }', 'allowed_parameters = { "b" = [] }'],
      { b: 1 },
      'granted',
    ],
    [
      'a rule without limits does not lift them',
      ['allowed_parameters = { "a" = [] }', ''],
      { b: 1 },
      NO,
    ],
    ['the order does not matter', ['', 'allowed_parameters = { "a" = [] }'], { b: 1 }, NO],
    [
      'denied values are united',
      ['denied_parameters = { "a" = ["1"] }', 'denied_parameters = { "a" = ["2"] }'],
      { a: '2' },
      DENIED,
    ],
    [
      'required names are united',
      ['required_parameters = ["a"]', 'required_parameters = ["b"]'],
      { a: 1 },
      'parameter-required',
    ],
  ];
  for (const [name, rules, fields, want] of rows)
    assert.equal(reasonFor(rules, fields), want, name);
});
