// Hardening does what the kernel lets it, and survives where it does not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';
import { hardenProcess } from './hardening.js';
import type { Libc } from './libc.js';
import { LibcError } from './libc.js';

const NO_SWAP = 'Filename\t\t\t\tType\t\tSize\n';

function enosys(call: string): () => never {
  return () => {
    throw new LibcError(call, 38);
  };
}

const refusing: Libc = {
  mapSecretPages: enosys('memfd_secret'),
  forbidCoreDumps: enosys('setrlimit'),
  setNotDumpable: enosys('prctl'),
};

it('reports each step that the kernel refuses, and goes on', () => {
  const steps = hardenProcess({ load: () => refusing, readSwaps: () => NO_SWAP });
  assert.deepEqual(
    steps.map(({ name, ok }) => [name, ok]),
    [
      ['core-dumps-off', false],
      ['not-dumpable', false],
      ['inspector-signal-off', true],
      ['swap-off', true],
    ],
  );
  assert.equal(steps[0]?.detail, 'setrlimit failed: errno 38');
});

it('goes on without a C library and without /proc', () => {
  const missing = (): never => {
    throw new Error('not here');
  };
  const steps = hardenProcess({ load: missing, readSwaps: missing });
  assert.deepEqual(
    steps.map(({ ok }) => ok),
    [false, false, true, false],
  );
});

it('says that swap is on', () => {
  const swaps = `${NO_SWAP}/dev/sda2 partition 1048572 0 -2\n`;
  const steps = hardenProcess({ load: () => refusing, readSwaps: () => swaps });
  assert.match(steps[3]?.detail ?? '', /swap is on/);
});

const CHILD = `
  const { hardenProcess } = await import(process.argv[1]);
  const steps = hardenProcess();
  const { readFileSync } = await import('node:fs');
  process.kill(process.pid, 'SIGUSR1');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const inspector = await import('node:inspector');
  console.log(JSON.stringify({
    steps,
    limits: readFileSync('/proc/self/limits', 'utf8').match(/core file size +(\\S+) +(\\S+)/).slice(1),
    inspector: inspector.url() ?? null,
  }));
`;

it('turns core dumps and the inspector signal off in a real process', {
  skip: process.platform === 'linux' ? false : 'needs Linux',
}, () => {
  const module = new URL('./hardening.js', import.meta.url).href;
  const args = ['--input-type=module', '-e', CHILD, module];
  const seen: unknown = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  assert.ok(typeof seen === 'object' && seen !== null && 'limits' in seen && 'inspector' in seen);
  assert.deepEqual(seen.limits, ['0', '0']);
  assert.equal(seen.inspector, null);
});
