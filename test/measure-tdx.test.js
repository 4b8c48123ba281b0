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
import { makeDisk, makeKernel } from '@vouchsafe/verifier/testing';
import { repositoryRoot } from './harness/server-process.js';

const { diskRtmr1Events, diskRtmr2Events } = await import(
  join(repositoryRoot, 'packages/verifier/dist/measure/tdx/disk-boot.js')
);

const files = {
  'OVMF.fd': {
    package: 'ovmf_2025.02-3ubuntu2_all.deb',
    sha256: '9e807cb2cd4313406a3aa4becc0836671a5c64ca7bdc08a45e15260184b446bf',
  },
  'vmlinuz-7.0.0-34-generic': {
    package: 'linux-image-7.0.0-34-generic_7.0.0-34.34~24.04.1_amd64.deb',
    sha256: '73d9c6e40b210deb638070d6af591a68bb6d7ff0280d0ec34c9ccf705a4f47ac',
  },
  'shimx64.efi.dualsigned': {
    package: 'shim-signed_1.58+15.8-0ubuntu1_amd64.deb',
    sha256: '3ed8aa3591f793de2e0886d077aae950810843caac5eaf96e1436a439bf5e150',
  },
  'fbx64.efi': {
    package: 'shim-signed_1.58+15.8-0ubuntu1_amd64.deb',
    sha256: '8f57751703470403ff7377c26a90a810eba9f6db36f262ac6ad94d132ddc5a60',
  },
  'grubx64.efi.signed': {
    package: 'grub-efi-amd64-signed_1.202.5+2.12-1ubuntu7.3_amd64.deb',
    sha256: 'a831af01e4fb5e3c9457120e1d08ea13d98a0a47b62728c284b7f502d535965c',
  },
};

const pathOf = (name) => join(process.env.VOUCHSAFE_BOOT_FILES ?? '/nowhere', name);
const firmware = pathOf('OVMF.fd');
const kernel = pathOf('vmlinuz-7.0.0-34-generic');

/** Skips without the files, and fails with others. */
function testWith(names, sentence, run) {
  const missing = names.find((name) => !existsSync(pathOf(name)));
  const skip = `needs VOUCHSAFE_BOOT_FILES with ${missing} of ${files[missing]?.package}`;
  test(sentence, missing === undefined ? {} : { skip }, (t) => {
    for (const name of names) {
      const sha256 = createHash('sha256')
        .update(readFileSync(pathOf(name)))
        .digest('hex');
      assert.equal(sha256, files[name].sha256, `${name} is another file`);
    }
    return run(t);
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

/**
 * A TD that boots from a disk by Ubuntu's shim and GRUB: InferRoute/inferroute, inferroute_local/confidential/builds.py and the
 * test of reproduce_enclave_build.py. Of the partition table and the initrd only the digests are published.
 */
const published = {
  rtmr1:
    '9b8b2915351a3166f742024edafb6cce244c1df4056eb1f9eb608c3616b9d63729ae00c98d1dc108009c0978b19dc207',
  rtmr2:
    '8471360414fe80b4343fb17dd59e442bdc55b5955df0adf610b1de15ad7b454e98fb8e9d38cc188b82369f4f620b6968',
  partitionTable:
    'e93b5a85679490339e19b56f031b9f1d3a47b6032075bf0f9785f6cb8641e1d1692c9301d5863decfa03493531de86c5',
  initrd:
    '6c9ae139e17ea07cc32460ab2d1a31ca1ced8b68df9c0204ea69e030aa8f5de2c5135b9f239c8eb3d39e73e9dacde638',
  commandLine:
    'BOOT_IMAGE=/vmlinuz-6.17.0-35-generic root=UUID=b8d533cc-73cc-45e5-996e-6f003cfd03c1 ro console=ttyS0,115200n8 ' +
    'systemd.mask=getty@tty1.service systemd.mask=serial-getty@ttyS0.service systemd.mask=serial-getty@hvc0.service ' +
    'systemd.mask=emergency.service systemd.mask=rescue.service console=tty1 console=ttyS0',
};
const diskFiles = ['shimx64.efi.dualsigned', 'grubx64.efi.signed'];
const sha384 = (...parts) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha384')).digest();

/** The register after events, `at` which one is known by its digest alone. */
function fold(events, at, digest) {
  const digests = events.map((event) => sha384(event));
  digests.splice(at, 1, Buffer.from(digest, 'hex'));
  return digests.reduce((old, next) => sha384(old, next), Buffer.alloc(48)).toString('hex');
}

const diskBoot = (names) => ({
  disk: makeDisk(),
  applications: names.map((name) => new Uint8Array(readFileSync(pathOf(name)))),
  commandLine: published.commandLine,
  initrd: Uint8Array.of(1),
});
const diskRtmr1 = (names, generation = '2024') => {
  const events = diskRtmr1Events(diskBoot(names), generation);
  return fold(events, generation === '2022' ? 1 : 2, published.partitionTable);
};
const diskRtmr2 = (names, commandLine = published.commandLine) => {
  const events = diskRtmr2Events(diskBoot(names), commandLine);
  return fold(events, events.length - 1, published.initrd);
};

testWith(
  diskFiles,
  'RTMR1 and RTMR2 of a boot from disk are the values that were published',
  () => {
    assert.equal(diskRtmr1(diskFiles), published.rtmr1);
    assert.equal(diskRtmr2(diskFiles), published.rtmr2);
  },
);

testWith([...diskFiles, 'fbx64.efi'], 'other boots from disk have other registers', () => {
  const [shim, grub] = diskFiles;
  assert.notEqual(diskRtmr1([grub, shim]), published.rtmr1);
  assert.notEqual(diskRtmr1([shim, 'fbx64.efi', shim, grub]), published.rtmr1);
  assert.notEqual(diskRtmr1(diskFiles, '2022'), published.rtmr1);
  assert.notEqual(diskRtmr2([grub]), published.rtmr2);
  assert.notEqual(diskRtmr2([shim, shim, grub]), published.rtmr2);
  assert.notEqual(diskRtmr2(diskFiles, `${published.commandLine}\0`), published.rtmr2);
});

const vectors = process.env.VOUCHSAFE_VECTORS ?? '';
const genuineLog = join(vectors, 'eventlog/trustee/ccel-data-grub-expected.json');

// The first start of an Ubuntu image: shim, then its fallback, which starts shim anew.
testWith(
  ['shimx64.efi.dualsigned', 'fbx64.efi'],
  'shim is measured as a genuine event log says',
  (t) => {
    if (vectors === '') return t.skip('needs VOUCHSAFE_VECTORS');
    const log = JSON.parse(readFileSync(genuineLog, 'utf8')).uefi_event_logs;
    const genuine = (register) =>
      log.filter(({ index }) => index === register + 1).map(({ digests }) => digests[0].digest);
    const names = ['shimx64.efi.dualsigned', 'fbx64.efi', 'shimx64.efi.dualsigned'];
    const digestsOf = (events) => events.map((event) => sha384(event).toString('hex'));
    const rtmr1 = digestsOf(diskRtmr1Events(diskBoot(names), '2022'));
    // Without the partition table; what follows is GRUB and a kernel that nobody published.
    assert.deepEqual([rtmr1[0], ...rtmr1.slice(2, 5)], [genuine(1)[0], ...genuine(1).slice(2, 5)]);
    assert.deepEqual(rtmr1.slice(-2), genuine(1).slice(-2));
    const rtmr2 = digestsOf(diskRtmr2Events(diskBoot(names), 'x'));
    assert.deepEqual(rtmr2.slice(0, 6), genuine(2).slice(0, 6));
  },
);
