import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { mintDcapCollateral, SnpSimulator } from '@vouchsafe/verifier/testing';
import {
  amd,
  CHIP,
  ca,
  DAY_MS,
  hex,
  MEASUREMENT,
  MR_TD,
  NOW,
  Scene,
  simulator,
  type Twist,
  tlsConnection,
} from './testing/scene.js';

let scene: Scene;
before(async () => {
  scene = await Scene.create();
});

let serial = 0;

/** Logs in with a role of its own. `policy` is its part for the format. @returns the code */
async function judged(
  format: 'tdx' | 'snp',
  policy: object,
  twist: Twist = {},
  role: Readonly<Record<string, unknown>> = {},
) {
  serial += 1;
  const name = `role-${serial}`;
  const member = format === 'tdx' ? 'tdx-dcap' : 'sev-snp';
  await scene.role(name, {
    policy: await scene.policy({ name, formats: { [member]: policy } }),
    ...role,
  });
  const outcome = await scene.login({ format, role: name, ...twist });
  return outcome.kind === 'refused'
    ? { code: outcome.code, faults: (outcome.decision?.faults ?? []) as Record<string, string>[] }
    : { code: 'accepted', faults: [] };
}

const oldModule = Uint8Array.of(2, 1, 2, ...new Uint8Array(13));
const OLD: Twist = { td: { teeTcbSvn: oldModule, teeTcbSvn2: oldModule } };

test('an old TDX module passes only where the policy names its status', async () => {
  assert.equal(
    (await judged('tdx', { tcb_statuses: ['UpToDate', 'OutOfDate'] }, OLD)).code,
    'accepted',
  );
  const { code, faults } = await judged('tdx', {}, OLD);
  assert.equal(code, 'tcb-status');
  assert.equal(faults[0]?.seen, 'OutOfDate');
  assert.equal(faults[0]?.expected, 'UpToDate');
});

test('an advisory that the policy does not list is refused by name', async () => {
  const qe: Twist = { quote: { qeReport: { isvSvn: 1 } } };
  const lax = { tcb_statuses: ['UpToDate', 'OutOfDate'] };
  assert.equal(
    (await judged('tdx', { ...lax, advisories: ['INTEL-SA-00002'] }, qe)).code,
    'accepted',
  );
  const { code, faults } = await judged('tdx', { ...lax, advisories: ['INTEL-SA-00001'] }, qe);
  assert.equal(code, 'advisory');
  assert.match(faults[0]?.seen ?? '', /INTEL-SA-00002/);
});

test('collateral that is older than the policy allows is refused, though Intel still stands by it', async () => {
  const old = await Scene.create();
  old.collateral = [mintDcapCollateral(ca, { now: new Date(NOW - 8 * DAY_MS) })];
  scene.collateral = old.collateral;
  const week = { max_age_seconds: { 'tcb-info': 7 * 86_400 } };
  const { code, faults } = await judged('tdx', week);
  assert.equal(code, 'endorsement-too-old');
  assert.equal(faults[0]?.claim, 'endorsement_ages.tcb-info');
  assert.equal(faults[0]?.seen, `${8 * 86_400} s`);
  assert.equal(
    (await judged('tdx', { max_age_seconds: { 'tcb-info': 9 * 86_400 } })).code,
    'accepted',
  );
});

test('collateral from before a TCB recovery is refused by its evaluation number', async () => {
  scene.collateral = [mintDcapCollateral(ca, { now: new Date(NOW), evaluationNumber: 17 })];
  assert.equal(
    (await judged('tdx', { min_tcb_evaluation_number: 18 })).code,
    'tcb-evaluation-number',
  );
  assert.equal((await judged('tdx', { min_tcb_evaluation_number: 17 })).code, 'accepted');
});

test('a format that the policy has no rules for is refused', async () => {
  assert.equal((await judged('tdx', {}, { format: 'snp' })).code, 'format-not-accepted');
});

test('a format that the role does not admit is refused', async () => {
  const formats = ['sev-snp'];
  assert.equal((await judged('tdx', {}, {}, { formats })).code, 'format-not-allowed');
});

test('an address that the role does not admit is refused', async () => {
  const admit = (blocks: string) => judged('tdx', {}, {}, { token_bound_cidrs: [blocks] });
  assert.equal((await admit('198.51.100.0/24')).code, 'address-not-allowed');
  assert.equal((await admit('192.0.2.0/24')).code, 'accepted');
});

