// Measured-boot logs: each replays to the registers that facts.json states, and stands or falls beside its quote.
import assert from 'node:assert/strict';
import { encodeHex, eventTypeName, parseTcgEventLog, replayEventLog } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { judge, show } from './command.js';
import { bytesOf, evidenceIn, factsOf, jsonOf, open, put } from './folder.js';

async function registersOf(path, kind, bank) {
  const log = parseTcgEventLog(bytesOf(path), kind);
  const replayed = await replayEventLog(log, bank, nodeProvider);
  return new Map([...replayed].map(([register, value]) => [register, encodeHex(value)]));
}

const ccel = (path) => [
  'replays to the RTMRs that are stated',
  [path],
  async () => {
    const registers = await registersOf(path, 'ccel', 'sha384');
    for (const register of [0, 1, 2, 3]) {
      const value = registers.get(register) ?? '00'.repeat(48);
      assert.equal(value, factsOf(path)[`rtmr${register}`]);
    }
  },
];

const tpmLog = (path) => [
  'replays to the PCRs that are stated',
  [path],
  async () => {
    const registers = await registersOf(path, 'tcg', 'sha256');
    const stated = Object.entries(factsOf(path)).filter(([name]) => /^pcr\d+_sha256$/.test(name));
    assert.ok(stated.length >= 8);
    for (const [name, value] of stated) {
      assert.equal(registers.get(Number(/\d+/.exec(name)[0])), value, name);
    }
  },
];

/** `added` are events that only one of the parsers has. */
const parsedForm = (name) => {
  const [log, expected] = ['.bin', '-expected.json'].map((end) => `eventlog/trustee/${name}${end}`);
  return [
    'has the events that another parser found',
    [log, expected],
    () => {
      const seen = parseTcgEventLog(bytesOf(log), 'ccel').events.map((event) => [
        (event.register ?? -1) + 1,
        eventTypeName(event.type),
        encodeHex(event.digests.get('sha384') ?? new Uint8Array()),
      ]);
      const wanted = jsonOf(expected).uefi_event_logs.map((event) => [
        event.index,
        event.type_name,
        event.digests[0].digest,
      ]);
      assert.deepEqual(seen, wanted);
    },
  ];
};

const quote = 'eventlog/go-tdx-guest/tdx-v4-gce-cos113.quote';
const collateral = 'tdx/automata/tdx-v4-production-00806f050000.collateral.json';
const beside = async (log) => {
  const flags = [`-collateral=${open(collateral)}`, '-at=2025-07-22T09:13:34Z'];
  return judge(...flags, `-eventlog=${open(log)}`, open(quote));
};
const duplicate = 'bad/go-eventlog/ccel-gce-cos113-duplicate-separator.bin';
const table = 'eventlog/go-tdx-guest/ccel-gce-cos113-table.bin';
const nonce = 'eventlog/go-tdx-guest/ccel-gce-cos113-nonce.bin';
const genuine = 'eventlog/go-tdx-guest/ccel-gce-cos113.bin';
const dstack = 'tdx/dstack/tdx-v4-with-event-log.json';

export const logChecks = [
  ...[
    'eventlog/trustee/ccel-data.bin',
    'eventlog/trustee/ccel-data-ovmf.bin',
    'eventlog/trustee/ccel-data-grub.bin',
    'eventlog/trustee/ccel-data-gcp.bin',
    'eventlog/trustee/ccel-data-grub-gke.bin',
    'eventlog/trustee/ccel-aael-alibabacloud.bin',
    genuine,
    duplicate,
  ].map(ccel),
  ...[
    'tpm-arch-linux-workstation',
    'tpm-confidential-gke-debug-251000',
    'tpm-cos-101-amd-sev',
    'tpm-cos-85-amd-sev',
    'tpm-ubuntu-2104-no-secure-boot',
    'tpm-ubuntu-2404-amd-sevsnp',
  ].map((name) => tpmLog(`eventlog/go-tpm-tools/${name}.bin`)),
  ...['ccel-data-ovmf', 'ccel-data-grub', 'ccel-aael-alibabacloud'].map(parsedForm),
  [
    'bears out the quote beside it',
    [genuine, quote, collateral],
    async () => {
      const { exit, claims } = await beside(genuine);
      assert.equal(exit, 0);
      assert.deepEqual(claims.event_log_registers, ['rtmr0', 'rtmr1', 'rtmr2']);
    },
  ],
  ...[duplicate, 'eventlog/trustee/ccel-data.bin'].map((log) => [
    'is refused beside a quote whose registers it does not explain',
    [log, quote, collateral],
    async () => {
      const { exit, faults } = await beside(log);
      assert.deepEqual([exit, faults[0].code], [4, 'event-log-mismatch']);
    },
  ]),
  [
    'bears out all four RTMRs of the quote in the same file',
    [dstack, 'tdx/go-tdx-guest/tdx-v5-production.collateral.json'],
    async () => {
      const { exit, claims } = await judge(
        `-collateral=${open('tdx/go-tdx-guest/tdx-v5-production.collateral.json')}`,
        '-at=2026-02-25T00:45:50Z',
        `-eventlog=${put(jsonOf(dstack).event_log)}`,
        put(evidenceIn(dstack)),
      );
      assert.equal(exit, 0);
      assert.deepEqual(claims.event_log_registers, ['rtmr0', 'rtmr1', 'rtmr2', 'rtmr3']);
    },
  ],
  [
    'is the report data of the quote beside it',
    [nonce, quote],
    async () => {
      const { fields } = await show(open(quote));
      assert.equal(fields.reportData, encodeHex(bytesOf(nonce)));
    },
  ],
  [
    'is an ACPI table that says where a log is, and no log',
    [table],
    () => {
      assert.equal(String.fromCharCode(...bytesOf(table).subarray(0, 4)), 'CCEL');
      assert.throws(() => parseTcgEventLog(bytesOf(table), 'ccel'), { name: 'EvidenceError' });
    },
  ],
  ...[
    ['option-rom', (log) => assert.ok(log.events.length > 50)],
    ['short-no-action', (log) => assert.equal(log.events.length, 1)],
    ['missing-ebs-event', (log) => assert.ok(log.events.length > 10)],
  ].map(([name, check]) => {
    const path = `eventlog/go-attestation/edge-${name}.bin`;
    return ['is read', [path], () => check(parseTcgEventLog(bytesOf(path), 'tcg'))];
  }),
  [
    'its log leads to the PCRs that came with it; it is signed over SHA-1, and refused',
    ['tpm/go-attestation/windows-gce-shielded-vm.json'],
    async () => {
      const { Log } = jsonOf('tpm/go-attestation/windows-gce-shielded-vm.json');
      const log = parseTcgEventLog(new Uint8Array(Buffer.from(Log.Raw, 'base64')), 'tcg');
      const replayed = await replayEventLog(log, 'sha1', nodeProvider);
      const pcrs = new Map(Log.PCRs.map(({ Index, Digest }) => [Index, Digest]));
      assert.ok(replayed.size >= 8);
      for (const [register, value] of replayed) {
        assert.equal(Buffer.from(value).toString('base64'), pcrs.get(register), `${register}`);
      }
    },
  ],
];
