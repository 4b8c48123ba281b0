// Good documents and what they come to: claims, debug mode, binding, registers, policy; and that no
// changed bit passes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy, parseReferenceValues } from '../appraise/policy.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { webProvider } from '../provider-web.js';
import { assertRefusesCleanly, mutationsOf } from '../testing/mutation.test.js';
import {
  aws,
  mintScene,
  now,
  play,
  registers,
  type Scene,
  userData,
} from '../testing/nitro-scene.test.js';
import { findFormat, parseEvidence, pinnedRootsOf, verifyEvidence } from '../verify.js';
import { parseNitroDocument } from './parse.js';
import { pinnedNitroRoots } from './roots.js';

const filled = (value: number, length = 48) => new Uint8Array(length).fill(value);
const hex = (value: number, length = 48) => encodeHex(filled(value, length));
const tpm: Scene = {
  fields: {
    kind: 'nitrotpm',
    moduleId: 'i-0123456789abcdef0-tpm0000000000000000',
    pcrs: new Map([
      [0, filled(1)],
      [4, filled(4)],
      [7, filled(7)],
      [12, filled(0)],
      [23, filled(0)],
    ]),
  },
};

function policyOf(nitro: object) {
  return parseAppraisalPolicy({ name: 'test', formats: { 'aws-nitro': nitro } });
}

async function codesOf(scene: Scene, nitro: object): Promise<readonly string[]> {
  const result = appraise(await play(scene), policyOf(nitro), []);
  return result.faults.map(({ code }) => code);
}

test('a good document gives its claims', async () => {
  const nonce = filled(9, 32);
  const claims = await play({ fields: { nonce, publicKey: filled(8, 91) } });
  assert.equal(claims.format, 'aws-nitro');
  assert.equal(claims.debug, false);
  assert.equal(claims.binding, 'checked');
  assert.equal(claims.tcbStatus, null);
  assert.deepEqual({ ...claims.endorsementAges }, { document: 1 });
  const { values } = claims;
  assert.equal(values.document_kind, 'enclave');
  assert.equal(values.module_id, 'i-0123456789abcdef0-enc0123456789abcdef');
  assert.equal(values.instance_id, 'i-0123456789abcdef0');
  assert.equal(values.signer_name, 'i-0123456789abcdef0-enc0123456789abcdef.us-east-1.aws');
  assert.equal(values.timestamp, '2025-06-01T11:59:58.500Z');
  assert.equal(values.digest, 'SHA384');
  assert.equal(values.pcr0, hex(0xa0));
  assert.equal(values.pcr8, hex(0xa8));
  assert.equal(values.pcr15, hex(0));
  assert.equal(values.user_data, encodeHex(userData));
  assert.equal(values.nonce, hex(9, 32));
  assert.equal(values.public_key, hex(8, 91));
});

test('what a document does not have is no claim', async () => {
  const { values } = await play({
    fields: { moduleId: 'module', pcrs: new Map([...registers()].slice(0, 3)) },
    payload: { nonce: undefined },
  });
  for (const name of ['nonce', 'public_key', 'instance_id', 'pcr3', 'nitrotpm_pcr0']) {
    assert.equal(values[name], undefined, name);
  }
});

test('the front door knows the format, roots and endorsements', async () => {
  const document = mintScene({ cose: { tagged: true } });
  assert.equal(findFormat(mintScene({})), 'aws-nitro');
  const evidence = parseEvidence(document, 'detect');
  assert.deepEqual(pinnedRootsOf('aws-nitro'), pinnedNitroRoots);
  const claims = await verifyEvidence({
    evidence,
    endorsements: { format: 'aws-nitro' },
    roots: [{ kind: 'certificate', der: aws.root }],
    expectedBinding: { binding: 'not-checked' },
    now,
    provider: webProvider,
  });
  assert.equal(claims.binding, 'not-checked');
});

test('fields at their limits are read', async () => {
  const claims = await play({
    fields: { nonce: filled(1, 512), publicKey: filled(2, 1024), moduleId: 'm'.repeat(60) },
  });
  assert.equal(claims.values.nonce, hex(1, 512));
  const all = new Map(Array.from({ length: 32 }, (_, index) => [index, filled(index + 1)]));
  assert.equal((await play({ fields: { pcrs: all } })).values.pcr31, hex(32));
});

test('an enclave with PCR0, PCR1 or PCR2 at zero is in debug mode', async () => {
  const zero = filled(0);
  assert.equal(
    (await play({ fields: { pcrs: registers({ 0: zero, 1: zero, 2: zero }) } })).debug,
    true,
  );
  for (const index of [0, 1, 2]) {
    const pcrs = registers({ [index]: zero });
    assert.equal((await play({ fields: { pcrs } })).debug, true);
    assert.deepEqual(await codesOf({ fields: { pcrs } }, {}), ['debug']);
  }
  assert.equal((await play({ fields: { pcrs: registers({ 3: zero, 4: zero }) } })).debug, false);
});

