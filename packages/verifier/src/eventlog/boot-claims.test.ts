// What a log is believed to say, and what it is not: types and labels are not measured, so a log whose
// events were renamed must not gain a claim, nor lose a digest.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { concatBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { nodeProvider } from '../provider-node.js';
import {
  extendAll,
  hash,
  variableData,
  type WrittenEvent,
  writeAgileLog,
} from '../testing/event-log.js';
import type { ClaimValue } from '../types.js';
import { parseTcgEventLog } from './parse-tcg.js';
import { eventLogClaims, type QuotedRegisters } from './verify-event-log.js';

const ascii = (text: string) => new TextEncoder().encode(text);
const globalVendor = '61dfe48bca93d211aa0d00e098032b8c';
const imageSecurity = 'cbb219d73a3d9645a3bcdad00e67656f';
const driverConfig = 0x80000001;
const separator = new Uint8Array(4);

const variable = (index: number, vendor: string, name: string, value: number[]): WrittenEvent => ({
  index,
  type: driverConfig,
  data: variableData(vendor, name, Uint8Array.from(value)),
});
const secureBoot = (value: number[], index = 7) =>
  variable(index, globalVendor, 'SecureBoot', value);
const separators: readonly WrittenEvent[] = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
  index,
  type: 4,
  data: separator,
}));
const application = ascii('MZ the whole of a boot loader');
const grub = (text: string, label = 'grub_cmd: '): WrittenEvent => ({
  index: 8,
  type: 0xd,
  data: ascii(`${label}${text}\0`),
  measured: ascii(text),
});

const boot: readonly WrittenEvent[] = [
  { index: 0, type: 8, data: Uint8Array.from(Buffer.from('fw 1\0', 'utf16le')) },
  secureBoot([1]),
  variable(7, globalVendor, 'PK', [1, 2]),
  variable(7, imageSecurity, 'db', [3]),
  ...separators,
  { index: 4, type: 0x80000003, data: ascii('path'), measured: application },
  grub('set x=1'),
  grub('linux /vmlinuz ro quiet'),
  grub('/vmlinuz ro quiet', 'kernel_cmdline: '),
  { index: 5, type: 0x80000007, data: ascii('Exit Boot Services Returned with Success') },
];

type Claims = Readonly<Record<string, ClaimValue>>;

function quote(events: readonly WrittenEvent[]): QuotedRegisters {
  return { kind: 'pcr', bank: 'sha256', values: extendAll(events, 'sha256') };
}

/** Claims of the log in `told`, for a machine that measured what is in `measured`. */
async function read(
  told: readonly WrittenEvent[],
  measured: readonly WrittenEvent[] = told,
): Promise<Claims> {
  const log = parseTcgEventLog(writeAgileLog(told, ['sha1', 'sha256']), 'tcg');
  return eventLogClaims(log, quote(measured), nodeProvider);
}

/** The same digests, told differently. */
function retold(events: readonly WrittenEvent[], at: number, change: Partial<WrittenEvent>) {
  return events.map((event, index) =>
    index === at ? { ...event, measured: event.measured ?? event.data, ...change } : event,
  );
}

const indexOf = (event: WrittenEvent | undefined) => boot.indexOf(event as WrittenEvent);
const applicationAt = boot.findIndex(({ type }) => type === 0x80000003);
const linuxAt = boot.findIndex(({ data }) => Buffer.from(data).includes('grub_cmd: linux'));

