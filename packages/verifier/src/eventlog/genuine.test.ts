// Genuine logs: they replay to the values that the vectors state, and to the quote beside them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeHex, encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { parseTdxEvidence } from '../tdx/parse.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { ClaimValue } from '../types.js';
import { type Bank, type EventLog, eventTypeName } from './event-log.js';
import { parseDstackEventLog } from './parse-dstack.js';
import { parseTcgEventLog } from './parse-tcg.js';
import { replayEventLog } from './replay.js';
import { eventLogClaims, type QuotedRegisters } from './verify-event-log.js';

const text = (path: string) => new TextDecoder().decode(readVector(path));

interface VectorFile {
  readonly file: string;
  readonly facts: Readonly<Record<string, string>>;
}

const files: readonly VectorFile[] =
  skipWithoutVectors === false
    ? (JSON.parse(text('facts.json')) as { files: VectorFile[] }).files
    : [];

function factsOf(file: string): Readonly<Record<string, string>> {
  return files.find((entry) => entry.file === file)?.facts ?? {};
}

async function replayed(log: EventLog, bank: Bank): Promise<Record<number, string>> {
  const registers = await replayEventLog(log, bank, nodeProvider);
  return Object.fromEntries([...registers].map(([index, value]) => [index, encodeHex(value)]));
}

function quotedBy(path: string): QuotedRegisters {
  const { report } = parseTdxEvidence(path.endsWith('.json') ? dstackQuote() : readVector(path));
  const values = [report.rtmr0, report.rtmr1, report.rtmr2, report.rtmr3];
  return { kind: 'rtmr', bank: 'sha384', values: new Map(values.entries()) };
}

const dstack = 'tdx/dstack/tdx-v4-with-event-log.json';
const dstackFile = () => JSON.parse(text(dstack)) as { quote: string; event_log: string };
const dstackQuote = () => decodeHex(dstackFile().quote);

const ccels = [
  'eventlog/trustee/ccel-data.bin',
  'eventlog/trustee/ccel-data-ovmf.bin',
  'eventlog/trustee/ccel-data-grub.bin',
  'eventlog/trustee/ccel-data-gcp.bin',
  'eventlog/trustee/ccel-data-grub-gke.bin',
  'eventlog/trustee/ccel-aael-alibabacloud.bin',
  'eventlog/go-tdx-guest/ccel-gce-cos113.bin',
  'bad/go-eventlog/ccel-gce-cos113-duplicate-separator.bin',
];
const tpmLogs = [
  'tpm-arch-linux-workstation',
  'tpm-confidential-gke-debug-251000',
  'tpm-cos-101-amd-sev',
  'tpm-cos-85-amd-sev',
  'tpm-ubuntu-2104-no-secure-boot',
  'tpm-ubuntu-2404-amd-sevsnp',
].map((name) => `eventlog/go-tpm-tools/${name}.bin`);

describe('genuine event logs', { skip: skipWithoutVectors }, () => {
  for (const file of ccels) {
    it(`${file} replays to the RTMRs that are stated`, async () => {
      const registers = await replayed(parseTcgEventLog(readVector(file), 'ccel'), 'sha384');
      const facts = factsOf(file);
      for (const register of [0, 1, 2, 3]) {
        const value = registers[register] ?? '00'.repeat(48);
        assert.equal(value, facts[`rtmr${register}`], `RTMR ${register}`);
      }
    });
  }

  for (const file of tpmLogs) {
    it(`${file} replays to the PCRs that are stated`, async () => {
      const registers = await replayed(parseTcgEventLog(readVector(file), 'tcg'), 'sha256');
      const facts = Object.entries(factsOf(file)).filter(([name]) => /^pcr\d+_sha256$/.test(name));
      assert.ok(facts.length >= 8);
      for (const [name, value] of facts) {
        assert.equal(registers[Number(/\d+/.exec(name)?.[0])], value, name);
      }
    });
  }

  it('the events of a CCEL are those that another parser found', () => {
    for (const name of ['ovmf', 'grub']) {
      const file = `eventlog/trustee/ccel-data-${name}`;
      const log = parseTcgEventLog(readVector(`${file}.bin`), 'ccel');
      const expected = JSON.parse(text(`${file}-expected.json`)) as {
        uefi_event_logs: {
          index: number;
          type_name: string;
          event: string;
          digests: { digest: string }[];
        }[];
      };
      const seen = log.events.map((event) => [
        (event.register ?? -1) + 1,
        eventTypeName(event.type),
        Buffer.from(event.data).toString('base64'),
        encodeHex(event.digests.get('sha384') ?? new Uint8Array()),
      ]);
      const wanted = expected.uefi_event_logs.map(({ index, type_name, event, digests }) => [
        index,
        type_name,
        event,
        digests[0]?.digest,
      ]);
      assert.deepEqual(seen, wanted, name);
    }
  });

  it('a SHA-1 log of firmware, and one of a single EV_NO_ACTION, are read', () => {
    const roms = parseTcgEventLog(readVector('eventlog/go-attestation/edge-option-rom.bin'), 'tcg');
    assert.deepEqual(roms.banks, ['sha1']);
    assert.ok(roms.events.length > 50);
    const short = readVector('eventlog/go-attestation/edge-short-no-action.bin');
    const locality = parseTcgEventLog(short, 'tcg');
    assert.equal(locality.events.length, 1);
    assert.equal(locality.startupLocality, short[48]);
  });

  it('the SHA-1 log of a shielded VM leads to the PCRs that came with it', async () => {
    const file = JSON.parse(text('tpm/go-attestation/windows-gce-shielded-vm.json')) as {
      Log: { Raw: string; PCRs: { Index: number; Digest: string; DigestAlg: number }[] };
    };
    const log = parseTcgEventLog(new Uint8Array(Buffer.from(file.Log.Raw, 'base64')), 'tcg');
    const values = new Map(
      file.Log.PCRs.map(({ Index, Digest }) => [
        Index,
        new Uint8Array(Buffer.from(Digest, 'base64')),
      ]),
    );
    const claims = await eventLogClaims(log, { kind: 'pcr', bank: 'sha1', values }, nodeProvider);
    assert.equal(claims.secure_boot, true);
  });
});

