// Nitride's identities as its documentation shows them, and reference values as text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EvidenceError } from '../errors.js';
import { meets } from '../rules/requirement.js';
import type { ReferenceSet } from '../types.js';
import { parseNitrideIdentity } from './nitride-identity.js';
import { parseReferenceText } from './reference-text.js';

const measurement = 'eb'.repeat(48);
const platform = {
  type: 'platform',
  name: 'amd-sev-snp-milan-vcek',
  values: { firmware: '>= 1.55.22', root_of_trust: 'amd-sev-snp-milan-vcek' },
};
const firmware = { created: 1749465559, type: 'firmware', name: 'local', values: { measurement } };

test('a firmware identity names a launch measurement', () => {
  assert.deepEqual(parseNitrideIdentity(firmware), {
    name: 'local',
    kind: 'firmware',
    format: 'sev-snp',
    any_of: [{ measurement: [measurement] }],
  });
  const both = { ...firmware, values: { measurement, ...platform.values } };
  assert.equal(parseNitrideIdentity(both).any_of.length, 3);
});

/** Whether a report of this firmware meets one of the sets. */
function accepts(
  sets: readonly ReferenceSet[],
  version: readonly [number, number, number],
): boolean {
  const [major, minor, build] = version;
  const claims: Readonly<Record<string, string | number>> = {
    product: 'milan',
    signer: 'vcek',
    current_firmware_major: major,
    current_firmware_minor: minor,
    current_firmware_build: build,
  };
  return sets.some((set) =>
    Object.entries(set).every(([claim, requirement]) => meets(requirement, claims[claim])),
  );
}

test('a platform identity means all firmware from its version on, and no other', () => {
  const { any_of: sets, kind } = parseNitrideIdentity(platform);
  assert.equal(kind, 'platform');
  const part = fc.nat(255);
  fc.assert(
    fc.property(fc.tuple(part, part, part), (version) => {
      const [major, minor, build] = version;
      const isNewer = major > 1 || (major === 1 && (minor > 55 || (minor === 55 && build >= 22)));
      assert.equal(accepts(sets, version), isNewer);
    }),
    { numRuns: 500 },
  );
  for (const version of [
    [1, 55, 22],
    [1, 55, 23],
    [1, 56, 0],
    [2, 0, 0],
  ] as const) {
    assert.ok(accepts(sets, version), version.join('.'));
  }
  for (const version of [
    [1, 55, 21],
    [1, 54, 99],
    [0, 99, 99],
  ] as const) {
    assert.ok(!accepts(sets, version), version.join('.'));
  }
  const exact = parseNitrideIdentity({ ...platform, values: { firmware: '1.55.22' } }).any_of;
  assert.ok(accepts(exact, [1, 55, 22]));
  assert.ok(!accepts(exact, [1, 55, 23]));
});

const withValues = (values: unknown, type = 'platform') => ({ name: 'x', type, values });
const refusals: readonly (readonly [string, unknown, string])[] = [
  ['no object', [], 'input-invalid'],
  ['no type', { name: 'x', values: {} }, 'input-invalid'],
  ['no name', { ...firmware, name: '' }, 'input-invalid'],
  ['no values', { name: 'x', type: 'platform' }, 'input-invalid'],
  ['no value at all', withValues({}), 'input-invalid'],
  ['an unknown member', { ...firmware, note: 'x' }, 'input-invalid'],
  ['an unknown value', withValues({ spl: 3 }), 'input-invalid'],
  [
    'PCRs of a workload',
    withValues({ hash: 'sha256', pcrs: {} }, 'workload'),
    'unsupported-format',
  ],
  ['metadata', withValues({ owner: 'x' }, 'metadata'), 'unsupported-format'],
  ['a type of its own', withValues({}, 'enclave'), 'unsupported-format'],
  ['an unknown root of trust', withValues({ root_of_trust: 'intel' }), 'unsupported-format'],
  [
    'a root of trust by a name of JavaScript',
    withValues({ root_of_trust: 'toString' }),
    'unsupported-format',
  ],
  ['a range of versions', withValues({ firmware: '>= 1.55.22, < 2' }), 'unsupported-format'],
  ['a caret', withValues({ firmware: '^1.55.22' }), 'unsupported-format'],
  ['a version of two numbers', withValues({ firmware: '>= 1.55' }), 'unsupported-format'],
  [
    'firmware without a measurement',
    withValues({ firmware: '1.2.3' }, 'firmware'),
    'input-invalid',
  ],
  [
    'a measurement of 32 bytes',
    withValues({ measurement: 'eb'.repeat(32) }, 'firmware'),
    'input-invalid',
  ],
  ['a measurement of a platform', withValues({ measurement }), 'input-invalid'],
];

for (const [sentence, value, code] of refusals) {
  test(`no reference values from an identity with ${sentence}`, () => {
    assert.throws(() => parseNitrideIdentity(value), { code });
  });
}

test('text is an identity or a document of our own, and strict JSON', () => {
  const own = parseNitrideIdentity(firmware);
  assert.deepEqual(parseReferenceText(JSON.stringify(firmware)), own);
  assert.deepEqual(parseReferenceText(JSON.stringify(own)), own);
  for (const [text, code] of [
    ['', 'malformed'],
    ['{"name": "x", "name": "y"}', 'malformed'],
    ['[]', 'input-invalid'],
    ['{}', 'input-invalid'],
    ['null', 'input-invalid'],
    ['{"type": "platform", "format": "sev-snp"}', 'input-invalid'],
  ] as const) {
    assert.throws(() => parseReferenceText(text), { code }, text);
  }
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.throws(() => parseReferenceText(text), EvidenceError);
    }),
    { numRuns: 200 },
  );
});
