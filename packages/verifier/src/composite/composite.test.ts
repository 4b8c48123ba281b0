// A TD with its GPUs: whole, and with parts left out, added, mixed and swapped.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAppraisalPolicy, parseReferenceValues } from '../appraise/policy.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import {
  type MintCompositeOptions,
  mintComposite,
  type SoftwareMachine,
  type SoftwarePart,
} from '../testing/composite.js';
import { DcapCa } from '../testing/dcap-ca.js';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { createSoftwareNvidia, type SoftwareNvidia } from '../testing/nvidia-gpu.js';
import { createSoftwareAk, createSoftwareAkCa } from '../testing/tpm.js';
import { mintCrl } from '../testing/x509.js';
import type { EvidenceFormat } from '../types.js';
import { parseEvidence } from '../verify.js';
import { appraiseComposite, type RequiredComposition } from './appraise-composite.js';
import {
  type CompositeInput,
  type CompositePart,
  verifyComposite,
  verifyParts,
} from './verify-composite.js';

const now = new Date('2026-05-01T12:00:00Z');
const session = new Uint8Array(64).fill(0x42);
const otherSession = new Uint8Array(64).fill(0x43);
const ca = DcapCa.create({ now });
const validity = { notBefore: new Date('2021-01-01'), notAfter: new Date('9999-01-01') };
const vendor = createSoftwareNvidia(validity);
const second = createSoftwareNvidia({ ...validity, change: { rom: { serial: 7 } } });
const tpm = {
  ak: createSoftwareAk({ kind: 'ecdsa-p256' }),
  ca: createSoftwareAkCa(validity),
  ...validity,
};

type Parts = Record<string, CompositePart>;

/** What the vendor of each part says, and whom to believe about it. */
function beside(part: SoftwarePart): Omit<CompositePart, 'evidence'> {
  const revocation = { kind: 'not-checked' } as const;
  switch (part.kind) {
    case 'td':
      return { endorsements: mintDcapCollateral(ca, { now }), roots: ca.roots };
    case 'gpu':
      return {
        endorsements: { format: 'nvidia-gpu', chain: part.nvidia.chain, revocation },
        roots: [{ kind: 'certificate', der: part.nvidia.root }],
      };
    case 'tpm':
      return {
        endorsements: {
          format: 'tpm2-quote',
          provenance: { kind: 'certificate', intermediates: [], revocation },
        },
        roots: [{ kind: 'certificate', der: part.tpm.ca.root.der }],
      };
  }
}

const td: SoftwarePart = { kind: 'td', ca };
const gpuOf = (nvidia: SoftwareNvidia): SoftwarePart => ({ kind: 'gpu', nvidia });
const one: SoftwareMachine = { lead: td, gpu0: gpuOf(vendor) };
const two: SoftwareMachine = { ...one, gpu1: gpuOf(second) };
const withTpm: SoftwareMachine = { lead: td, tpm: { kind: 'tpm', tpm } };

/** Parts that are bound as they should be, in this session, but for the change. */
async function partsOf(
  machine: SoftwareMachine,
  change: Partial<MintCompositeOptions> = {},
): Promise<Parts> {
  const minted = await mintComposite(machine, { session, ...change });
  return Object.fromEntries(
    Object.entries(minted).map(([name, { format, evidence }]) => [
      name,
      { evidence: parseEvidence(evidence, format), ...beside(machine[name]!) },
    ]),
  );
}

const verify = (parts: Parts, change: Partial<CompositeInput> = {}) =>
  verifyComposite({ parts, expectedBinding: session, now, provider: nodeProvider, ...change });

async function refuses(code: EvidenceErrorCode, parts: Parts, change?: Partial<CompositeInput>) {
  await assert.rejects(verify(parts, change), { name: 'EvidenceError', code });
}

