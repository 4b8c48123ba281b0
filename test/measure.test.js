// Launch digests of SEV-SNP guests next to those of IBM's sev-snp-measure (Python): the same on random firmware layouts,
// files and settings, and on a real OVMF where one is installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findCpuSignature, measureSnp, snpCpuTypes, snpVmms } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { makeFirmware, sevMetadata } from '@vouchsafe/verifier/testing';
import fc from 'fast-check';
import { requires } from './harness/requirements.js';

const SCRIPT = `
import json, sys
from sevsnpmeasure import guest
from sevsnpmeasure.sev_mode import SevMode
from sevsnpmeasure.vmm_types import VMMType
vmms = {'qemu': VMMType.QEMU, 'ec2': VMMType.ec2, 'gce': VMMType.gce}
def measure(c):
    return guest.calc_launch_digest(SevMode.SEV_SNP, c['vcpus'], c['signature'], c['ovmf'], c['kernel'],
        c['initrd'], c['append'], c['features'], vmm_type=vmms[c['vmm']]).hex()
json.dump([measure(c) for c in json.load(sys.stdin)], sys.stdout)
`;

function runPeer(cases) {
  const peer = spawnSync('python3', ['-c', SCRIPT], {
    input: JSON.stringify(cases),
    encoding: 'utf8',
  });
  return peer.status === 0 ? JSON.parse(peer.stdout) : null;
}

const hasPeer = spawnSync('python3', ['-c', 'import sevsnpmeasure']).status === 0;
const needsPeer = requires(hasPeer, 'sev-snp-measure: pip install sev-snp-measure==0.0.13');
const OVMF = '/usr/share/ovmf/OVMF.fd';
const needsOvmf = requires(existsSync(OVMF), 'OVMF: apt-get install ovmf');

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-measure-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
function file(bytes) {
  const path = join(folder, `${files++}`);
  writeFileSync(path, bytes);
  return path;
}

/** Firmware pages in ascending order, each after a gap. */
const firmware = fc
  .record({
    pages: fc.integer({ min: 1, max: 4 }),
    sections: fc.array(
      fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 5 }), fc.constantFrom(1, 1, 2, 3, 4)),
      {
        maxLength: 8,
      },
    ),
    offset: fc.nat(4096 - 176),
    reset: fc.integer({ min: 1, max: 0xffffffff }),
  })
  .map(({ pages, sections, offset, reset }) => {
    let at = 0x800000;
    const list = sections.map(([gap, length, type]) => {
      const section = [at + 4096 * gap, 4096 * (type === 1 ? length : 1), type];
      at = section[0] + section[1];
      return section;
    });
    return makeFirmware({
      pages,
      sev: sevMetadata([...list, [at, 4096, 0x10]]),
      reset,
      hashTable: [at + offset, 0x400],
    });
  });

const boot = fc.option(
  fc.record({
    kernel: fc.uint8Array({ maxLength: 300 }),
    initrd: fc.uint8Array({ maxLength: 300 }),
    // Python's peer takes no command line to be an empty one, as we do.
    commandLine: fc.string({ maxLength: 40 }).filter((text) => !text.includes('\0')),
  }),
);

const settings = fc.record({
  boot,
  vmm: fc.constantFrom(...snpVmms),
  processors: fc.integer({ min: 1, max: 5 }),
  // The peer lists no newer versions of a model; their signatures are those of the model.
  cpuSignature: fc.constantFrom(...snpCpuTypes.map(findCpuSignature)),
  guestFeatures: fc.nat(0xffff).map((bits) => BigInt(bits) | 1n),
});

async function compare(launches) {
  const peer = runPeer(
    launches.map(({ ovmf, boot, vmm, processors, cpuSignature, guestFeatures }) => ({
      ovmf: file(ovmf),
      kernel: boot && file(boot.kernel),
      initrd: boot && file(boot.initrd),
      append: boot?.commandLine ?? null,
      vmm,
      vcpus: processors,
      signature: cpuSignature,
      features: Number(guestFeatures),
    })),
  );
  assert.ok(peer, 'the peer measured');
  const own = [];
  for (const launch of launches) {
    const digest = await measureSnp({ ...launch, ovmfDigest: null }, nodeProvider);
    own.push(Buffer.from(digest).toString('hex'));
  }
  assert.deepEqual(own, peer);
}

test(
  '300 random guests have the launch digest that sev-snp-measure computes',
  needsPeer,
  async () => {
    const launches = fc.sample(
      fc.tuple(firmware, settings).map(([ovmf, rest]) => ({ ovmf, ...rest })),
      300,
    );
    await compare(launches);
  },
);

test('guests on Debian’s OVMF have the launch digest that sev-snp-measure computes', {
  ...needsPeer,
  ...needsOvmf,
}, async () => {
  const ovmf = new Uint8Array(readFileSync(OVMF));
  const launches = snpVmms.flatMap((vmm) =>
    [1, 4].map((processors) => ({
      ...{ ovmf, boot: null, vmm, processors, guestFeatures: 1n },
      cpuSignature: findCpuSignature('EPYC-Milan'),
    })),
  );
  await compare(launches);
});
