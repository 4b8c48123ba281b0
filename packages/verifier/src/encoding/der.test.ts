// The DER reader: every rule of X.690 chapter 10 that matters here, broken once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import {
  der,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derTime,
} from '../testing/der-writer.js';
import { assertRefusesCleanly, mutationsOf, randomBytes } from '../testing/mutation.test.js';
import { certificateDerLimits, DerReader, derTag } from './der.js';
import { parseDerTime } from './der-time.js';
import { decodeHex } from './hex.js';

const open = (bytes: Uint8Array) => DerReader.open(bytes, 'test', certificateDerLimits);

function refuses(code: EvidenceErrorCode, work: () => unknown): void {
  assert.throws(work, (error) => error instanceof EvidenceError && error.code === code);
}

test('reads back what was written', () => {
  const reader = open(
    derSequence(
      derInteger(300),
      derOid('1.3.6.1.4.1.3704.1.3.8'),
      derOctetString(Uint8Array.of(7, 8)),
      derTime(new Date('2049-12-31T23:59:59Z')),
      derTime(new Date('2050-01-01T00:00:00Z')),
    ),
  ).sequence('all');
  assert.equal(reader.smallInteger('number'), 300);
  assert.equal(reader.oid('oid'), '1.3.6.1.4.1.3704.1.3.8');
  assert.deepEqual(reader.octetString('bytes'), Uint8Array.of(7, 8));
  assert.equal(reader.time('short').toISOString(), '2049-12-31T23:59:59.000Z');
  assert.equal(reader.time('long').toISOString(), '2050-01-01T00:00:00.000Z');
  reader.end();
});

test('reads OIDs whose first arc is 2', () => {
  assert.equal(open(decodeHex('0603551d13')).oid('x'), '2.5.29.19');
  assert.equal(open(decodeHex('0603883703')).oid('x'), '2.999.3');
});

type Row = readonly [what: string, hex: string, read: (reader: DerReader) => unknown];
const rows: readonly Row[] = [
  ['an indefinite length', '30800000', (r) => r.next('x')],
  ['a long length below 128', '0481017f', (r) => r.next('x')],
  ['a length with a leading zero', `04820081${'00'.repeat(129)}`, (r) => r.next('x')],
  ['a length of five bytes', '04850000000001ff', (r) => r.next('x')],
  ['a length beyond the end', '0403ffff', (r) => r.next('x')],
  ['a tag of several bytes', '1f8101', (r) => r.next('x')],
  ['a tag of several bytes that could be short', '1f0100', (r) => r.next('x')],
  ['a length of five bytes that is in bounds', '04850000000001ff', (r) => r.next('x')],
  ['an octet string where an integer belongs', '040105', (r) => r.integer('x')],
  ['a tag without a length', '04', (r) => r.next('x')],
  ['nothing at all', '', (r) => r.next('x')],
  ['another tag than expected', '0400', (r) => r.integer('x')],
  ['an empty integer', '0200', (r) => r.integer('x')],
  ['an integer with a needless zero', '0202007f', (r) => r.integer('x')],
  ['an integer with a needless ff', '0202ff80', (r) => r.integer('x')],
  ['a negative integer where none may be', '0201ff', (r) => r.unsignedInteger('x')],
  ['a small integer of 33 bits', '02050100000000', (r) => r.smallInteger('x')],
  ['a negative enumerated', '0a0180', (r) => r.enumerated('x')],
  ['a boolean of 1', '010101', (r) => r.boolean('x')],
  ['a boolean of two bytes', '0102ffff', (r) => r.boolean('x')],
  ['a NULL with contents', '050100', (r) => r.null('x')],
  ['an empty OID', '0600', (r) => r.oid('x')],
  ['an OID that ends within an arc', '06022a86', (r) => r.oid('x')],
  ['an OID arc with a leading zero', '06032a8001', (r) => r.oid('x')],
  ['an OID arc of 35 bits', '06062affffffff7f', (r) => r.oid('x')],
  ['an OID of 22 arcs', `0615${'01'.repeat(21)}`, (r) => r.oid('x')],
  ['a bit string without its count', '0300', (r) => r.bitString('x')],
  ['a bit string with 8 unused bits', '03020800', (r) => r.bitString('x')],
  ['an empty bit string with unused bits', '030101', (r) => r.bitString('x')],
  ['a bit string with unused bits set', '03020401', (r) => r.bitString('x')],
  ['a bit string of broken bytes as bytes', '03020410', (r) => r.bitStringBytes('x')],
  ['a time without seconds', '170b323030313031303030305a', (r) => r.time('x')],
  ['a time that is a string', '0c0d3230303130313030303030305a', (r) => r.time('x')],
];
for (const [what, hex, read] of rows) {
  test(`refuses ${what}`, () => refuses('malformed', () => read(open(decodeHex(hex)))));
}

test('refuses what is left over', () => {
  const reader = open(Uint8Array.of(5, 0, 5, 0));
  reader.null('x');
  refuses('trailing-data', () => reader.end());
});

test('refuses times that are not in the calendar', () => {
  const text = (value: string) => new TextEncoder().encode(value);
  for (const value of [
    '20230230000000Z',
    '20231301000000Z',
    '20230100000000Z',
    '20230101240000Z',
    '20230101006000Z',
    '20230101000060Z',
    '20230101000000+',
    '2023010100000 Z',
    '202301010000Z',
    '20230101000000.0Z',
  ]) {
    assert.equal(parseDerTime(derTag.generalizedTime, text(value)), null, value);
  }
  const leap = parseDerTime(derTag.utcTime, text('240229120000Z'));
  assert.equal(leap?.toISOString(), '2024-02-29T12:00:00.000Z');
  const past = parseDerTime(derTag.utcTime, text('500101000000Z'));
  assert.equal(past?.toISOString(), '1950-01-01T00:00:00.000Z');
});

test('refuses too many elements, too much depth and too many bytes', () => {
  const many = derSequence(...Array.from({ length: 2100 }, () => der(5)));
  const list = open(many).sequence('list');
  refuses('malformed', () => {
    while (!list.done) list.next('x');
  });
  let deep = der(5);
  for (let i = 0; i < 20; i += 1) deep = derSequence(deep);
  assert.throws(() => {
    let reader = open(deep);
    for (;;) reader = reader.sequence('x');
  }, /nested too deeply/);
  refuses('malformed', () => open(new Uint8Array(certificateDerLimits.bytesMax + 1)));
});

/** Reads everything there is, in whatever type it says it has. */
function readAll(reader: DerReader): void {
  while (!reader.done) {
    const tag = reader.peek();
    if (tag === derTag.sequence || tag === derTag.set) readAll(reader.sequence('x'));
    else if (tag === derTag.integer) reader.integer('x');
    else if (tag === derTag.oid) reader.oid('x');
    else if (tag === derTag.bitString) reader.bitString('x');
    else if (tag === derTag.boolean) reader.boolean('x');
    else if (tag === derTag.utcTime || tag === derTag.generalizedTime) reader.time('x');
    else reader.next('x');
  }
}

test('fuzz: random bytes are read or refused', () => {
  assertRefusesCleanly(randomBytes, (bytes) => readAll(open(bytes)));
});

test('fuzz: spoiled DER is read or refused', () => {
  const valid = derSequence(
    derSequence(derInteger(2n ** 64n), derOid('2.5.29.19'), derTime(new Date(0))),
    der(3, Uint8Array.of(4, 0xf0)),
    der(1, Uint8Array.of(255)),
  );
  assertRefusesCleanly(mutationsOf(valid), (bytes) => readAll(open(bytes)));
});
