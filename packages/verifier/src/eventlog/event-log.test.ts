// The readers of TCG, dstack and IMA logs, with logs that were written here.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import {
  agileEvent,
  agileHeader,
  extendAll,
  hash,
  imaTemplateData,
  sha1Event,
  u32le,
  type WrittenEvent,
  type WrittenImaEntry,
  writeAgileLog,
  writeImaBinary,
  writeImaText,
} from '../testing/event-log.js';
import { assertRefusesCleanly, mutationsOf, randomBytes } from '../testing/mutation.test.js';
import type { Bank } from './event-log.js';
import { parseDstackEventLog } from './parse-dstack.js';
import { parseImaBinary, parseImaText } from './parse-ima.js';
import { parseTcgEventLog } from './parse-tcg.js';
import { extend, replayEventLog } from './replay.js';
import { imaClaims } from './verify-event-log.js';

const ascii = (text: string) => new TextEncoder().encode(text);
const banks: readonly Bank[] = ['sha1', 'sha256', 'sha384'];

const events: readonly WrittenEvent[] = [
  { index: 0, type: 0x8, data: ascii('v1') },
  { index: 1, type: 0x3, data: ascii('nothing') },
  { index: 1, type: 0x7ffffff0, data: ascii('unknown'), measured: ascii('something') },
  { index: 0, type: 0x4, data: new Uint8Array(4) },
];