test('a role that asks for a binding to TLS refuses the weaker level', async () => {
  await scene.role('bound', {
    policy: await scene.policy({ name: 'bound', formats: { 'tdx-dcap': {} } }),
    required_binding: 'exporter',
  });
  const mine = tlsConnection('mine');
  const weak = await scene.login({ role: 'bound' }, mine);
  assert.equal(weak.code, 'binding-too-weak');
  assert.equal((await scene.login({ role: 'bound', exporterOf: mine }, mine)).code, 'accepted');
});

for (const [what, path] of [
  ['policy', 'policy'],
  ['reference values', 'reference-values'],
] as const) {
  test(`when the ${what} of a role are gone nobody logs in with it`, async () => {
    const own = await Scene.create();
    const role = await own.read('role/web');
    const digest = path === 'policy' ? role?.policy : (role?.reference_values as string[])[1];
    // Not through the API: that refuses it.
    const key = `${path}/${String(digest).slice('sha256:'.length)}`;
    await own.storage.commit([{ delete: key }], []);
    assert.equal((await own.login()).code, `${path}-unknown`);
  });
}

test('reference values of one kind are alternatives', async () => {
  const role = {
    reference_values: [
      await scene.references('tdx-dcap', { mrtd: ['00'.repeat(48)] }),
      await scene.references('tdx-dcap', { mrtd: [hex(MR_TD)] }),
    ],
  };
  assert.equal((await judged('tdx', {}, {}, role)).code, 'accepted');
});

test('reference values for another format alone do not pass', async () => {
  const role = {
    reference_values: [await scene.references('sev-snp', { measurement: [hex(MEASUREMENT)] })],
  };
  assert.equal((await judged('tdx', {}, {}, role)).code, 'reference-values-missing');
});

test('SNP: without a revocation list the default policy refuses, and one that allows it passes', async () => {
  const { crls } = scene;
  scene.crls = [];
  try {
    assert.equal((await judged('snp', {})).code, 'revocation-not-checked');
    assert.equal((await judged('snp', { allow_unchecked_revocation: true })).code, 'accepted');
  } finally {
    scene.crls = crls;
  }
});

test('SNP: an expired revocation list is a refusal, whatever the policy allows', async () => {
  const { crls } = scene;
  const [thisUpdate, nextUpdate] = [new Date(NOW - 2 * DAY_MS), new Date(NOW - DAY_MS)];
  scene.crls = [simulator.crl({ thisUpdate, nextUpdate })];
  try {
    assert.equal((await judged('snp', { allow_unchecked_revocation: true })).code, 'crl-expired');
  } finally {
    scene.crls = crls;
  }
});

test('SNP: a chip that is not on the list is refused', async () => {
  assert.equal((await judged('snp', { chip_ids: [hex(CHIP)] })).code, 'accepted');
  assert.equal((await judged('snp', { chip_ids: ['00'.repeat(64)] })).code, 'chip');
});

test('SNP: a TCB below the floor is refused, part by part', async () => {
  assert.equal((await judged('snp', { min_spl: { milan: { snp: 20 } } })).code, 'accepted');
  const { code, faults } = await judged('snp', { min_spl: { milan: { snp: 21 } } });
  assert.equal(code, 'spl-too-low');
  assert.equal(faults[0]?.expected, 'at least 21');
  assert.equal((await judged('snp', { min_spl: { genoa: { snp: 1 } } })).code, 'spl-too-low');
});

test('SNP: a privilege level is accepted up to the one that the policy names', async () => {
  assert.equal((await judged('snp', { vmpl_max: 1 }, { snp: { vmpl: 1 } })).code, 'accepted');
  assert.equal((await judged('snp', { vmpl_max: 1 }, { snp: { vmpl: 2 } })).code, 'vmpl');
});

test('SNP: a VCEK of another chip or another TCB does not speak for a report', async () => {
  const options = { amd, chipId: CHIP, levels: { bootloader: 3, tee: 0, snp: 20, microcode: 200 } };
  const validity = { notBefore: new Date(NOW - DAY_MS), notAfter: new Date(NOW + DAY_MS) };
  for (const [change, code] of [
    [{ chipId: new Uint8Array(64).fill(5) }, 'chip-mismatch'],
    [{ levels: { ...options.levels, snp: 19 } }, 'tcb-mismatch'],
    [{}, 'signature-invalid'],
  ] as const) {
    const machine = SnpSimulator.create({ ...options, ...change, ...validity });
    const zero = { reportData: new Uint8Array(64), measurement: MEASUREMENT };
    const { certificateTable } = machine.attest(zero);
    const record = [
      'application/vnd.vouchsafe.snp-certificates',
      Buffer.from(certificateTable).toString('base64url'),
    ];
    assert.equal((await judged('snp', {}, { body: { endorsements: [record] } })).code, code);
  }
});