describe('what a log says', () => {
  it('of an ordinary boot', async () => {
    const claims = await read(boot);
    assert.equal(claims.secure_boot, true);
    assert.equal(claims.firmware_version, 'fw 1');
    assert.equal(claims.exit_boot_services, true);
    assert.deepEqual(claims.boot_digests, [encodeHex(hash('sha256', application))]);
    assert.deepEqual(claims.kernel_command_lines, ['/vmlinuz ro quiet']);
    assert.deepEqual(claims.boot_loader_digests, []);
    assert.deepEqual(claims.event_log_unquoted_banks, ['sha1']);
    assert.deepEqual((claims.event_log_separators as string[])[7], 'pcr7:1');
    assert.equal(typeof claims.secure_boot_pk, 'string');
    assert.equal(typeof claims.secure_boot_db, 'string');
    assert.equal(claims.secure_boot_dbx, undefined);
  });

  const states: readonly [string, readonly WrittenEvent[], boolean | undefined][] = [
    ['off if the variable is 0', [secureBoot([0]), ...separators], false],
    ['off if the variable is empty', [secureBoot([]), ...separators], false],
    ['unknown without a separator', [secureBoot([1])], undefined],
    ['unknown if it was measured after the separator', [...separators, secureBoot([1])], undefined],
    [
      'unknown if it was measured twice',
      [secureBoot([1]), secureBoot([1]), ...separators],
      undefined,
    ],
    ['off if it was measured on and off', [secureBoot([1]), secureBoot([0]), ...separators], false],
    [
      'unknown of another vendor',
      [variable(7, imageSecurity, 'SecureBoot', [1]), ...separators],
      undefined,
    ],
    ['unknown in another PCR', [secureBoot([1], 6), ...separators], undefined],
    ['off if the variable is 2', [secureBoot([2]), ...separators], false],
  ];
  for (const [name, events, expected] of states) {
    it(`of secure boot: ${name}`, async () => {
      assert.equal((await read(events)).secure_boot, expected);
    });
  }
});

describe('what nobody can make a log say', () => {
  it('secure boot on, where it was measured off: by changing the data', async () => {
    const measured = [secureBoot([0]), ...separators];
    const told = retold(measured, 0, { data: secureBoot([1]).data });
    assert.equal((await read(told, measured)).secure_boot, false);
  });

  it('secure boot on, from a blob of the host, with the real one hidden under another type', async () => {
    const blob = { index: 7, type: 0xa, data: secureBoot([1]).data };
    const measured = [secureBoot([0]), blob, ...separators];
    const told = retold(retold(measured, 0, { type: 1, data: ascii('x') }), 1, {
      type: driverConfig,
    });
    assert.equal((await read(told, measured)).secure_boot, false);
  });

  it('secure boot on, from behind a separator that was given another type', async () => {
    const measured = [...separators, secureBoot([1])];
    const told = retold(measured, 7, { type: 5 });
    assert.equal((await read(told, measured)).secure_boot, undefined);
  });

  const hidings: readonly [string, number, Partial<WrittenEvent>][] = [
    ['as an action', applicationAt, { type: 0x80000007, data: ascii('Calling EFI Application') }],
    ['as its own bytes', applicationAt, { type: 0x80000007, data: application }],
    ['as a separator', applicationAt, { type: 4, data: separator }],
    ['as an event of no known type', applicationAt, { type: 0x1234 }],
  ];
  for (const [name, at, change] of hidings) {
    it(`nothing of a program that was started, hidden ${name}`, async () => {
      const claims = await read(retold(boot, at, change), boot);
      assert.deepEqual(claims.boot_digests, [encodeHex(hash('sha256', application))]);
    });
  }

  it('another command line than the one that was used, by labels', async () => {
    const measured = [...boot, grub('/vmlinuz single')];
    const told = retold(measured, boot.length, {
      data: ascii('kernel_cmdline: /vmlinuz single\0'),
    });
    assert.deepEqual((await read(told, measured)).kernel_command_lines, ['/vmlinuz ro quiet']);
  });

  it('no command line, without its digest showing up', async () => {
    const told = retold(boot, linuxAt, { data: ascii('grub_cmd: linux /vmlinuz safe\0') });
    const claims = await read(told, boot);
    assert.equal(claims.kernel_command_lines, undefined);
    const digest = encodeHex(hash('sha256', ascii('linux /vmlinuz ro quiet')));
    assert.deepEqual(claims.boot_loader_digests, [digest]);
  });

  it('anything of registers that were not quoted', async () => {
    const log = parseTcgEventLog(writeAgileLog(boot, ['sha256']), 'tcg');
    const all = quote(boot);
    const values = new Map([...all.values].filter(([register]) => register === 4));
    const claims = await eventLogClaims(log, { ...all, values }, nodeProvider);
    assert.deepEqual(claims.event_log_registers, ['pcr4']);
    assert.equal(claims.secure_boot, undefined);
    assert.equal(claims.kernel_command_lines, undefined);
  });

  const mismatches: readonly [string, readonly WrittenEvent[], readonly WrittenEvent[]][] = [
    ['an event less', boot.slice(1), boot],
    ['an event more', [...boot, ...separators.slice(0, 1)], boot],
    [
      'two events in the other order',
      [...boot.slice(2, 4), ...boot.slice(0, 2), ...boot.slice(4)],
      boot,
    ],
    ['an event in another register', retold(boot, indexOf(boot[1]), { index: 6 }), boot],
    ['no event of a register of the firmware', boot.filter(({ index }) => index !== 7), boot],
  ];
  for (const [name, told, measured] of mismatches) {
    it(`anything at all, with ${name}`, async () => {
      await assert.rejects(read(told, measured), { code: 'event-log-mismatch' });
    });
  }

  it('anything about a bank that was not quoted', async () => {
    const log = parseTcgEventLog(writeAgileLog(boot, ['sha1']), 'tcg');
    const outcome = eventLogClaims(log, quote(boot), nodeProvider);
    await assert.rejects(outcome, { code: 'event-log-mismatch' });
  });
});

