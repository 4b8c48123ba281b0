// Logins with a machine and what belongs to it: a TD with GPUs and a TPM, whole, and with parts left out, added, mixed
// and swapped. A role that asks for parts takes nothing less, and one that does not takes nothing more.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, test } from 'node:test';
import {
  compositeCollection,
  createSoftwareNvidia,
  type MintedPart,
  mintComposite,
  type SoftwareMachine,
  type SoftwareNvidia,
  type SoftwarePart,
} from '@vouchsafe/verifier/testing';
import { base64url, ca, DAY_MS, hex, MR_TD, NOW, nvidia, Scene, tpm } from './testing/scene.js';

const CHAIN_TYPE = 'application/vnd.vouchsafe.nvidia-gpu-certificates';
const validity = { notBefore: new Date(NOW - DAY_MS), notAfter: new Date(NOW + 99 * DAY_MS) };
/** Of an NVIDIA that nobody here trusts. */
const stranger = createSoftwareNvidia(validity);
const DIGEST = 'a1'.repeat(48);
const otherSession = new Uint8Array(64).fill(9);

const td = (attributes?: Uint8Array): SoftwarePart => ({
  kind: 'td',
  ca,
  report: {
    mrTd: MR_TD,
    ...(attributes === undefined ? {} : { tdAttributes: attributes }),
  },
});
const gpuOf = (of: SoftwareNvidia, first = 0xa1): SoftwarePart => ({
  kind: 'gpu',
  nvidia: of,
  report: { measurements: [[1, new Uint8Array(48).fill(first)]] },
});
const withGpu: SoftwareMachine = { lead: td(), gpu0: gpuOf(nvidia) };
const withTpm: SoftwareMachine = { lead: td(), tpm: { kind: 'tpm', tpm } };

const pemOf = ({ chain }: SoftwareNvidia): Buffer =>
  Buffer.from(chain.map((der) => new X509Certificate(der).toString()).join(''));
const chainOf = (of: SoftwareNvidia) => [[CHAIN_TYPE, base64url(pemOf(of))]];

type Parts = Readonly<Record<string, MintedPart>>;
type Carried = Readonly<Record<string, unknown>>;
const carry = (parts: Parts, endorsements: unknown = { gpu0: chainOf(nvidia) }): Carried => ({
  evidence: compositeCollection(parts),
  endorsements,
});
const mint = (session: Uint8Array, machine = withGpu) => mintComposite(machine, { session });
/** A machine, whole, in the session that it is asked in. */
const whole =
  (machine: SoftwareMachine, endorsements?: unknown) =>
  async (session: Uint8Array): Promise<Carried> =>
    carry(await mint(session, machine), endorsements);

let scene: Scene;
before(async () => {
  scene = await Scene.create();
  const policy = await scene.policy({
    name: 'machines',
    formats: {
      'tdx-dcap': {},
      'nvidia-gpu': { allow_unmeasured: true, allow_unchecked_revocation: true },
      'tpm2-quote': { pcr_selection: null, allow_unchecked_revocation: true },
    },
  });
  const strict = await scene.policy({
    name: 'strict',
    formats: { 'tdx-dcap': {}, 'nvidia-gpu': { allow_unmeasured: true } },
  });
  const workload = await scene.references('tdx-dcap', { mrtd: [hex(MR_TD)] });
  const firmware = await scene.references('nvidia-gpu', { measurement_1: [DIGEST] });
  const gpu = { lead: ['tdx-dcap', 'sev-snp'], gpu0: ['nvidia-gpu'] };
  const reference_values = [workload, firmware];
  await scene.role('gpu', { policy, reference_values, composition: gpu });
  await scene.role('revocation', { policy: strict, reference_values, composition: gpu });
  await scene.role('tpm', {
    policy,
    reference_values: [workload],
    composition: { lead: ['tdx-dcap'], tpm: ['tpm2-quote'] },
  });
  await scene.role('alone', { policy, reference_values: [workload] });
});

