// The measure commands on files: what they print, what they refuse, and that a server takes what they print.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf, measureSnp, parseReferenceValues } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import {
  amdSevFirmware,
  eifKinds,
  makeDisk,
  makeEif,
  makeFirmware,
  makeKernel,
  makeManifest,
  makeSigstruct,
  signManifest,
  signSigstruct,
  tdvfMetadata,
} from '@vouchsafe/verifier/testing';
import { startRealServer } from '../../testing/real-server.js';
import { newFolder, type Outcome, runVouchsafe } from '../../testing/stub-server.js';

const folder = newFolder();
function file(name: string, contents: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

const ovmf = file('ovmf.fd', amdSevFirmware());
const kernel = file('vmlinuz', makeKernel(0x20f));
const initrd = file('initrd.img', 'initrd');
const tdvf = file(
  'tdvf.fd',
  makeFirmware({
    pages: 3,
    tdvf: tdvfMetadata([
      {
        dataOffset: 0x1000,
        rawBytes: 0x2000,
        address: 0xffffe000,
        memoryBytes: 0x2000,
        type: 0,
        attributes: 1,
      },
      {
        dataOffset: 0,
        rawBytes: 0x1000,
        address: 0xffffd000,
        memoryBytes: 0x1000,
        type: 1,
        attributes: 0,
      },
      {
        dataOffset: 0,
        rawBytes: 0,
        address: 0x809000,
        memoryBytes: 0x2000,
        type: 2,
        attributes: 0,
      },
    ]),
  }),
);

const disk = file('disk.raw', makeDisk());
const fromDisk = ['tdx', `-tdvf=${tdvf}`, `-disk=${disk}`, `-efi-application=${kernel}`];

const eif = file(
  'app.eif',
  makeEif({
    sections: [
      [eifKinds.kernel, Uint8Array.of(1)],
      [eifKinds.cmdline, Uint8Array.of(2)],
      [eifKinds.ramdisk, Uint8Array.of(3)],
    ],
  }),
);

const measure = (...args: readonly string[]): Promise<Outcome> =>
  runVouchsafe(['measure', ...args]);
async function measured(...args: readonly string[]): Promise<Record<string, unknown>> {
  const outcome = await measure(...args, '-format=json');
  assert.equal(outcome.code, 0, outcome.err);
  const document = parseReferenceValues(JSON.parse(outcome.out));
  return { ...document, ...document.any_of[0] };
}

const snp = ['snp', `-ovmf=${ovmf}`, '-vcpus=2', '-vcpu-type=EPYC-v4'];
const direct = [`-kernel=${kernel}`, `-initrd=${initrd}`, '-append=quiet'];

test('measure snp prints the launch digest of what it is given', async () => {
  const document = await measured(...snp, ...direct, '-name=web');
  const digest = await measureSnp(
    {
      ovmf: amdSevFirmware(),
      ovmfDigest: null,
      boot: {
        kernel: makeKernel(0x20f),
        initrd: new TextEncoder().encode('initrd'),
        commandLine: 'quiet',
      },
      vmm: 'qemu',
      processors: 2,
      cpuSignature: 0x800f12,
      guestFeatures: 1n,
    },
    nodeProvider,
  );
  assert.deepEqual(document.measurement, [Buffer.from(digest).toString('hex')]);
  assert.equal(document.format, 'sev-snp');
  assert.equal(document.name, 'web');
  const bySignature = ['snp', `-ovmf=${ovmf}`, '-vcpus=2', '-vcpu-sig=0x800f12', '-name=web'];
  assert.deepEqual(await measured(...bySignature, ...direct), document);
  const other = await measured(...snp, '-guest-features=0x21', '-vmm=ec2', '-kind=firmware');
  assert.notDeepEqual(other.measurement, document.measurement);
  assert.equal(other.kind, 'firmware');
});

test('measure tdx prints the registers that it can compute, and names the others', async () => {
  const alone = await measured('tdx', `-tdvf=${tdvf}`);
  assert.ok(alone.mrtd);
  assert.equal(alone.rtmr1, undefined);
  const tdx = ['tdx', `-tdvf=${tdvf}`, ...direct, '-memory=2G'];
  const booted = await measured(...tdx);
  assert.deepEqual(booted.mrtd, alone.mrtd);
  assert.ok(booted.rtmr1 && booted.rtmr2);
  assert.equal(booted.rtmr0, undefined);
  const acpi = [`-acpi-tables=${initrd}`, `-acpi-rsdp=${initrd}`, `-acpi-loader=${initrd}`];
  assert.ok((await measured(...tdx, ...acpi)).rtmr0);
  assert.match((await measure(...tdx)).out, /not computed\s+rtmr0, rtmr3/);
});

test('measure tdx prints the registers of a boot from disk', async () => {
  const document = await measured(...fromDisk);
  assert.ok(document.mrtd && document.rtmr1);
  assert.match((await measure(...fromDisk)).out, /not computed\s+rtmr0, rtmr2, rtmr3/);
  const whole = await measured(...fromDisk, '-append=quiet', `-initrd=${initrd}`);
  assert.deepEqual(whole.rtmr1, document.rtmr1);
  assert.ok(whole.rtmr2);
  const more = await measured(...fromDisk, `-efi-application=${kernel}`);
  assert.notDeepEqual(more.rtmr1, document.rtmr1);
});

test('measure tdx can be told what QEMU does with the header of a kernel', async () => {
  const tdx = ['tdx', `-tdvf=${tdvf}`, ...direct, '-memory=2G'];
  const rtmr1 = async (...flags: readonly string[]) => (await measured(...tdx, ...flags)).rtmr1;
  const filledIn = await rtmr1();
  assert.deepEqual(await rtmr1('-kernel-header=filled-in'), filledIn);
  assert.notDeepEqual(await rtmr1('-kernel-header=kept'), filledIn);
  assert.deepEqual(await rtmr1('-edk2=2025'), await rtmr1('-kernel-header=kept'));
  assert.deepEqual(await rtmr1('-edk2=2025-08', '-kernel-header=filled-in'), filledIn);
});

test('measure nitro prints the PCRs of an image, and whether it is signed', async () => {
  const document = await measured('nitro', eif);
  assert.equal(document.format, 'aws-nitro');
  assert.deepEqual(Object.keys((document.any_of as object[])[0] ?? {}), ['pcr0', 'pcr1', 'pcr2']);
  assert.match((await measure('nitro', eif)).out, /signed by\s+nobody/);
});

test('the table shows the digest by which a role pins the values', async () => {
  const { out } = await measure(...snp, '-format=json');
  const digest = await digestOf(JSON.parse(out), nodeProvider);
  assert.ok((await measure(...snp)).out.includes(digest));
});

test('a server takes what is measured under the digest that was shown', async () => {
  const server = await startRealServer(['-dev-no-store-token']);
  const env = { VAULT_ADDR: server.address, VAULT_TOKEN: server.rootToken };
  assert.equal((await runVouchsafe(['auth', 'enable', 'attest'], { env })).code, 0);
  const { out } = await measure(...snp, '-format=json');
  const values = file('values.json', out);
  const written = await runVouchsafe(
    [
      ...['write', '-field=digest', 'auth/attest/reference-values'],
      ...[`values=@${values}`, 'label=web'],
    ],
    { env },
  );
  assert.equal(written.out.trim(), await digestOf(JSON.parse(out), nodeProvider), written.err);
  assert.equal(await server.stop(), 0);
});

const refusals: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['no firmware', ['snp', '-vcpus=1', '-vcpu-type=EPYC'], /-ovmf/],
  ['no number of processors', ['snp', `-ovmf=${ovmf}`, '-vcpu-type=EPYC'], /-vcpus/],
  ['no processor', ['snp', `-ovmf=${ovmf}`, '-vcpus=1'], /input-invalid/],
  ['an unknown processor', ['snp', `-ovmf=${ovmf}`, '-vcpus=1', '-vcpu-type=Xeon'], /-vcpu-sig/],
  ['a processor twice', [...snp, '-vcpu-sig=1'], /give one/],
  ['a signature that is no number', ['snp', `-ovmf=${ovmf}`, '-vcpus=1', '-vcpu-sig=x'], /number/],
  ['an initrd without kernel', [...snp, `-initrd=${initrd}`], /-kernel/],
  ['a hash that is too short', [...snp, '-ovmf-hash=00'], /96/],
  ['a file that is not there', [...snp, '-kernel=/nowhere'], /ENOENT/],
  ['a folder', [...snp, `-kernel=${folder}`], /is no file/],
  ['another file', ['snp', `-ovmf=${initrd}`, '-vcpus=1', '-vcpu-type=EPYC'], /malformed/],
  ['firmware for another TEE', ['tdx', `-tdvf=${ovmf}`], /unsupported-format/],
  ['memory without kernel', ['tdx', `-tdvf=${tdvf}`, '-memory=2G'], /-kernel/],
  ['a kernel without memory', ['tdx', `-tdvf=${tdvf}`, ...direct], /-memory/],
  ['memory without size', ['tdx', `-tdvf=${tdvf}`, ...direct, '-memory=much'], /-memory/],
  [
    'one ACPI blob of three',
    ['tdx', `-tdvf=${tdvf}`, ...direct, '-memory=2G', `-acpi-rsdp=${initrd}`],
    /go together/,
  ],
  ['a header that is neither', ['tdx', `-tdvf=${tdvf}`, '-kernel-header=new'], /filled-in, kept/],
  ['a disk and a kernel', [...fromDisk, `-kernel=${kernel}`], /do not go with -disk/],
  ['a disk and memory', [...fromDisk, '-memory=2G'], /do not go with -disk/],
  ['a disk without application', fromDisk.slice(0, 3), /input-invalid/],
  ['an application without disk', ['tdx', `-tdvf=${tdvf}`, fromDisk[3] ?? ''], /goes with -disk/],
  ['a disk, and an initrd alone', [...fromDisk, `-initrd=${initrd}`], /-append/],
  ['another file as a disk', [...fromDisk, `-disk=${kernel}`], /unsupported-format/],
  ['no image', ['nitro'], /argument/],
  ['firmware in place of an image', ['nitro', ovmf], /unsupported-format/],
  ['an argument', [...snp, 'more'], /argument/],
  ['one document to compare', ['diff', initrd], /argument/],
  ['a document that is not JSON', ['diff', initrd, initrd], /malformed/],
];

