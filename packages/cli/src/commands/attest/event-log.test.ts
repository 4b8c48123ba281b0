// `attest verify -eventlog`: logs of genuine machines beside their quotes, and beside those of others.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { judge, put, skip, vector } from '../../testing/evidence.js';

const ccel = 'eventlog/go-tdx-guest/ccel-gce-cos113.bin';
const gceQuote = [
  `-collateral=${vector('tdx/automata/tdx-v4-production-00806f050000.collateral.json')}`,
  '-at=2025-07-22T09:13:34Z',
  vector('eventlog/go-tdx-guest/tdx-v4-gce-cos113.quote'),
];

function dstack(): { readonly log: string; readonly quote: string } {
  const file = JSON.parse(
    readFileSync(vector('tdx/dstack/tdx-v4-with-event-log.json'), 'utf8'),
  ) as {
    quote: string;
    event_log: string;
  };
  return { log: put('log.json', file.event_log), quote: put('quote.hex', file.quote) };
}

describe('a log beside a quote', { skip }, () => {
  test('of a TD in a cloud: what it says is among the claims', async () => {
    const [, { genuine, claims }] = await judge(`-eventlog=${vector(ccel)}`, ...gceQuote);
    assert.equal(genuine, true);
    assert.deepEqual(claims.event_log_registers, ['rtmr0', 'rtmr1', 'rtmr2']);
    assert.equal(claims.secure_boot, false);
    assert.match(String(claims.kernel_command_lines), /vmlinuz/);
  });

  test('of dstack: what its runtime measured is among the claims', async () => {
    const { log, quote } = dstack();
    const collateral = vector('tdx/go-tdx-guest/tdx-v5-production.collateral.json');
    const [, { genuine, claims }] = await judge(
      `-eventlog=${log}`,
      `-collateral=${collateral}`,
      '-at=2026-02-25T00:45:50Z',
      quote,
    );
    assert.equal(genuine, true);
    assert.equal(claims.dstack_app_id, '3763bc34552cf3a27ff71ad5f7a90471562a1a2d');
  });

  const changed = (): string => {
    const bytes = readFileSync(vector(ccel));
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    return put('changed', bytes);
  };
  const wrong: readonly [string, () => string, string][] = [
    [
      'with a separator more than was measured',
      () => vector('bad/go-eventlog/ccel-gce-cos113-duplicate-separator.bin'),
      'event-log-mismatch',
    ],
    [
      'of another machine',
      () => vector('eventlog/trustee/ccel-data-grub.bin'),
      'event-log-mismatch',
    ],
    ['of another kind of machine', () => dstack().log, 'event-log-mismatch'],
    ['with a digest changed', changed, 'event-log-mismatch'],
    [
      'that is an IMA list',
      () => put('ima', `10 ${'0'.repeat(40)} ima-ng sha1:${'0'.repeat(40)} x\n`),
      'event-log-mismatch',
    ],
    [
      'that is cut short',
      () => put('cut', readFileSync(vector(ccel)).subarray(0, 1000)),
      'malformed',
    ],
    ['that is empty', () => put('empty', ''), 'malformed'],
    ['that is no log', () => put('text', '[{"imr": 0}]'), 'malformed'],
  ];
  for (const [name, log, code] of wrong) {
    test(`${name} is refused, and no claim is left`, async () => {
      const [exit, { genuine, claims, faults }] = await judge(`-eventlog=${log()}`, ...gceQuote);
      assert.deepEqual([exit, genuine, faults[0]?.code, claims], [4, false, code, {}]);
    });
  }
});