describe('a machine with its parts logs in', () => {
  test('with a GPU, whose certificates come with the evidence', async () => {
    const outcome = await scene.login({ role: 'gpu', compose: whole(withGpu) });
    assert.equal(outcome.code, 'accepted');
    assert.ok(outcome.kind === 'accepted');
    const { attestation, ear } = outcome.response.data as {
      attestation: Record<string, unknown>;
      ear: string;
    };
    assert.equal(attestation.tcb_status, 'UpToDate');
    assert.deepEqual(Object.keys(attestation.parts as object), ['lead', 'gpu0']);
    assert.equal(outcome.response.auth?.metadata.format, 'composite');
    const payload = JSON.parse(Buffer.from(ear.split('.')[1] ?? '', 'base64url').toString()) as {
      submods: Record<string, { eat_nonce: string }>;
    };
    assert.deepEqual(Object.keys(payload.submods), ['lead', 'gpu0']);
    assert.notEqual(payload.submods.lead?.eat_nonce, payload.submods.gpu0?.eat_nonce);
  });

  test('and leaves a record with the claims of each part', async () => {
    const outcome = await scene.login({ role: 'gpu', compose: whole(withGpu) });
    assert.ok(outcome.kind === 'accepted');
    const record = await scene.read(`decision/${outcome.response.auth?.metadata.decision_id}`);
    const claims = record?.claims as Record<string, Record<string, unknown>>;
    assert.equal(claims.lead?.mrtd, hex(MR_TD));
    assert.equal(claims.gpu0?.measurement_1, DIGEST);
    assert.deepEqual([record?.format, record?.part], ['composite', null]);
    assert.equal(record?.endorsementSource, 'lead: own, gpu0: offered');
    assert.equal(record?.tcbStatus, 'UpToDate');
  });

  test('with a TPM', async () => {
    const outcome = await scene.login({ role: 'tpm', compose: whole(withTpm, []) });
    assert.equal(outcome.code, 'accepted');
  });
});

type Row = readonly [
  sentence: string,
  code: string,
  part: string | null,
  role: string,
  compose: ((session: Uint8Array) => Promise<Carried>) | null,
];
const two: SoftwareMachine = {
  ...withGpu,
  gpu1: gpuOf(createSoftwareNvidia({ ...validity, change: { rom: { serial: 7 } } })),
};
/** One part of this session, the other of another. */
const mixed = (stale: 'lead' | 'gpu0') => async (session: Uint8Array) => {
  const [now, then] = [await mint(session), await mint(otherSession)];
  return carry({ ...now, [stale]: then[stale] as MintedPart });
};
const bound =
  (bind: (name: string, right: Uint8Array, session: Uint8Array) => Uint8Array) =>
  async (session: Uint8Array) =>
    carry(
      await mintComposite(withGpu, { session, bind: (name, right) => bind(name, right, session) }),
    );