for (const [sentence, args, reason] of refusals) {
  test(`measure refuses ${sentence}`, async () => {
    const outcome = await measure(...args);
    assert.equal(outcome.code, 1);
    assert.match(outcome.err, reason);
    assert.equal(outcome.out, '');
  });
}

test('measure sgx prints what a signer vouches for, found beside the manifest as well', async () => {
  const keys = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 });
  const template = makeSigstruct(new Uint8Array(32).fill(0xab));
  const signature = file('app.sig', signSigstruct(template, keys.publicKey, keys.privateKey));
  const document = await measured('sgx', signature);
  assert.equal(document.format, 'sgx-dcap');
  assert.deepEqual(document.mrenclave, ['ab'.repeat(32)]);
  assert.deepEqual([document.isvprodid, document.isvsvn], [[1], [2]]);
  // A report has INIT set, which no signature speaks of.
  assert.deepEqual(document.attributes, { set: '0400000000000000', clear: 'faffffffffffffff' });
  const manifest = file('app.manifest.sgx', '# signed by gramine-sgx-sign');
  assert.deepEqual(await measured('sgx', manifest), document);
  assert.match((await measure('sgx', manifest)).out, /debug\s+ruled out/);
  const unsigned = file('other.sig', template);
  for (const [path, reason] of [
    [file('alone.manifest.sgx', ''), /no .*alone\.sig/],
    [unsigned, /public-key-invalid/],
    [initrd, /malformed/],
    [ovmf, /unsupported-format/],
  ] as const) {
    const outcome = await measure('sgx', path);
    assert.equal(outcome.code, 1);
    assert.match(outcome.err, reason);
  }
});

