// The shapes of compact tokens: what is read, and everything that is not one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { assertRefusesCleanly, mutationsOf, randomBytes } from '../testing/mutation.test.js';
import { tokenSegment as segment } from '../testing/token-issuer.js';
import { looksLikeJws, parseJws } from './jws.js';

const header = segment({ alg: 'RS256', kid: 'k', typ: 'JWT' });
const payload = segment({ iss: 'i' });
const good = `${header}.${payload}.AAAA`;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const withHeader = (members: object | string) =>
  `${segment(members as Record<string, unknown>)}.${payload}.AAAA`;
const withPayload = (members: object | string) =>
  `${header}.${segment(members as Record<string, unknown>)}.AAAA`;

test('a compact token is read to its parts', () => {
  const jws = parseJws(good);
  assert.deepEqual(jws.header, { alg: 'RS256', kid: 'k', typ: 'JWT', x5c: null });
  assert.equal(jws.payload.iss, 'i');
  assert.deepEqual(jws.signingInput, bytesOf(`${header}.${payload}`));
  assert.deepEqual([...jws.signature], [0, 0, 0]);
  assert.ok(looksLikeJws(bytesOf(good)));
});

test('keys in the header are passed over: nothing of them comes out', () => {
  const jws = parseJws(
    withHeader({ alg: 'RS256', jwk: { kty: 'oct', k: 'AA' }, jku: 'https://x', x5u: 'https://x' }),
  );
  assert.deepEqual(Object.keys(jws.header), ['alg', 'kid', 'typ', 'x5c']);
});

type Row = readonly [sentence: string, code: EvidenceErrorCode, text: string];
const rows: readonly Row[] = [
  ['nothing', 'malformed', ''],
  ['two parts', 'malformed', `${header}.${payload}`],
  ['five parts, as of an encrypted token', 'malformed', `${good}.AAAA.AAAA`],
  ['the JSON serialisation', 'malformed', '{"payload":"e30","signatures":[]}'],
  ['white space before it', 'malformed', ` ${good}`],
  ['a line break at its end', 'malformed', `${good}\n`],
  ['padding', 'malformed', `${good}=`],
  ['the alphabet of plain base64', 'malformed', `${header}.${payload}.++++`],
  ['unused bits that are set', 'malformed', `${header}.${payload}.AB`],
  ['an impossible length', 'malformed', `${header}.${payload}.AAAAA`],
  ['a header that is no JSON', 'malformed', withHeader('{')],
  ['a header that is a list', 'malformed', withHeader('[]')],
  ['a header with a member twice', 'malformed', withHeader('{"alg":"none","alg":"RS256"}')],
  ['a payload with a member twice', 'malformed', withPayload('{"iss":"a","iss":"b"}')],
  ['a payload that is a string', 'malformed', withPayload('"x"')],
  ['a payload nested too deeply', 'malformed', withPayload(`{"a":${'['.repeat(20)}`)],
  ['a payload that is not UTF-8', 'malformed', `${header}._w.AAAA`],
  ['a payload behind a byte order mark', 'malformed', withPayload('\ufeff{"iss":"a"}')],
  ['a header without alg', 'malformed', withHeader({ kid: 'k' })],
  ['an alg that is a number', 'malformed', withHeader({ alg: 1 })],
  ['a kid that is an object', 'malformed', withHeader({ alg: 'RS256', kid: {} })],
  ['a kid that is very long', 'malformed', withHeader({ alg: 'RS256', kid: 'k'.repeat(2000) })],
  ['an x5c that is a string', 'malformed', withHeader({ alg: 'RS256', x5c: 'AAAA' })],
  ['an x5c of no certificates', 'malformed', withHeader({ alg: 'RS256', x5c: [] })],
  ['an x5c of too many', 'malformed', withHeader({ alg: 'RS256', x5c: Array(9).fill('AAAA') })],
  ['an x5c in base64url', 'malformed', withHeader({ alg: 'RS256', x5c: ['-___'] })],
  [
    'a critical extension',
    'header-not-allowed',
    withHeader({ alg: 'RS256', crit: ['exp'], exp: 1 }),
  ],
  [
    'an empty list of critical extensions',
    'header-not-allowed',
    withHeader({ alg: 'RS256', crit: [] }),
  ],
  ['an unencoded payload', 'header-not-allowed', withHeader({ alg: 'RS256', b64: false })],
  ['a compressed payload', 'header-not-allowed', withHeader({ alg: 'RS256', zip: 'DEF' })],
  ['an encrypted one', 'header-not-allowed', withHeader({ alg: 'dir', enc: 'A128GCM' })],
  ['one that is too long', 'malformed', `${header}.${payload}.${'A'.repeat(131_072)}`],
  ['a header that is too long', 'malformed', withHeader({ alg: 'RS256', pad: 'a'.repeat(50_000) })],
];

for (const [sentence, code, text] of rows) {
  test(`refused: ${sentence}`, () => {
    assert.throws(
      () => parseJws(text),
      (error) => {
        assert.ok(error instanceof EvidenceError, String(error));
        assert.equal(error.code, code, error.message);
        return true;
      },
    );
  });
}

test('every prefix of a token is refused, but for those that cut its signature', () => {
  const signature = good.lastIndexOf('.') + 1;
  for (let length = 0; length < signature; length += 1) {
    assert.throws(() => parseJws(good.slice(0, length)), EvidenceError);
  }
});

const parseBytes = (bytes: Uint8Array) => parseJws(new TextDecoder('latin1').decode(bytes));

test('no input crashes the reader', () => {
  assertRefusesCleanly(mutationsOf(bytesOf(good)), parseBytes, 3000);
  assertRefusesCleanly(randomBytes, parseBytes, 2000);
});
