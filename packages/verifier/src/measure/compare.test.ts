import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReferenceSet, ReferenceValues } from '../types.js';
import { compareReferenceValues } from './compare.js';

const document = (...any_of: readonly ReferenceSet[]): ReferenceValues => ({
  ...{ name: 'web', kind: 'workload', format: 'tdx-dcap', any_of },
});
const x = { mrtd: ['aa'] };
const y = { mrtd: ['bb'] };

const rows: readonly (readonly [string, ReferenceValues, ReferenceValues, readonly unknown[]])[] = [
  ['the same document', document(x), document(x), []],
  ['the same sets in another order', document(x, y), document(y, x), []],
  ['another value', document(x), document(y), [{ place: 'any_of[0].mrtd', a: 'aa', b: 'bb' }]],
  [
    'one more claim',
    document(x),
    document({ ...x, rtmr0: ['cc'] }),
    [{ place: 'any_of[0].rtmr0', a: null, b: 'cc' }],
  ],
  ['one more set', document(x), document(x, y), [{ place: 'any_of[1].mrtd', a: null, b: 'bb' }]],
  ['one set less', document(x, y), document(x), [{ place: 'any_of[1].mrtd', a: 'bb', b: null }]],
  [
    'a number in place of a text that looks like it',
    document({ svn: [1] }),
    document({ svn: ['1'] }),
    [{ place: 'any_of[0].svn', a: '1', b: '1' }],
  ],
  [
    'another name, kind and format',
    document(x),
    { name: 'db', kind: 'firmware', format: 'sev-snp', any_of: [x] },
    [
      { place: 'name', a: 'web', b: 'db' },
      { place: 'kind', a: 'workload', b: 'firmware' },
      { place: 'format', a: 'tdx-dcap', b: 'sev-snp' },
    ],
  ],
];

for (const [sentence, a, b, expected] of rows) {
  test(`reference values compared: ${sentence}`, () => {
    assert.deepEqual(compareReferenceValues(a, b), expected);
  });
}