const rows: readonly Row[] = [
  ['a TD alone, where a GPU is asked for', 'composition', null, 'gpu', null],
  [
    'a TD and its GPU, where a TD is asked for',
    'format-not-allowed',
    null,
    'alone',
    whole(withGpu),
  ],
  ['a TD and its GPU, where a TPM is asked for', 'composition', 'gpu0', 'tpm', whole(withGpu)],
  ['a TD and its TPM, where a GPU is asked for', 'composition', 'tpm', 'gpu', whole(withTpm, [])],
  [
    'a TPM besides, that nobody asked for',
    'composition',
    'tpm',
    'gpu',
    whole({ ...withGpu, tpm: { kind: 'tpm', tpm } }),
  ],
  [
    'a GPU under another name than is asked for',
    'composition',
    'gpu7',
    'gpu',
    whole({ lead: td(), gpu7: gpuOf(nvidia) }, { gpu7: chainOf(nvidia) }),
  ],
  ['a GPU of another session', 'binding-mismatch', 'gpu0', 'gpu', mixed('gpu0')],
  ['a TD of another session', 'binding-mismatch', 'lead', 'gpu', mixed('lead')],
  [
    'all of another session',
    'binding-mismatch',
    'lead',
    'gpu',
    async () => carry(await mint(otherSession)),
  ],
  [
    'a GPU that answers the session itself, and not the TD',
    'binding-mismatch',
    'gpu0',
    'gpu',
    bound((name, right, session) => (name === 'gpu0' ? session : right)),
  ],
  [
    'a TD that knows of no GPU',
    'binding-mismatch',
    'lead',
    'gpu',
    bound((name, right, session) => (name === 'lead' ? session : right)),
  ],
  [
    'a GPU left out, though the TD spoke of two',
    'binding-mismatch',
    'lead',
    'gpu',
    async (session) => {
      const { gpu1: _, ...rest } = await mint(session, two);
      return carry(rest);
    },
  ],
  [
    'one GPU as two',
    'submodule-mismatch',
    null,
    'gpu',
    whole({ ...withGpu, gpu1: gpuOf(nvidia) }, { gpu0: chainOf(nvidia), gpu1: chainOf(nvidia) }),
  ],
  ['a GPU without certificates', 'collateral-missing', 'gpu0', 'gpu', whole(withGpu, {})],
  [
    'a GPU whose certificates were offered for the TD',
    'collateral-missing',
    'gpu0',
    'gpu',
    whole(withGpu, chainOf(nvidia)),
  ],
  [
    'a GPU whose certificates are none',
    'collateral-missing',
    'gpu0',
    'gpu',
    whole(withGpu, { gpu0: [[CHAIN_TYPE, 'AAAA']] }),
  ],
  [
    'a GPU of a vendor whom nobody trusts',
    'chain-untrusted',
    'gpu0',
    'gpu',
    whole({ ...withGpu, gpu0: gpuOf(stranger) }, { gpu0: chainOf(stranger) }),
  ],
  [
    'a GPU with the certificates of another',
    'chain-untrusted',
    'gpu0',
    'gpu',
    whole(withGpu, { gpu0: chainOf(stranger) }),
  ],
  [
    'a GPU with other firmware',
    'reference-mismatch',
    'gpu0',
    'gpu',
    whole({ ...withGpu, gpu0: gpuOf(nvidia, 0xee) }),
  ],
  [
    'a TD in debug mode',
    'debug',
    'lead',
    'gpu',
    whole({ ...withGpu, lead: td(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)) }),
  ],
  [
    'a GPU that nobody looked up in a list, where the policy wants that',
    'revocation-not-checked',
    'gpu0',
    'revocation',
    whole(withGpu),
  ],
  [
    'a GPU’s report that was changed',
    'signature-invalid',
    'gpu0',
    'gpu',
    async (session) => {
      const parts = await mint(session);
      const { format, evidence } = parts.gpu0 as MintedPart;
      const spoilt = evidence.slice();
      spoilt[spoilt.length - 1] = (spoilt.at(-1) ?? 0) ^ 1;
      return carry({ ...parts, gpu0: { format, evidence: spoilt } });
    },
  ],
  [
    'a TD under the type of an SNP guest',
    'trailing-data',
    'lead',
    'gpu',
    async (session) => {
      const parts = await mint(session);
      const { evidence } = parts.lead as MintedPart;
      return carry({ ...parts, lead: { format: 'sev-snp', evidence } });
    },
  ],
  [
    'a GPU alone, though the policy knows GPUs',
    'submodule-mismatch',
    null,
    'alone',
    async (session) => {
      const { gpu0 } = compositeCollection(await mint(session));
      return { evidence: gpu0, endorsements: chainOf(nvidia) };
    },
  ],
];

describe('refused, with the part in the record:', () => {
  for (const [sentence, code, part, role, compose] of rows) {
    test(sentence, async () => {
      const outcome = await scene.login({ role, ...(compose === null ? {} : { compose }) });
      assert.equal(outcome.code, code);
      assert.ok(outcome.kind === 'refused');
      assert.equal(outcome.decision?.code, code);
      assert.equal(outcome.decision?.part, part);
    });
  }

  test('a fault of a part names it in claim and message', async () => {
    const compose = whole({ ...withGpu, gpu0: gpuOf(nvidia, 0xee) });
    const outcome = await scene.login({ role: 'gpu', compose });
    assert.ok(outcome.kind === 'refused');
    const [fault] = outcome.decision?.faults as { claim: string; message: string }[];
    assert.equal(fault?.claim, 'gpu0.measurement_1');
    assert.match(fault?.message ?? '', /^gpu0: /);
  });

  test('the part that a login lacks is told to the operator, and not to the workload', async () => {
    const outcome = await scene.login({ role: 'gpu', compose: whole(withTpm, []) });
    assert.ok(outcome.kind === 'refused');
    assert.deepEqual(Object.keys(outcome.error.data ?? {}).sort(), ['code', 'decision_id']);
    const faults = outcome.decision?.faults as { claim: string; seen: string }[];
    assert.ok(faults.some(({ claim, seen }) => claim === 'gpu0' && seen === 'no such part'));
  });
});

