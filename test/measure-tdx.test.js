// Registers of TDs next to values that others published. What they were computed from is Ubuntu's and is not kept here:
// VOUCHSAFE_BOOT_FILES names a folder with the files of `files` below, out of those packages. As with the evidence of
// others, a test skips by name without its file.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { makeKernel } from '@vouchsafe/verifier/testing';
import { repositoryRoot } from './harness/server-process.js';

const files = {
  'OVMF.fd': {
    package: 'ovmf_2025.02-3ubuntu2_all.deb',
    sha256: '9e807cb2cd4313406a3aa4becc0836671a5c64ca7bdc08a45e15260184b446bf',
  },
  'vmlinuz-7.0.0-34-generic': {
    package: 'linux-image-7.0.0-34-generic_7.0.0-34.34~24.04.1_amd64.deb',
    sha256: '73d9c6e40b210deb638070d6af591a68bb6d7ff0280d0ec34c9ccf705a4f47ac',
  },
};

const pathOf = (name) => join(process.env.VOUCHSAFE_BOOT_FILES ?? '/nowhere', name);
const firmware = pathOf('OVMF.fd');
const kernel = pathOf('vmlinuz-7.0.0-34-generic');

/** Skips without the files, and fails with others. */
function testWith(names, sentence, run) {
  const missing = names.find((name) => !existsSync(pathOf(name)));
  const skip = `needs VOUCHSAFE_BOOT_FILES with ${missing} of ${files[missing]?.package}`;
  test(sentence, missing === undefined ? {} : { skip }, () => {
    for (const name of names) {
      const sha256 = createHash('sha256')
        .update(readFileSync(pathOf(name)))
        .digest('hex');
      assert.equal(sha256, files[name].sha256, `${name} is another file`);
    }
    run();
  });
}

function measure(...flags) {
  const command = join(repositoryRoot, 'packages', 'cli', 'bin', 'vouchsafe.js');
  const line = [command, 'measure', 'tdx', `-tdvf=${firmware}`, '-format=json', ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, line, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout).any_of[0];
}

// virtee/tdx-measure, tests/fixtures/*/expected.json.
const MRTD =
  '7357a10d2e2724dffe68813e3cc4cfcde6814d749f2fb62e3953e54f6e0b50a219786afe2cd478f684b52c61837e1114';

testWith(['OVMF.fd'], 'MRTD of a published firmware is the value that was published', () => {
  assert.deepEqual(measure().mrtd, [MRTD]);
});

testWith(['OVMF.fd'], 'a VMM that measures in two passes gives another MRTD', () => {
  assert.notDeepEqual(measure('-page-order=two-pass').mrtd, [MRTD]);
});

/**
 * Two machines of virtee/tdx-measure, tests/fixtures: its RTMR0, and the ACPI blobs behind it (deflated, base64) as QEMU
 * 10.2.1 hands them to that firmware on those machines. `runtime-capture` is that of a TD that ran.
 */
const machines = JSON.parse(
  readFileSync(new URL('measure-tdx.acpi.json', import.meta.url), 'utf8'),
);
const folder = mkdtempSync(join(tmpdir(), 'measure-tdx-'));
after(() => rmSync(folder, { recursive: true }));

function measureMachine({ acpi, memory }, ...flags) {
  const write = (name, bytes) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const blobs = Object.entries(acpi).map(
    ([name, blob]) => `-acpi-${name}=${write(name, inflateSync(Buffer.from(blob, 'base64')))}`,
  );
  // RTMR0 does not depend on the kernel.
  const direct = [`-kernel=${write('kernel', makeKernel(0x20f))}`, '-append=quiet'];
  return measure(...blobs, ...direct, `-memory=${memory}`, ...flags).rtmr0;
}

for (const machine of machines) {
  const { fixture, rtmr0 } = machine;
  testWith(['OVMF.fd'], `RTMR0 of ${fixture} is the value that was published`, () => {
    assert.deepEqual(measureMachine(machine), [rtmr0]);
  });
  testWith(['OVMF.fd'], `another machine than ${fixture} has another RTMR0`, () => {
    const other = machines.find(({ fixture: name }) => name !== fixture);
    assert.notDeepEqual(measureMachine({ ...machine, memory: '3G' }), [rtmr0]);
    assert.notDeepEqual(measureMachine({ ...machine, acpi: other.acpi }), [rtmr0]);
    assert.notDeepEqual(measureMachine(machine, '-edk2=2022'), [rtmr0]);
  });
}

// aleph-im/aleph-vm, rust/crates/aleph-tee/tests/fixtures/tdx/README.md: a boot on hardware with QEMU 10.2.4 and
// edk2-stable202602. Their firmware is none of Ubuntu's, but RTMR1 does not depend on it.
const RTMR1 =
  'dc26aab111d74fb3e36bf597bc19fbd9c152183237fcebe5b362007fa8a6135b0a7cb172de3a0815a9ec1fcac4f889b7';
const boot = [`-kernel=${kernel}`, '-append=root=LABEL=cloudimg-rootfs ro console=ttyS0'];
const kernelFiles = ['OVMF.fd', 'vmlinuz-7.0.0-34-generic'];

testWith(kernelFiles, 'RTMR1 of a boot on hardware is the value that was published', () => {
  assert.deepEqual(measure(...boot, '-memory=4G', '-edk2=2025-08').rtmr1, [RTMR1]);
  // It is QEMU that makes the difference, whatever the firmware is.
  const older = measure(...boot, '-memory=1G', '-edk2=2024', '-kernel-header=kept');
  assert.deepEqual(older.rtmr1, [RTMR1]);
});

for (const [sentence, ...flags] of [
  ['a QEMU that fills in the kernel’s header', '-edk2=2025-08', '-kernel-header=filled-in'],
  ['a firmware and the QEMU of its time', '-edk2=2024'],
  ['a firmware with its separator elsewhere', '-edk2=2022', '-kernel-header=kept'],
]) {
  testWith(kernelFiles, `${sentence} gives another RTMR1`, () => {
    assert.notDeepEqual(measure(...boot, '-memory=4G', ...flags).rtmr1, [RTMR1]);
  });
}