test('a document whose clock is a little ahead passes, and is of age 0', async () => {
  const timestamp = new Date(now.getTime() + 30_000);
  const leaf = { notBefore: new Date(now.getTime() - 1000) };
  const claims = await play({ fields: { timestamp }, leaf });
  assert.deepEqual({ ...claims.endorsementAges }, { document: 0 });
});

test('the document of an instance has registers of its own name, and passes only where it is asked for', async () => {
  const claims = await play(tpm);
  assert.equal(claims.debug, false);
  assert.equal(claims.values.document_kind, 'nitrotpm');
  assert.equal(claims.values.instance_id, 'i-0123456789abcdef0');
  assert.equal(claims.values.nitrotpm_pcr4, hex(4));
  assert.equal(claims.values.pcr4, undefined);
  assert.deepEqual(await codesOf(tpm, {}), ['document-kind']);
  assert.deepEqual(await codesOf(tpm, { document_kinds: ['nitrotpm'] }), []);
  assert.deepEqual(await codesOf({}, { document_kinds: ['nitrotpm'] }), ['document-kind']);
  assert.deepEqual(await codesOf(tpm, { document_kinds: [] }), ['document-kind']);
});

test('what an instance says of its memory is nothing, what an enclave says is that it is closed', async () => {
  const policy = policyOf({ document_kinds: ['enclave', 'nitrotpm'] });
  const instance = appraise(await play(tpm), policy, []);
  assert.equal(instance.status, 'affirming');
  assert.equal(instance.trustVector.runtime_opaque, 0);
  assert.equal(instance.trustReasons.runtime_opaque, 'not appraised');
  assert.equal(appraise(await play({}), policy, []).trustVector.runtime_opaque, 2);
});

test('reference values for an enclave do not fit an instance', async () => {
  const referenceValues = parseReferenceValues({
    name: 'image',
    kind: 'workload',
    format: 'aws-nitro',
    any_of: [{ pcr0: [hex(0xa0)], pcr8: [hex(0xa8)] }],
  });
  const good = appraise(await play({}), policyOf({}), [referenceValues]);
  assert.equal(good.status, 'affirming');
  const other = await play({ fields: { pcrs: registers({ 0: filled(1) }) } });
  assert.equal(appraise(other, policyOf({}), [referenceValues]).status, 'contraindicated');
  const accepting = policyOf({ document_kinds: ['enclave', 'nitrotpm'] });
  const instance = appraise(await play(tpm), accepting, [referenceValues]);
  assert.deepEqual(
    instance.faults.map(({ claim }) => claim),
    ['pcr0', 'pcr8'],
  );
});

test('registers that a policy requires must be there and not be zero', async () => {
  assert.deepEqual(await codesOf({}, { required_pcrs: [3, 4, 8] }), []);
  assert.deepEqual(await codesOf({}, { required_pcrs: [8, 9] }), ['pcr-missing']);
  assert.deepEqual(await codesOf({}, { required_pcrs: [16, 31] }), ['pcr-missing', 'pcr-missing']);
  const accepted = { document_kinds: ['nitrotpm'] };
  assert.deepEqual(await codesOf(tpm, { ...accepted, required_pcrs: [4, 7] }), []);
  assert.deepEqual(await codesOf(tpm, { ...accepted, required_pcrs: [12] }), ['pcr-missing']);
});

test('the age of a document can be bounded', async () => {
  const old: Scene = { fields: { timestamp: new Date(now.getTime() - 600_000) } };
  assert.deepEqual(await codesOf(old, {}), []);
  assert.deepEqual(await codesOf(old, { max_age_seconds: { document: 600 } }), []);
  assert.deepEqual(await codesOf(old, { max_age_seconds: { document: 599 } }), [
    'endorsement-too-old',
  ]);
});

for (const [what, nitro] of [
  ['a kind of document that does not exist', { document_kinds: ['laptop'] }],
  ['a register 32', { required_pcrs: [32] }],
  ['a register by name', { required_pcrs: ['pcr3'] }],
  ['a member of another format', { vmpl_max: 0 }],
] as const) {
  test(`a policy with ${what} is refused`, () => {
    assert.throws(
      () => policyOf(nitro),
      (error) => error instanceof EvidenceError && error.code === 'input-invalid',
    );
  });
}

test('no changed bit is accepted', async () => {
  const document = mintScene({});
  // Every bit of the headers, of the fields' beginnings and of the signature; beyond that, one in 41.
  const bits = document.length * 8;
  for (let bit = 0; bit < bits; bit += bit < 1600 || bit > bits - 800 ? 1 : 41) {
    const changed = document.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await assert.rejects(
      play({ spoil: () => changed }),
      (error) => error instanceof EvidenceError && error.code !== 'input-invalid',
      `bit ${bit}`,
    );
  }
});

test('spoiled documents are read or refused', () => {
  assertRefusesCleanly(mutationsOf(mintScene({})), parseNitroDocument, 5_000);
});