test('measure import makes reference values of manifests and identities', async () => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const unsigned = file('corim.cbor', makeManifest({}));
  const signed = file('corim.cose', signManifest({ signingKey: keys.privateKey }));
  const signer = file('signer.pem', keys.publicKey.export({ type: 'spki', format: 'pem' }));
  const plain = await measured('import', '-unsigned', '-kind=firmware', '-name=amd', unsigned);
  assert.deepEqual(plain.measurement, ['01'.repeat(48)]);
  assert.equal(plain.kind, 'firmware');
  const vouched = ['import', `-signer=${signer}`, '-kind=firmware', '-name=amd', signed];
  assert.deepEqual(await measured(...vouched), plain);
  assert.match((await measure(...vouched)).out, /endorsements\s+0 \(not required\)/);
  const identity = { type: 'firmware', name: 'local', values: { measurement: 'ab'.repeat(48) } };
  const imported = await measured('import', file('identity.json', JSON.stringify(identity)));
  assert.deepEqual(imported.measurement, ['ab'.repeat(48)]);
  for (const [args, reason] of [
    [[unsigned], /-unsigned/],
    [['-unsigned', `-signer=${signer}`, signed], /give one/],
    [['-unsigned', signed], /input-invalid/],
    [[`-signer=${signer}`, unsigned], /input-invalid/],
    [[`-signer=${unsigned}`, signed], /no public key/],
    [['-unsigned', file('wrong.json', '{}')], /not signed/],
    [[file('empty.json', '{}')], /input-invalid/],
  ] as const) {
    const outcome = await measure('import', ...args);
    assert.equal(outcome.code, 1);
    assert.match(outcome.err, reason);
  }
});

test('measure diff says what changed, and by its exit code whether anything did', async () => {
  const a = file('a.json', (await measure(...snp, '-format=json')).out);
  const b = file('b.json', (await measure(...snp, ...direct, '-format=json')).out);
  const same = await measure('diff', a, a);
  assert.deepEqual([same.code, same.out], [0, 'no difference\n']);
  const changed = await measure('diff', '-format=json', a, b);
  assert.equal(changed.code, 3);
  const { differences } = JSON.parse(changed.out);
  assert.deepEqual(
    differences.map(({ place }: { place: string }) => place),
    ['any_of[0].measurement'],
  );
  assert.match((await measure('diff', a, b)).out, /any_of\[0\]\.measurement/);
  const wrong = file('wrong.json', '{"name": "x"}');
  assert.equal((await measure('diff', a, wrong)).code, 1);
});