describe('verifyComposite accepts', () => {
  it('a TD and its GPU, each bound', async () => {
    const { parts } = await verify(await partsOf(one));
    assert.deepEqual([...parts.keys()], ['lead', 'gpu0']);
    assert.deepEqual(
      [...parts.values()].map(({ binding }) => binding),
      ['checked', 'checked'],
    );
  });

  it('a TD and two GPUs', async () => {
    assert.equal((await verify(await partsOf(two))).parts.size, 3);
  });

  it('parts of a session that nobody knows, held against what the lead says', async () => {
    const { parts } = await verify(await partsOf(one), {
      expectedBinding: { binding: 'not-checked' },
    });
    assert.deepEqual(
      [...parts.values()].map(({ binding }) => binding),
      ['not-checked', 'checked'],
    );
  });
});

describe('a TD and the host’s TPM', () => {
  it('are accepted, each bound', async () => {
    const { parts } = await verify(await partsOf(withTpm));
    assert.equal(parts.get('tpm')?.binding, 'checked');
  });

  it('are refused when the TPM’s quote is of another session', async () => {
    const { tpm: stale } = await partsOf(withTpm, { session: otherSession });
    await refuses('binding-mismatch', { ...(await partsOf(withTpm)), tpm: stale! });
  });

  it('are refused when the TPM leads', async () => {
    const { lead, tpm: quote } = await partsOf(withTpm);
    await refuses('submodule-mismatch', { lead: quote!, td: lead! });
  });
});

describe('verifyComposite refuses', () => {
  it('a GPU of another session', async () => {
    const stale = await partsOf(one, { session: otherSession });
    await refuses('binding-mismatch', { ...(await partsOf(one)), gpu0: stale.gpu0! });
  });

  it('a TD of another session', async () => {
    const stale = await partsOf(one, { session: otherSession });
    await refuses('binding-mismatch', { ...(await partsOf(one)), lead: stale.lead! });
  });

  it('all of another session', async () => {
    await refuses('binding-mismatch', await partsOf(one, { session: otherSession }));
  });

  it('a GPU left out, though the TD spoke of two', async () => {
    const { gpu1: _, ...rest } = await partsOf(two);
    await refuses('binding-mismatch', rest);
  });

  it('a GPU added, though the TD spoke of one', async () => {
    const { gpu1 } = await partsOf(two);
    await refuses('binding-mismatch', { ...(await partsOf(one)), gpu1: gpu1! });
  });

  it('two GPUs in each other’s place', async () => {
    const parts = await partsOf(two);
    await refuses('binding-mismatch', { ...parts, gpu0: parts.gpu1!, gpu1: parts.gpu0! });
  });

  it('a GPU under another name', async () => {
    const { lead, gpu0 } = await partsOf(one);
    await refuses('binding-mismatch', { lead: lead!, gpu7: gpu0! });
  });

  it('parts that are bound to the session itself, each on its own', async () => {
    await refuses('binding-mismatch', await partsOf(one, { bind: () => session }));
  });

  it('one GPU counted as two', async () => {
    const parts = await partsOf({ ...two, gpu1: gpuOf(vendor) });
    await refuses('submodule-mismatch', parts);
  });

  it('a GPU under the TD’s roots', async () => {
    const parts = await partsOf(one);
    const gpu0 = { ...parts.gpu0!, roots: ca.roots };
    await refuses('chain-untrusted', { ...parts, gpu0 });
  });

  it('a part with another part’s endorsements', async () => {
    const parts = await partsOf(one);
    const gpu0 = { ...parts.gpu0!, endorsements: parts.lead!.endorsements };
    await refuses('collateral-mismatch', { ...parts, gpu0 });
  });

  it('a TD alone', async () => {
    const { lead } = await partsOf(one);
    await refuses('submodule-mismatch', { lead: lead! });
  });

  it('no parts', async () => {
    await refuses('submodule-mismatch', {});
  });

  it('GPUs without a machine', async () => {
    const { gpu0, gpu1 } = await partsOf(two);
    await refuses('submodule-mismatch', { gpu0: gpu0!, gpu1: gpu1! });
  });

  it('a GPU in the lead', async () => {
    const { gpu0, gpu1 } = await partsOf(two);
    await refuses('submodule-mismatch', { lead: gpu0!, gpu1: gpu1! });
  });

  it('a name that is none', async () => {
    const { lead, gpu0 } = await partsOf(one);
    await refuses('submodule-mismatch', { lead: lead!, 'GPU 0': gpu0! });
  });

  it('too many parts', async () => {
    const { lead, gpu0 } = await partsOf(one);
    const many = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`gpu${i}`, gpu0!]));
    await refuses('submodule-mismatch', { lead: lead!, ...many });
  });

  it('an expectation of 32 bytes', async () => {
    await refuses('input-invalid', await partsOf(one), { expectedBinding: session.slice(0, 32) });
  });

  it('a part that does not verify by itself', async () => {
    const parts = await partsOf(one);
    const { gpu0 } = await partsOf({ ...one, gpu0: gpuOf(second) });
    await refuses('chain-untrusted', { ...parts, gpu0: { ...gpu0!, roots: parts.gpu0!.roots } });
  });
});

