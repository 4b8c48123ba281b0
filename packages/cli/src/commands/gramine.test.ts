// An enclave under Gramine logs in: the real shim on files that behave as Gramine's do, the real server, and quotes by
// the simulated vendor. What is not real here is the processor.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, readFileSync, writeFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DcapCa, mintSgxQuote, simulatedIntel } from '@vouchsafe/verifier/testing';
import { operatorWith } from '../testing/operator.js';
import { startRealServer } from '../testing/real-server.js';
import { newFolder, type Outcome, runVouchsafe } from '../testing/stub-server.js';

const skip = process.platform === 'linux' ? false : 'Gramine runs on Linux';
const MR_ENCLAVE = new Uint8Array(32).fill(9);
let address = '';
let ca: DcapCa;
let stop: () => Promise<unknown> = async () => undefined;
after(() => stop());

before(async () => {
  if (skip) return;
  const tee = join(newFolder(), 'tee');
  const server = await startRealServer([`-dev-tee=${tee}`, '-dev-no-store-token']);
  stop = () => server.stop();
  address = server.address;
  ca = DcapCa.fromJson(readFileSync(join(tee, simulatedIntel.file), 'utf8'));
  const operator = operatorWith({ VAULT_ADDR: address, VAULT_TOKEN: server.rootToken });
  await operator.must(['auth', 'enable', 'attest']);
  const mrenclave = [Buffer.from(MR_ENCLAVE).toString('hex')];
  const values = { name: 'app', kind: 'workload', format: 'sgx-dcap', any_of: [{ mrenclave }] };
  const reference = await operator.writeDocument('reference-values', { values, label: 'app' });
  const policy = await operator.writeDocument('policy', {
    policy: { name: 'sgx', formats: { 'sgx-dcap': {} } },
  });
  await operator.writeRole('web', { policy, reference_values: [reference] });
});

/** Logs in from within an enclave: a quote is made when it is read, over what was written before. */
async function logInWith(
  report: (reportData: Uint8Array) => Parameters<typeof mintSgxQuote>[1]['report'],
): Promise<Outcome> {
  const folder = newFolder();
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('attestation_type'), 'dcap');
  writeFileSync(at('user_report_data'), Buffer.alloc(64));
  execFileSync('mkfifo', [at('quote')]);
  const quoting = (async () => {
    // Opens once somebody reads.
    const quote = await open(at('quote'), 'w');
    const reportData = new Uint8Array(await readFile(at('user_report_data')));
    await quote.write(mintSgxQuote(ca, { version: 3, report: report(reportData) }));
    await quote.close();
  })();
  try {
    const args = ['attest', 'login', '-role=web', '-tsm-path=/nosuch', `-gramine-path=${folder}`];
    return await runVouchsafe([...args, '-format=json'], { env: { VAULT_ADDR: address } });
  } finally {
    // A login that never read must not leave the other end waiting.
    const release = await open(at('quote'), constants.O_RDONLY | constants.O_NONBLOCK);
    await quoting;
    await release.close();
  }
}

test('the enclave that is meant gets a token', { skip }, async () => {
  const outcome = await logInWith((reportData) => ({ mrEnclave: MR_ENCLAVE, reportData }));
  assert.equal(outcome.code, 0, outcome.err);
  assert.match(JSON.parse(outcome.out).data.token, /^hvs\./);
  assert.doesNotMatch(outcome.err, /SIMULATED/);
});

const debug = Uint8Array.from([7, ...new Array(7).fill(0), 7, ...new Array(7).fill(0)]);
const refused: Readonly<Record<string, readonly [Parameters<typeof logInWith>[0], RegExp]>> = {
  'another enclave': [
    (reportData) => ({ mrEnclave: new Uint8Array(32), reportData }),
    /reference-mismatch/,
  ],
  'a quote over other report data': [
    () => ({ mrEnclave: MR_ENCLAVE, reportData: new Uint8Array(64) }),
    /binding-mismatch/,
  ],
  'the enclave in debug mode': [
    (reportData) => ({ mrEnclave: MR_ENCLAVE, reportData, attributes: debug }),
    /attestation refused: debug/,
  ],
};
for (const [name, [report, code]] of Object.entries(refused)) {
  test(`refuses ${name}`, { skip }, async () => {
    const outcome = await logInWith(report);
    assert.match(outcome.err, code);
    assert.deepEqual([outcome.code, outcome.out], [2, '']);
  });
}