describe("a dstack workload's own events", () => {
  const runtime = (name: string, payload: Uint8Array): WrittenEvent => ({
    index: 3,
    type: 0x08000001,
    data: payload,
    measured: concatBytes(Uint8Array.of(1, 0, 0, 8), ascii(`:${name}:`), payload),
  });
  const toJson = (events: readonly (WrittenEvent & { name: string })[]) =>
    JSON.stringify(
      events.map(({ index, type, data, measured, name }) => ({
        imr: index,
        event_type: type,
        digest: encodeHex(hash('sha384', measured ?? data)),
        event: name,
        event_payload: encodeHex(data),
      })),
    );
  const named = (name: string, payload: string) => ({ ...runtime(name, ascii(payload)), name });

  async function claimsOf(events: readonly (WrittenEvent & { name: string })[]): Promise<Claims> {
    const { parseDstackEventLog } = await import('./parse-dstack.js');
    const values = extendAll(events, 'sha384');
    for (const register of [0, 1, 2]) values.set(register, new Uint8Array(48));
    const quoted = { kind: 'rtmr', bank: 'sha384', values } as const;
    return eventLogClaims(parseDstackEventLog(toJson(events)), quoted, nodeProvider);
  }

  const good = [named('app-id', 'a'), named('system-ready', ''), named('compose-hash', 'mine')];

  it('do not pass for the runtime’s', async () => {
    const claims = await claimsOf(good);
    assert.equal(claims.dstack_app_id, encodeHex(ascii('a')));
    assert.equal(claims.dstack_compose_hash, undefined);
  });

  const hidden: readonly [string, readonly (WrittenEvent & { name: string })[]][] = [
    [
      'under another name',
      [
        named('app-id', 'a'),
        { ...named('system-ready', ''), name: 'x' },
        named('compose-hash', 'mine'),
      ],
    ],
    [
      'by a name with a colon',
      [
        named('app-id', 'a'),
        { ...named('system', 'ready:'), name: 'system:ready' },
        named('compose-hash', 'mine'),
      ],
    ],
    ['by saying a thing twice', [named('compose-hash', 'a'), named('compose-hash', 'mine')]],
  ];
  for (const [name, events] of hidden) {
    it(`do not, where their beginning is hidden ${name}`, async () => {
      assert.equal((await claimsOf(events)).dstack_compose_hash, undefined);
    });
  }
});