describe('not read, and the challenge not used up:', () => {
  const record = ['application/vnd.vouchsafe.tdx-dcap', 'AAAA'];
  const gpu = ['application/vnd.vouchsafe.nvidia-gpu', 'AAAA'];
  const many = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`gpu${at}`, gpu]));
  const big = ['application/vnd.vouchsafe.nvidia-gpu', 'A'.repeat(90_000)];
  for (const [sentence, body, code] of [
    ['a lead without parts', { evidence: { lead: record } }, 'cmw-invalid'],
    ['parts without a lead', { evidence: { gpu0: gpu, gpu1: gpu } }, 'cmw-invalid'],
    ['a GPU in the lead', { evidence: { lead: gpu, gpu0: gpu } }, 'cmw-invalid'],
    ['a name that is none', { evidence: { lead: record, 'GPU 0': gpu } }, 'cmw-invalid'],
    ['seventeen parts', { evidence: { lead: record, ...many } }, 'cmw-invalid'],
    ['a collection as a part', { evidence: { lead: record, x: { gpu0: gpu } } }, 'cmw-invalid'],
    ['a part that is no evidence', { evidence: { lead: record, x: [...gpu, 2] } }, 'cmw-invalid'],
    ['a part that is too long', { evidence: { lead: record, gpu0: big } }, 'cmw-invalid'],
    [
      'a part of an unknown type',
      { evidence: { lead: record, x: ['text/plain', 'AAAA'] } },
      'evidence-type-unknown',
    ],
    [
      'endorsements for no part',
      { evidence: { lead: record, gpu0: gpu }, endorsements: { gpu1: [] } },
      'cmw-invalid',
    ],
    [
      'endorsements that are no list',
      { evidence: { lead: record, gpu0: gpu }, endorsements: { gpu0: record[0] } },
      'cmw-invalid',
    ],
  ] as const) {
    test(sentence, async () => {
      const right = await scene.request({ role: 'gpu', compose: whole(withGpu) });
      const outcome = await scene.send({ ...right, ...body });
      assert.equal(outcome.code, code);
      assert.equal((await scene.send(right)).code, 'accepted');
    });
  }
});

describe('a role’s composition', () => {
  test('is read back as it was written, and taken away by an empty one', async () => {
    const composition = { lead: ['tdx-dcap'], gpu0: ['nvidia-gpu'] };
    const { policy } = (await scene.read('role/gpu')) ?? {};
    await scene.role('changing', { policy, composition });
    assert.deepEqual((await scene.read('role/changing'))?.composition, composition);
    await scene.role('changing', { token_policies: ['x'] });
    assert.deepEqual((await scene.read('role/changing'))?.composition, composition);
    await scene.role('changing', { composition: {} });
    assert.equal((await scene.read('role/changing'))?.composition, null);
  });

  for (const [sentence, composition] of [
    ['without a lead', { gpu0: ['nvidia-gpu'], gpu1: ['nvidia-gpu'] }],
    ['of a lead alone', { lead: ['tdx-dcap'] }],
    ['that a GPU may lead', { lead: ['tdx-dcap', 'nvidia-gpu'], gpu0: ['nvidia-gpu'] }],
    ['with a format that nobody knows', { lead: ['tdx-dcap'], gpu0: ['gpu'] }],
    ['with a format twice', { lead: ['tdx-dcap', 'tdx-dcap'], gpu0: ['nvidia-gpu'] }],
    ['with a part of no format', { lead: ['tdx-dcap'], gpu0: [] }],
    ['with a format that is no list', { lead: ['tdx-dcap'], gpu0: 'nvidia-gpu' }],
    ['with a name that is none', { lead: ['tdx-dcap'], 'GPU 0': ['nvidia-gpu'] }],
  ] as const) {
    test(`${sentence} is refused`, async () => {
      const { policy } = (await scene.read('role/gpu')) ?? {};
      await assert.rejects(scene.role('bad', { policy, composition }), { code: 'field-invalid' });
      assert.equal(await scene.read('role/bad'), null);
    });
  }
});
