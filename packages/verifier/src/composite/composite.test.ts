// A TD with its GPUs: whole, and with parts left out, added, mixed and swapped.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAppraisalPolicy, parseReferenceValues } from '../appraise/policy.js';
import { sessionNonce } from '../binding.js';
import type { EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { DcapCa } from '../testing/dcap-ca.js';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { createSoftwareNvidia, mintGpuReport, type SoftwareNvidia } from '../testing/nvidia-gpu.js';
import { mintTdxQuote } from '../testing/tdx-quote.js';
import { stageTpm } from '../testing/tpm-scene.js';
import type { EvidenceFormat } from '../types.js';
import { parseEvidence } from '../verify.js';
import { appraiseComposite, type RequiredComposition } from './appraise-composite.js';
import { type Composition, compositeBindings } from './composite-binding.js';
import { type CompositeInput, type CompositePart, verifyComposite } from './verify-composite.js';

const now = new Date('2026-05-01T12:00:00Z');
const session = new Uint8Array(64).fill(0x42);
const otherSession = new Uint8Array(64).fill(0x43);
const ca = DcapCa.create({ now });
const validity = { notBefore: new Date('2021-01-01'), notAfter: new Date('9999-01-01') };
const vendor = createSoftwareNvidia(validity);
const second = createSoftwareNvidia({ ...validity, change: { rom: { serial: 7 } } });

type Parts = Record<string, CompositePart>;

function tdWith(binding: Uint8Array): CompositePart {
  return {
    evidence: parseEvidence(
      mintTdxQuote(ca, { version: 5, report: { reportData: binding } }),
      'tdx-dcap',
    ),
    endorsements: mintDcapCollateral(ca, { now }),
    roots: ca.roots,
  };
}

async function gpuWith(
  binding: Uint8Array,
  nvidia: SoftwareNvidia = vendor,
): Promise<CompositePart> {
  const nonce = await sessionNonce(binding, nodeProvider);
  return {
    evidence: parseEvidence(mintGpuReport(nvidia, { nonce }), 'nvidia-gpu'),
    endorsements: {
      format: 'nvidia-gpu',
      chain: nvidia.chain,
      revocation: { kind: 'not-checked' },
    },
    roots: [{ kind: 'certificate', der: nvidia.root }],
  };
}

/** Parts that are bound as this composition asks, in this session. */
async function partsOf(
  composition: Composition,
  bound = session,
  devices: Readonly<Record<string, SoftwareNvidia>> = { gpu1: second },
): Promise<Parts> {
  const bindings = await compositeBindings(bound, composition, nodeProvider);
  const parts: Parts = {};
  for (const [name, binding] of bindings) {
    parts[name] =
      composition[name] === 'tdx-dcap' ? tdWith(binding) : await gpuWith(binding, devices[name]);
  }
  return parts;
}

const verify = (parts: Parts, change: Partial<CompositeInput> = {}) =>
  verifyComposite({ parts, expectedBinding: session, now, provider: nodeProvider, ...change });

const one = { lead: 'tdx-dcap', gpu0: 'nvidia-gpu' } as const;
const two = { ...one, gpu1: 'nvidia-gpu' } as const;

async function refuses(code: EvidenceErrorCode, parts: Parts, change?: Partial<CompositeInput>) {
  await assert.rejects(verify(parts, change), { name: 'EvidenceError', code });
}

describe('verifyComposite accepts', () => {
  it('a TD and its GPU, each bound', async () => {
    const { parts } = await verify(await partsOf(one));
    assert.deepEqual([...parts.keys()], ['gpu0', 'lead']);
    assert.deepEqual(
      [...parts.values()].map(({ binding }) => binding),
      ['checked', 'checked'],
    );
  });

  it('a TD and two GPUs', async () => {
    assert.equal((await verify(await partsOf(two))).parts.size, 3);
  });

  it('parts that nobody asked to be bound, and says so of each', async () => {
    const { parts } = await verify(await partsOf(one), {
      expectedBinding: { binding: 'not-checked' },
    });
    assert.deepEqual(
      [...parts.values()].map(({ binding }) => binding),
      ['not-checked', 'not-checked'],
    );
  });
});

/** The host's TPM, certified by its own CA, at a time when that and the TD's endorsements are valid. */
async function tdWithTpm(bound: Uint8Array, quoted = bound): Promise<Parts> {
  const composition = { lead: 'tdx-dcap', tpm: 'tpm2-quote' } as const;
  const bindings = await compositeBindings(bound, composition, nodeProvider);
  const others = await compositeBindings(quoted, composition, nodeProvider);
  const nonce = await sessionNonce(others.get('tpm')!, nodeProvider);
  const { bytes, input } = stageTpm({ quote: { extraData: nonce } });
  const { endorsements, roots } = input;
  return {
    lead: tdWith(bindings.get('lead')!),
    tpm: { evidence: parseEvidence(bytes, 'tpm2-quote'), endorsements, roots },
  };
}

describe('a TD and the host’s TPM', () => {
  const withoutLists = (parts: Parts): Parts => ({
    ...parts,
    tpm: {
      ...parts.tpm!,
      endorsements: {
        format: 'tpm2-quote',
        provenance: {
          kind: 'certificate',
          intermediates: [],
          revocation: { kind: 'not-checked' },
        },
      },
    },
  });

  it('are accepted, each bound', async () => {
    const { parts } = await verify(withoutLists(await tdWithTpm(session)));
    assert.equal(parts.get('tpm')?.binding, 'checked');
  });

  it('are refused when the TPM’s quote is of another session', async () => {
    await refuses('binding-mismatch', withoutLists(await tdWithTpm(session, otherSession)));
  });

  it('are refused when the TPM leads', async () => {
    const { lead, tpm } = await tdWithTpm(session);
    await refuses('submodule-mismatch', { lead: tpm!, td: lead! });
  });
});

describe('verifyComposite refuses', () => {
  it('a GPU of another session', async () => {
    const stale = await partsOf(one, otherSession);
    await refuses('binding-mismatch', { ...(await partsOf(one)), gpu0: stale.gpu0! });
  });

  it('a TD of another session', async () => {
    const stale = await partsOf(one, otherSession);
    await refuses('binding-mismatch', { ...(await partsOf(one)), lead: stale.lead! });
  });

  it('all of another session', async () => {
    await refuses('binding-mismatch', await partsOf(one, otherSession));
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
    await refuses('binding-mismatch', { lead: tdWith(session), gpu0: await gpuWith(session) });
  });

  it('one GPU counted as two', async () => {
    const parts = await partsOf(two, session, { gpu1: vendor });
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
    await refuses('submodule-mismatch', { lead: tdWith(session) });
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
    const { gpu0 } = await partsOf(one, session, { gpu0: second });
    await refuses('chain-untrusted', { ...parts, gpu0: { ...gpu0!, roots: parts.gpu0!.roots } });
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
    assert.deepEqual([...result.parts.keys()], ['gpu0', 'lead']);
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