describe('verifyComposite says which part it refused:', () => {
  const partOf = async (parts: Parts, change?: Partial<CompositeInput>) => {
    const error = await verify(parts, change).then(
      () => assert.fail('accepted'),
      (thrown) => thrown,
    );
    assert.ok(error instanceof EvidenceError, String(error));
    return [error.part, error.code];
  };

  it('a GPU of another session', async () => {
    const { gpu0 } = await partsOf(one, { session: otherSession });
    const found = await partOf({ ...(await partsOf(one)), gpu0: gpu0! });
    assert.deepEqual(found, ['gpu0', 'binding-mismatch']);
  });

  it('a TD of another session, before its GPU', async () => {
    const found = await partOf(await partsOf(one, { session: otherSession }));
    assert.deepEqual(found, ['lead', 'binding-mismatch']);
  });

  it('no part, for what is wrong with the whole', async () => {
    const found = await partOf(await partsOf({ ...two, gpu1: gpuOf(vendor) }));
    assert.deepEqual(found, [null, 'submodule-mismatch']);
  });

  it('a GPU one of whose issuers was revoked', async () => {
    const crls = (['root', 'identity', 'provisioner'] as const).map((link) =>
      mintCrl({
        issuer: vendor.names[link],
        thisUpdate: now,
        nextUpdate: validity.notAfter,
        revoked: link === 'root' ? [{ serial: 0x41_43_01, date: now }] : [],
        signingKey: vendor.keys[link],
        signatureAlgorithm: 'ecdsa-p384-sha384',
      }),
    );
    const parts = await partsOf(one);
    const endorsements: CompositePart['endorsements'] = {
      format: 'nvidia-gpu',
      chain: vendor.chain,
      revocation: { kind: 'crls', crls },
    };
    const found = await partOf({ ...parts, gpu0: { ...parts.gpu0!, endorsements } });
    assert.deepEqual(found, ['gpu0', 'certificate-revoked']);
  });

  it('a GPU whose certificates have expired', async () => {
    const old = createSoftwareNvidia({ ...validity, notAfter: new Date('2022-01-01') });
    const found = await partOf(await partsOf({ ...one, gpu0: gpuOf(old) }));
    assert.deepEqual(found, ['gpu0', 'certificate-expired']);
  });

  it('a TPM whose key nobody trusts', async () => {
    const parts = await partsOf(withTpm);
    const found = await partOf({ ...parts, tpm: { ...parts.tpm!, roots: [] } });
    assert.deepEqual(found, ['tpm', 'chain-untrusted']);
  });
});

describe('without a session', () => {
  const unbound = { expectedBinding: { binding: 'not-checked' } } as const;

  it('refuses a GPU of another TD', async () => {
    const { gpu0 } = await partsOf(one, { session: otherSession });
    await refuses('binding-mismatch', { ...(await partsOf(one)), gpu0: gpu0! }, unbound);
  });

  it('refuses a GPU that took the name of another', async () => {
    const parts = await partsOf(two);
    await refuses('binding-mismatch', { lead: parts.lead!, gpu0: parts.gpu1! }, unbound);
  });

  it('refuses a TPM’s quote for the session itself', async () => {
    const parts = await partsOf(withTpm, {
      bind: (name, right) => (name === 'tpm' ? session : right),
    });
    await refuses('binding-mismatch', parts, unbound);
  });
});

