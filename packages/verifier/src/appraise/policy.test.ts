import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nodeProvider } from '../provider-node.js';
import { evidenceFormats } from '../types.js';
import { canonicalJson, digestOf } from './canonical-json.js';
import { defaultAppraisalPolicy, parseAppraisalPolicy, parseReferenceValues } from './policy.js';

describe('parseAppraisalPolicy', () => {
  it('fills in the stricter choice where a document says nothing', () => {
    const { name, allow_debug, formats } = defaultAppraisalPolicy;
    assert.deepEqual({ name, allow_debug }, { name: 'default', allow_debug: false });
    assert.deepEqual(
      { 'tdx-dcap': formats['tdx-dcap'], 'sev-snp': formats['sev-snp'] },
      {
        'tdx-dcap': {
          require: {},
          any_of: [],
          max_age_seconds: {},
          tcb_statuses: ['UpToDate'],
          advisories: null,
          min_tcb_evaluation_number: 0,
          allow_service_td: false,
        },
        'sev-snp': {
          require: {},
          any_of: [],
          max_age_seconds: {},
          min_spl: {},
          vmpl_max: 0,
          chip_ids: null,
          signers: ['vcek', 'vlek'],
          allow_migration_agent: false,
          allow_unchecked_revocation: false,
        },
      },
    );
  });

  it('accepts every format by default, with what its folder fills in', () => {
    assert.deepEqual(
      Object.keys(defaultAppraisalPolicy.formats).sort(),
      [...evidenceFormats].sort(),
    );
  });

  it('hands out nothing that a caller could change', () => {
    const changeable: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Object.isFrozen(value)) changeable.push(path);
      for (const [key, item] of Object.entries(value)) visit(item, `${path}.${key}`);
    };
    visit(defaultAppraisalPolicy, 'policy');
    assert.deepEqual(changeable, []);
  });

  it('reads back what it wrote', () => {
    const text = JSON.stringify(defaultAppraisalPolicy);
    assert.deepEqual(parseAppraisalPolicy(JSON.parse(text)), defaultAppraisalPolicy);
  });

  const rows: [string, unknown][] = [
    ['no object', 'policy'],
    ['no name', { formats: {} }],
    ['no formats', { name: 'p' }],
    ['an unknown key', { name: 'p', formats: {}, allowDebug: true }],
    ['an unknown format', { name: 'p', formats: { sgx: {} } }],
    ['an unknown key of a format', { name: 'p', formats: { 'tdx-dcap': { vmpl_max: 0 } } }],
    ['debug as text', { name: 'p', allow_debug: 'false', formats: {} }],
    ['an unknown status', { name: 'p', formats: { 'tdx-dcap': { tcb_statuses: ['Fine'] } } }],
    [
      'Revoked as acceptable',
      { name: 'p', formats: { 'tdx-dcap': { tcb_statuses: ['Revoked'] } } },
    ],
    [
      'a negative age',
      { name: 'p', formats: { 'tdx-dcap': { max_age_seconds: { 'tcb-info': -1 } } } },
    ],
    ['a fraction', { name: 'p', formats: { 'tdx-dcap': { min_tcb_evaluation_number: 1.5 } } }],
    ['a requirement of nothing', { name: 'p', formats: { 'tdx-dcap': { require: { mrtd: {} } } } }],
    ['an alternative that asks nothing', { name: 'p', formats: { 'tdx-dcap': { any_of: [{}] } } }],
    ['an empty allow list', { name: 'p', formats: { 'tdx-dcap': { require: { mrtd: [] } } } }],
    [
      'mixed bounds and bits',
      { name: 'p', formats: { 'tdx-dcap': { require: { a: { min: 1, set: '00' } } } } },
    ],
    [
      'a mask that is not hex',
      { name: 'p', formats: { 'tdx-dcap': { require: { a: { set: '0x1' } } } } },
    ],
    ['an unknown signer', { name: 'p', formats: { 'sev-snp': { signers: ['ask'] } } }],
    [
      'a list of a million',
      { name: 'p', formats: { 'sev-snp': { chip_ids: Array(1e6).fill('00') } } },
    ],
  ];
  for (const [name, document] of rows) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parseAppraisalPolicy(document), { code: 'input-invalid' });
    });
  }

  it('refuses a key that only objects from JSON can have', () => {
    const document: unknown = JSON.parse('{"name":"p","formats":{},"__proto__":{}}');
    assert.throws(() => parseAppraisalPolicy(document), { code: 'input-invalid' });
  });
});

describe('parseReferenceValues', () => {
  const good = {
    name: 'n',
    kind: 'workload',
    format: 'sev-snp',
    any_of: [{ measurement: ['00'] }],
  };
  const rows: [string, unknown][] = [
    ['no sets', { ...good, any_of: [] }],
    ['an empty set', { ...good, any_of: [{}] }],
    ['an unknown kind', { ...good, kind: 'other' }],
    ['an unknown format', { ...good, format: 'sgx' }],
    ['an unknown key', { ...good, optional: true }],
  ];
  for (const [name, document] of rows) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parseReferenceValues(document), { code: 'input-invalid' });
    });
  }
});

describe('canonicalJson', () => {
  it('does not depend on the order of keys', () => {
    assert.equal(
      canonicalJson({ b: [1, { d: 'é', c: null }], a: true }),
      '{"a":true,"b":[1,{"c":null,"d":"é"}]}',
    );
  });

  it('round-trips every JSON value and is stable', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = canonicalJson(value);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        assert.equal(canonicalJson(JSON.parse(text)), text);
      }),
      { numRuns: 500 },
    );
  });

  const rows: [string, unknown][] = [
    ['undefined', { a: undefined }],
    ['NaN', [Number.NaN]],
    ['a function', () => 1],
    ['a Date', new Date(0)],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['a depth of 100', JSON.parse('['.repeat(100) + ']'.repeat(100))],
  ];
  for (const [name, value] of rows) {
    it(`refuses ${name}`, () => {
      assert.throws(() => canonicalJson(value), { code: 'input-invalid' });
    });
  }

  it('addresses a value by the SHA-256 of that text', async () => {
    assert.equal(
      await digestOf({}, nodeProvider),
      'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    );
  });
});