function refuses(code: EvidenceErrorCode, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

function agileWith(change: Partial<WrittenEvent>): Uint8Array {
  const [first = events[0]] = events;
  assert.ok(first);
  return concatBytes(agileHeader(banks), agileEvent({ ...first, ...change }, banks));
}

const good = writeAgileLog(events, banks);

describe('TCG event logs', () => {
  it('replay to what was extended, in each bank', async () => {
    const log = parseTcgEventLog(good, 'tcg');
    for (const bank of banks) {
      const replayed = await replayEventLog(log, bank, nodeProvider);
      assert.deepEqual(replayed, extendAll(events, bank));
    }
  });

  it('of SHA-1 alone replay too', async () => {
    const log = parseTcgEventLog(concatBytes(...events.map(sha1Event)), 'tcg');
    assert.deepEqual(log.banks, ['sha1']);
    assert.deepEqual(await replayEventLog(log, 'sha1', nodeProvider), extendAll(events, 'sha1'));
    await assert.rejects(replayEventLog(log, 'sha256', nodeProvider), {
      code: 'event-log-mismatch',
    });
  });

  it('keep banks that nobody knows apart, and are read without them', async () => {
    const sm3 = [0x12, new Uint8Array(32)] as const;
    const event = { index: 5, type: 5, data: ascii('x') };
    const digests = [[0xb, hash('sha256', event.data)] as const, sm3];
    const bytes = concatBytes(
      agileHeader(['sha256'], [[0x12, 32]]),
      agileEvent({ ...event, digests }, []),
    );
    const log = parseTcgEventLog(bytes, 'tcg');
    assert.deepEqual(log.banks, ['sha256']);
    assert.equal((await replayEventLog(log, 'sha256', nodeProvider)).size, 1);
  });

  it('of a TD number their registers from 1', async () => {
    const td = events.map((event) => ({ ...event, index: event.index + 1 }));
    const log = parseTcgEventLog(writeAgileLog(td, ['sha384']), 'ccel');
    const replayed = await replayEventLog(log, 'sha384', nodeProvider);
    assert.deepEqual([...replayed.keys()].sort(), [0, 1]);
  });

  it('may end in filler of zeros or of ones, whatever its length', () => {
    for (const byte of [0, 0xff]) {
      for (const length of [1, 3, 11, 4096]) {
        const filler = new Uint8Array(length).fill(byte);
        assert.equal(
          parseTcgEventLog(concatBytes(good, filler), 'tcg').events.length,
          events.length,
        );
      }
    }
  });

  it('begin PCR 0 with the locality of start-up', async () => {
    const locality = {
      index: 0,
      type: 3,
      data: concatBytes(ascii('StartupLocality\0'), Uint8Array.of(3)),
    };
    const log = parseTcgEventLog(writeAgileLog([locality, ...events], ['sha256']), 'tcg');
    const plain = extendAll(events, 'sha256').get(0);
    const replayed = (await replayEventLog(log, 'sha256', nodeProvider)).get(0);
    assert.equal(log.startupLocality, 3);
    assert.notDeepEqual(replayed, plain);
  });

  const locality = (value: number) =>
    ({
      index: 0,
      type: 3,
      data: concatBytes(ascii('StartupLocality\0'), Uint8Array.of(value)),
    }) as const;
  const sha256 = [0xb, new Uint8Array(32)] as const;
  const refusals: readonly [string, EvidenceErrorCode, () => Uint8Array, ('tcg' | 'ccel')?][] = [
    ['nothing at all', 'malformed', () => new Uint8Array()],
    ['more than a MiB', 'malformed', () => new Uint8Array(1_048_577)],
    ['PCR 24', 'malformed', () => agileWith({ index: 24 })],
    ['MRTD in a CCEL', 'malformed', () => agileWith({ index: 0 }), 'ccel'],
    ['RTMR 4 in a CCEL', 'malformed', () => agileWith({ index: 5 }), 'ccel'],
    ['a CCEL of SHA-1', 'malformed', () => concatBytes(...events.map(sha1Event)), 'ccel'],
    [
      'an event with fewer digests than the header says',
      'malformed',
      () => agileWith({ digests: [sha256] }),
    ],
    ['an event with no digest', 'malformed', () => agileWith({ digests: [] })],
    [
      'an event with one digest twice',
      'malformed',
      () => agileWith({ digests: [sha256, sha256, sha256] }),
    ],
    [
      'an event with a digest the header does not name',
      'malformed',
      () => agileWith({ digests: [[0xd, new Uint8Array(64)], sha256, sha256] }),
    ],
    ['a header without algorithms', 'malformed', () => agileHeader([])],
    ['a header with one algorithm twice', 'malformed', () => agileHeader(['sha256', 'sha256'])],
    ['a header with SHA-256 of 20 bytes', 'malformed', () => agileHeader([], [[0xb, 20]])],
    ['a header with a digest of 65 bytes', 'malformed', () => agileHeader([], [[0x99, 65]])],
    ['a header with a digest of no bytes', 'malformed', () => agileHeader([], [[0x99, 0]])],
    [
      'a header with nine algorithms',
      'malformed',
      () =>
        agileHeader(
          [],
          Array.from({ length: 9 }, (_, index) => [0x80 + index, 8] as const),
        ),
    ],
    ['an event longer than the log', 'malformed', () => good.subarray(0, -1)],
    ['filler of two kinds', 'malformed', () => concatBytes(good, Uint8Array.of(0, 0xff, 0xff))],
    [
      'an event behind the filler',
      'malformed',
      () => concatBytes(good, new Uint8Array(40).fill(0xff), good),
    ],
    [
      'more than 4096 events',
      'malformed',
      () =>
        concatBytes(
          ...Array.from({ length: 4097 }, () => sha1Event({ index: 0, type: 5, data: ascii('x') })),
        ),
    ],
    ['locality 1', 'malformed', () => writeAgileLog([locality(1), ...events], ['sha256'])],
    ['two localities', 'malformed', () => writeAgileLog([locality(3), locality(3)], ['sha256'])],
    [
      'a locality after PCR 0 was extended',
      'malformed',
      () => writeAgileLog([...events, locality(3)], ['sha256']),
    ],
  ];
  for (const [name, code, bytes, kind = 'tcg'] of refusals) {
    it(`refuse ${name}`, () => refuses(code, () => parseTcgEventLog(bytes(), kind)));
  }

  it('are refused at every length but those where an event ends', () => {
    const ends = new Set([0]);
    let at = agileHeader(banks).length;
    ends.add(at);
    for (const event of events) {
      at += agileEvent(event, banks).length;
      ends.add(at);
    }
    for (let length = 1; length < good.length; length += 1) {
      const cut = good.subarray(0, length);
      // What is left of a cut event may look like filler only if all of it is zeros.
      const lastEnd = Math.max(...[...ends].filter((end) => end <= length));
      if (lastEnd > 0 && cut.subarray(lastEnd).every((byte) => byte === 0)) continue;
      refuses('malformed', () => parseTcgEventLog(cut, 'tcg'));
    }
  });

  it('no input crashes the reader', () => {
    for (const kind of ['tcg', 'ccel'] as const) {
      assertRefusesCleanly(fc.oneof(randomBytes, mutationsOf(good)), (bytes) =>
        parseTcgEventLog(bytes, kind),
      );
    }
  });
});

describe('dstack event logs', () => {
  const event = {
    imr: 3,
    event_type: 0x08000001,
    digest: 'ab'.repeat(48),
    event: 'app-id',
    event_payload: '00',
  };
  const write = (...changes: readonly object[]) =>
    JSON.stringify(changes.map((change) => ({ ...event, ...change })));

  it('are read, short digests padded with zeros', () => {
    const log = parseDstackEventLog(write({}, { digest: 'cd', imr: 0, event_type: 4 }));
    assert.deepEqual(
      log.events.map(({ register }) => register),
      [3, 0],
    );
    assert.equal(
      encodeHex(log.events[1]?.digests.get('sha384') ?? new Uint8Array()),
      `cd${'00'.repeat(47)}`,
    );
  });

  const refusals: readonly [string, string][] = [
    ['text that is not JSON', 'x'],
    ['an object', '{}'],
    ['a list of something else', '[1]'],
    ['a fifth register', write({ imr: 4 })],
    ['a register that is no number', write({ imr: '3' })],
    ['a type beyond 32 bits', write({ event_type: 2 ** 32 })],
    ['a digest of 49 bytes', write({ digest: 'ab'.repeat(49) })],
    ['a digest that is not hex', write({ digest: 'xy' })],
    ['a payload that is not hex', write({ event_payload: 'é' })],
    ['a member twice', `[{"imr":0,"imr":1}]`],
    ['an unknown member', write({ trusted: true })],
    ['an event without a name', write({ event: null })],
    ['more than 4096 events', JSON.stringify(new Array(4097).fill(event))],
  ];
  for (const [name, text] of refusals) {
    it(`refuse ${name}`, () => refuses('malformed', () => parseDstackEventLog(text)));
  }
});

describe('IMA lists', () => {
  const entries: readonly WrittenImaEntry[] = [
    { template: 'ima-ng', fileDigest: hash('sha256', ascii('a')), path: 'boot_aggregate' },
    { template: 'ima-sig', fileDigest: hash('sha256', ascii('b')), path: '/usr/bin/my tool' },
    {
      template: 'ima-sig',
      fileDigest: hash('sha256', ascii('c')),
      path: '/etc/é',
      signature: Uint8Array.of(3, 2),
    },
    { template: 'ima-ng', fileDigest: new Uint8Array(32), path: '/var/log/x', violation: true },
  ];

  async function pcrAfter(count: number, bank: Bank): Promise<Uint8Array> {
    let register: Uint8Array = new Uint8Array(hash(bank, Uint8Array.of()).length);
    for (const entry of entries.slice(0, count)) {
      const ones = new Uint8Array(register.length).fill(0xff);
      const digest = entry.violation === true ? ones : hash(bank, imaTemplateData(entry));
      register = await extend(nodeProvider, bank, register, digest);
    }
    return register;
  }

  it('say the same as text and as bytes', () => {
    assert.deepEqual(parseImaText(writeImaText(entries)), parseImaBinary(writeImaBinary(entries)));
  });

  for (const bank of ['sha1', 'sha256'] as const) {
    it(`lead to PCR 10 of the ${bank} bank, and count no entry that came after the quote`, async () => {
      const list = parseImaBinary(writeImaBinary(entries));
      for (const [count, violations] of [
        [2, 0],
        [4, 1],
      ] as const) {
        const values = new Map([[10, await pcrAfter(count, bank)]]);
        const claims = await imaClaims(list, { kind: 'pcr', bank, values }, nodeProvider);
        assert.equal(claims.ima_entries, count);
        assert.equal(claims.ima_violations, violations);
        assert.equal((claims.ima_measurements as readonly string[]).length, count - violations);
      }
    });
  }

  it('that do not lead to the quoted value are refused', async () => {
    const value = await pcrAfter(4, 'sha256');
    const changed = entries.map((entry, index) =>
      index === 1 ? { ...entry, path: '/bin/x' } : entry,
    );
    const quote = (pcr: number, kind: 'pcr' | 'rtmr' = 'pcr') =>
      ({ kind, bank: 'sha256', values: new Map([[pcr, value]]) }) as const;
    const cases = [
      [writeImaBinary(changed), quote(10)],
      [writeImaBinary(entries.slice(0, 3)), quote(10)],
      [writeImaBinary([]), quote(10)],
      [writeImaBinary(entries), quote(11)],
      [writeImaBinary(entries), quote(10, 'rtmr')],
      [concatBytes(writeImaBinary(entries.slice(0, 1), 11), writeImaBinary(entries)), quote(11)],
    ] as const;
    for (const [bytes, quoted] of cases) {
      const outcome = imaClaims(parseImaBinary(bytes), quoted, nodeProvider);
      await assert.rejects(outcome, { code: 'event-log-mismatch' });
    }
  });

  const line = writeImaText(entries.slice(0, 1));
  const refusals: readonly [string, EvidenceErrorCode, () => unknown][] = [
    ['PCR 24', 'malformed', () => parseImaText(line.replace(/^10/, '24'))],
    ['template "ima"', 'malformed', () => parseImaText(line.replace('ima-ng', 'ima'))],
    [
      'a digest of the wrong length',
      'malformed',
      () => parseImaText(line.replace('sha256:', 'sha512:')),
    ],
    ['an unknown hash', 'malformed', () => parseImaText(line.replace('sha256:', 'crc32:'))],
    ['a line without an end', 'malformed', () => parseImaText(line.slice(0, 50))],
    [
      'a signature that is not hex',
      'malformed',
      () => parseImaText(line.replace('ima-ng', 'ima-sig').replace('\n', ' zz')),
    ],
    [
      'an unknown template in binary',
      'unsupported-format',
      () => parseImaBinary(writeImaBinary([{ ...entries[0], template: 'ima-buf' } as never])),
    ],
    [
      'a template name of a megabyte',
      'malformed',
      () => parseImaBinary(concatBytes(new Uint8Array(24), u32le(1_000_000))),
    ],
    ['more than 8 MiB', 'malformed', () => parseImaText('x'.repeat(8_388_609))],
  ];
  for (const [name, code, run] of refusals) it(`refuse ${name}`, () => refuses(code, run));

  it('no input crashes the reader', () => {
    assertRefusesCleanly(
      fc.oneof(randomBytes, mutationsOf(writeImaBinary(entries))),
      parseImaBinary,
    );
    assertRefusesCleanly(mutationsOf(ascii(writeImaText(entries))), (bytes) =>
      parseImaText(new TextDecoder().decode(bytes)),
    );
  });
});