describe('a log beside a quote', { skip: skipWithoutVectors }, () => {
  const quote = 'eventlog/go-tdx-guest/tdx-v4-gce-cos113.quote';
  const ccel = () => readVector('eventlog/go-tdx-guest/ccel-gce-cos113.bin');

  it('explains the RTMRs of its quote, and what it says becomes claims', async () => {
    const log = parseTcgEventLog(ccel(), 'ccel');
    const claims = await eventLogClaims(log, quotedBy(quote), nodeProvider);
    const lengths = (name: string) => (claims[name] as readonly ClaimValue[]).length;
    assert.deepEqual(claims.event_log_registers, ['rtmr0', 'rtmr1', 'rtmr2']);
    assert.deepEqual(claims.event_log_separators, ['rtmr0:1', 'rtmr1:1']);
    assert.equal(claims.event_log_events, 43);
    assert.equal(claims.secure_boot, false);
    assert.equal(claims.exit_boot_services, true);
    assert.equal(lengths('boot_digests'), 2);
    assert.match(String(claims.kernel_command_lines), /^\/syslinux\/vmlinuz\.A init=/);
    assert.equal(claims.secure_boot_db, undefined, "a TD's RTMR 0 cannot show whose digest it is");
  });

  it('dstack: its events, and what its runtime said before the workload could', async () => {
    const log = parseDstackEventLog(dstackFile().event_log);
    const claims = await eventLogClaims(log, quotedBy(dstack), nodeProvider);
    assert.deepEqual(claims.event_log_registers, ['rtmr0', 'rtmr1', 'rtmr2', 'rtmr3']);
    assert.equal(claims.dstack_app_id, '3763bc34552cf3a27ff71ad5f7a90471562a1a2d');
    assert.match(String(claims.dstack_compose_hash), /^3763bc34552cf3a27ff71ad5f7a90471562a1a2d/);
    assert.equal(claims.dstack_lium_miner_hotkey, undefined);
    assert.equal(claims.secure_boot, false);
  });

  const wrong: readonly [string, () => EventLog, string][] = [
    [
      'with a separator more than was measured',
      () =>
        parseTcgEventLog(
          readVector('bad/go-eventlog/ccel-gce-cos113-duplicate-separator.bin'),
          'ccel',
        ),
      quote,
    ],
    ['of another machine', () => parseDstackEventLog(dstackFile().event_log), quote],
    ['of this machine beside the quote of another', () => parseTcgEventLog(ccel(), 'ccel'), dstack],
    [
      'of a TPM',
      () => parseTcgEventLog(readVector('eventlog/go-tpm-tools/tpm-cos-85-amd-sev.bin'), 'tcg'),
      quote,
    ],
    [
      'that belongs to an older boot, as its publisher says',
      () => parseTcgEventLog(readVector('eventlog/trustee/ccel-data.bin'), 'ccel'),
      'tdx/trustee/tdx-v4-debug.quote',
    ],
  ];
  for (const [name, log, path] of wrong) {
    it(`refuses a log ${name}`, async () => {
      await assert.rejects(eventLogClaims(log(), quotedBy(path), nodeProvider), (error) => {
        assert.ok(error instanceof EvidenceError);
        assert.equal(error.code, 'event-log-mismatch');
        return true;
      });
    });
  }
});
