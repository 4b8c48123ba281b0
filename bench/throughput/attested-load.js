// The load of attested-login.js, in a process of its own: node attested-load.js URL CA_FILE TEE_FOLDER SECONDS.
import { readFileSync } from 'node:fs';
import { openAttestedClient } from '@vouchsafe/shim';

const AT_ONCE = 8;
const WARM_UP = 20;
const [address, caFile, simulatedTee, seconds] = process.argv.slice(2);

const client = await openAttestedClient(
  {
    address,
    tls: caFile === '' ? {} : { ca: readFileSync(caFile) },
    role: 'bench',
    mount: 'attest',
    attester: 'simulated',
    serverIdentity: null,
    binding: 'key',
    tsmPath: '',
    graminePath: '',
    simulatedTee,
    simulatedFormat: 'tdx-dcap',
    command: [process.execPath],
    timeoutMs: 30_000,
  },
  { env: process.env, note: () => undefined },
);
for (let index = 0; index < WARM_UP; index += 1) (await client.logIn()).wipe();
const tookMs = [];
const start = performance.now();
const end = start + Number(seconds) * 1000;
const worker = async () => {
  while (performance.now() < end) {
    const began = performance.now();
    (await client.logIn()).wipe();
    tookMs.push(performance.now() - began);
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, worker));
const elapsedSeconds = (performance.now() - start) / 1000;
client.close();
tookMs.sort((a, b) => a - b);
const percentile = (part) => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * part))];
const figures = {
  count: tookMs.length + WARM_UP,
  perSecond: tookMs.length / elapsedSeconds,
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