describe('verifyParts refuses', () => {
  const composition = { lead: 'tdx-dcap', gpu0: 'nvidia-gpu' } as const;
  const input = { composition, expectedBinding: session, provider: nodeProvider };
  const claimsOf = async (change?: Partial<CompositeInput>) =>
    (await verify(await partsOf(one), change)).parts;

  it('claims of another part', async () => {
    const parts = await claimsOf();
    const work = verifyParts({ ...input, verifyPart: async () => parts.get('lead')! });
    await assert.rejects(work, { code: 'input-invalid', part: 'gpu0' });
  });

  it('claims that nobody bound', async () => {
    const parts = await claimsOf({ expectedBinding: { binding: 'not-checked' } });
    const work = verifyParts({ ...input, verifyPart: async (name) => parts.get(name)! });
    await assert.rejects(work, { code: 'input-invalid', part: 'lead' });
  });

  it('claims that were put together by hand', async () => {
    const parts = await claimsOf();
    const verifyPart = async (name: string) => ({ ...parts.get(name)! });
    await assert.rejects(verifyParts({ ...input, verifyPart }), { code: 'input-invalid' });
  });
});

describe('appraiseComposite', () => {
  const policy = parseAppraisalPolicy({
    name: 'p',
    formats: {
      'tdx-dcap': {},
      'nvidia-gpu': { allow_unmeasured: true, allow_unchecked_revocation: true },
    },
  });
  const required: RequiredComposition = { lead: ['tdx-dcap', 'sev-snp'], gpu0: ['nvidia-gpu'] };
  const values = (format: EvidenceFormat, claim: string, value: string) =>
    parseReferenceValues({ name: 'v', kind: 'firmware', format, any_of: [{ [claim]: [value] }] });
  const firmware = values('nvidia-gpu', 'measurement_1', 'a1'.repeat(48));

  it('affirms the whole when each part passes', async () => {
    const composite = await verify(await partsOf(one));
    const result = appraiseComposite(composite, required, policy, [firmware]);
    assert.equal(result.status, 'affirming');
    assert.deepEqual([...result.parts.keys()], ['lead', 'gpu0']);
  });

  for (const [sentence, status, ask, references, codes] of [
    [
      'a part that is not asked for',
      'contraindicated',
      { lead: ['tdx-dcap'] },
      [],
      ['composition'],
    ],
    [
      'a part that is missing',
      'contraindicated',
      { ...required, tpm: ['sev-snp'] },
      [],
      ['composition'],
    ],
    [
      'a part of another format',
      'contraindicated',
      { ...required, lead: ['sev-snp'] },
      [],
      ['composition'],
    ],
    [
      'reference values that speak of no part',
      'contraindicated',
      required,
      [values('sev-snp', 'vmpl', '0')],
      ['reference-values-missing'],
    ],
    [
      'reference values that one part does not meet',
      'contraindicated',
      required,
      [values('nvidia-gpu', 'measurement_1', 'ff'.repeat(48))],
      [],
    ],
  ] as const) {
    it(`does not affirm ${sentence}`, async () => {
      const composite = await verify(await partsOf(one));
      const result = appraiseComposite(composite, ask, policy, references);
      assert.equal(result.status, status);
      assert.deepEqual(
        result.faults.map(({ code }) => code),
        codes,
      );
    });
  }

  it('does not affirm what is not bound', async () => {
    const parts = await partsOf(one);
    const composite = await verify(parts, { expectedBinding: { binding: 'not-checked' } });
    assert.equal(appraiseComposite(composite, required, policy, []).status, 'warning');
  });

  it('does not affirm when a part’s format has no policy', async () => {
    const only = parseAppraisalPolicy({ name: 'p', formats: { 'tdx-dcap': {} } });
    const result = appraiseComposite(await verify(await partsOf(one)), required, only, []);
    assert.equal(result.status, 'contraindicated');
    assert.deepEqual(
      result.parts.get('gpu0')?.faults.map(({ code }) => code),
      ['format-not-accepted'],
    );
  });

  it('takes no composite that was put together by hand', async () => {
    const { parts } = await verify(await partsOf(one));
    assert.throws(() => appraiseComposite({ parts }, required, policy, []), {
      code: 'input-invalid',
    });
  });
});
