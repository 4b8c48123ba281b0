// What measure tdx computes next to a boot: QEMU starts Ubuntu's firmware and kernel, without TDX but with a TPM, into
// which the same code measures the same events, and the guest prints the firmware's log. Registers of TDs take the
// events of several PCRs (UEFI 2.10, section 38.4.1): RTMR1 of 2 to 6, RTMR2 of 8 to 15.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasProgram, requires } from './harness/requirements.js';
import { repositoryRoot } from './harness/server-process.js';

const { parseTcgEventLog } = await import(
  join(repositoryRoot, 'packages/verifier/dist/eventlog/parse-tcg.js')
);

const BUSYBOX = '/bin/busybox';
const COMMAND_LINE = 'console=ttyS0 quiet panic=-1';
const BOOT_TIMEOUT_MS = 180_000;
const SEPARATOR = 4;
/** All that the guest does. Needs nothing but busybox, which must be static. */
const INIT = `#!${BUSYBOX} sh
${BUSYBOX} mount -t sysfs sys /sys
${BUSYBOX} mount -t securityfs security /sys/kernel/security
echo LOG-BEGIN
${BUSYBOX} base64 /sys/kernel/security/tpm0/binary_bios_measurements
echo LOG-END
${BUSYBOX} poweroff -f
`;

/** cpio, newc (Linux, Documentation/driver-api/early-userspace/buffer-format.rst). */
function cpio(entries) {
  const pad = (bytes) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  const record = ([path, mode, contents = Buffer.alloc(0)], index) => {
    const name = Buffer.from(`${path}\0`);
    const fields = [index, mode, 0, 0, 1, 0, contents.length, 0, 0, 0, 0, name.length, 0];
    const header = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
    return [pad(Buffer.concat([Buffer.from(`070701${header}`), name])), pad(contents)];
  };
  return Buffer.concat([...entries, ['TRAILER!!!', 0]].flatMap(record));
}

const folder = mkdtempSync(join(tmpdir(), 'measure-tdx-boot-'));
after(() => rmSync(folder, { recursive: true }));
const bootFile = (name) => join(process.env.VOUCHSAFE_BOOT_FILES ?? '/nowhere', name);
const firmware = bootFile('OVMF.fd');
const kernel = bootFile('vmlinuz-7.0.0-34-generic');
const initrd = join(folder, 'initrd');

async function bootedLog(memory) {
  const state = mkdtempSync(join(folder, 'tpm-'));
  const socket = join(state, 'socket');
  const control = ['--tpmstate', `dir=${state}`, '--ctrl', `type=unixio,path=${socket}`];
  const tpm = spawn('swtpm', ['socket', '--tpm2', ...control, '--terminate'], { stdio: 'ignore' });
  const tpmEnded = once(tpm, 'exit');
  for (let i = 0; i < 100 && !existsSync(socket); i += 1) await sleep(50);
  const { stdout, error } = spawnSync(
    'qemu-system-x86_64',
    [
      ...['-machine', 'q35,smm=off', '-accel', 'tcg', '-cpu', 'max', '-m', memory],
      ...['-nodefaults', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
      ...['-bios', firmware, '-kernel', kernel, '-initrd', initrd, '-append', COMMAND_LINE],
      ...['-chardev', `socket,id=tpm,path=${socket}`, '-tpmdev', 'emulator,id=tpm,chardev=tpm'],
      ...['-device', 'tpm-crb,tpmdev=tpm'],
    ],
    { encoding: 'latin1', timeout: BOOT_TIMEOUT_MS, maxBuffer: 2 ** 22 },
  );
  tpm.kill();
  await tpmEnded;
  const [, log] = /LOG-BEGIN([A-Za-z0-9+/=\s]+)LOG-END/.exec(stdout) ?? [];
  assert.ok(log, `the guest printed no log: ${error ?? stdout.slice(-500)}`);
  return parseTcgEventLog(new Uint8Array(Buffer.from(log, 'base64')), 'tcg').events;
}

function fold(events) {
  const next = (old, { digests }) =>
    createHash('sha384').update(old).update(digests.get('sha384')).digest();
  return events.reduce(next, Buffer.alloc(48)).toString('hex');
}

/** A TPM gets a separator for each PCR, RTMR1 one for all of its own. */
const rtmr1Of = (events) =>
  fold(
    events.filter(
      ({ register, type }) =>
        register >= 2 && register <= 6 && (type !== SEPARATOR || register === 4),
    ),
  );
const rtmr2Of = (events) => fold(events.filter(({ register }) => register >= 8 && register <= 15));

function measure(memory, ...flags) {
  const command = join(repositoryRoot, 'packages', 'cli', 'bin', 'vouchsafe.js');
  const boot = [`-kernel=${kernel}`, `-initrd=${initrd}`, `-append=${COMMAND_LINE}`];
  const line = [command, 'measure', 'tdx', `-tdvf=${firmware}`, ...boot, `-memory=${memory}`];
  const all = [...line, '-format=json', ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const { rtmr1, rtmr2 } = JSON.parse(stdout).any_of[0];
  return { rtmr1: rtmr1[0], rtmr2: rtmr2[0] };
}

const isStatic = existsSync(BUSYBOX) && spawnSync('ldd', [BUSYBOX]).status !== 0;
const programs = hasProgram('qemu-system-x86_64') && hasProgram('swtpm') && isStatic;
const options = requires(programs, 'qemu-system-x86_64, swtpm and a static busybox');
if (!existsSync(firmware) || !existsSync(kernel)) {
  options.skip ??= 'needs VOUCHSAFE_BOOT_FILES with OVMF.fd and vmlinuz-7.0.0-34-generic';
}

describe('a boot that QEMU does', options, () => {
  const logs = new Map();

  before(async () => {
    writeFileSync(
      initrd,
      cpio([
        ['bin', 0o40755],
        ['sys', 0o40755],
        ['bin/busybox', 0o100755, readFileSync(BUSYBOX)],
        ['init', 0o100755, Buffer.from(INIT)],
      ]),
    );
    for (const memory of ['1536M', '3G']) logs.set(memory, await bootedLog(memory));
  });

  for (const memory of ['1536M', '3G']) {
    test(`gives the registers that are computed, with ${memory}`, () => {
      // Without TDX every QEMU fills in the header.
      const computed = measure(memory, '-edk2=2024', '-kernel-header=filled-in');
      assert.equal(rtmr1Of(logs.get(memory)), computed.rtmr1);
      assert.equal(rtmr2Of(logs.get(memory)), computed.rtmr2);
    });
  }

  test('gives none of those of another machine, firmware or QEMU', () => {
    const events = logs.get('1536M');
    assert.notEqual(rtmr1Of(events), measure('1536M', '-kernel-header=kept').rtmr1);
    assert.notEqual(rtmr1Of(events), measure('1G').rtmr1);
    assert.notEqual(rtmr1Of(events), measure('1536M', '-edk2=2022').rtmr1);
    assert.notEqual(rtmr2Of(events), measure('1536M', '-edk2=2025-08').rtmr2);
  });
});
