// What the policy for TDs finds in quotes whose every signature holds: attributes, service TDs, the platform.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy } from '../appraise/policy.js';
import { reportData } from '../testing/dcap-scene.test.js';
import type { TdReportFields } from '../testing/tdx-quote.js';
import { playTdx, type TdxScene } from '../testing/tdx-scene.test.js';

async function codesOf(scene: TdxScene, members: object): Promise<string[]> {
  const policy = parseAppraisalPolicy({ name: 'p', formats: { 'tdx-dcap': members } });
  return appraise(await playTdx(scene), policy, []).faults.map(({ code }) => code);
}

const report = (fields: Partial<TdReportFields>): TdxScene => ({
  quote: { report: { reportData, ...fields } },
});

/** Attributes with these bits, counted from the least significant. */
function attributes(...bits: number[]): TdxScene {
  const tdAttributes = new Uint8Array(8);
  for (const bit of bits) {
    tdAttributes[bit >> 3] = (tdAttributes[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
  return report({ tdAttributes });
}

const septVeDisable = 28;
const known = [16, 27, septVeDisable, 29, 30, 31, 62, 63];
const untrusted = Array.from({ length: 8 }, (_, bit) => bit);
const namedUntrusted = [0, 4, 5, 6];
const reserved = Array.from({ length: 56 }, (_, bit) => bit + 8).filter(
  (bit) => !known.includes(bit),
);
const serviceTd = report({ mrServiceTd: new Uint8Array(48).fill(1) });

type Row = readonly [sentence: string, scene: TdxScene, members: object, codes: readonly string[]];

describe('the policy for TDs accepts', () => {
  const rows: readonly Row[] = [
    ['good evidence', {}, {}, []],
    ['attributes that are known', attributes(septVeDisable, 30, 63), {}, []],
    ['a service TD if told to', serviceTd, { allow_service_td: true }, []],
    [
      'a wanted attribute that is set',
      attributes(septVeDisable),
      { require: { td_attributes_sept_ve_disable: [true] } },
      [],
    ],
  ];
  for (const [sentence, scene, members, codes] of rows) {
    it(sentence, async () => assert.deepEqual(await codesOf(scene, members), codes));
  }
});

describe('the policy for TDs refuses', () => {
  const rows: readonly Row[] = [
    ...untrusted.map((bit): Row => {
      const unnamed = namedUntrusted.includes(bit) ? [] : ['reserved-attributes'];
      return [
        `a TD with bit ${bit} of its attributes: the host may look inside`,
        attributes(septVeDisable, bit),
        {},
        ['debug', ...unnamed],
      ];
    }),
    ['every attribute at once', attributes(0, ...reserved), {}, ['debug', 'reserved-attributes']],
    ['a service TD', serviceTd, {}, ['service-td']],
    [
      'a service TD in the last byte of its measurement',
      report({ mrServiceTd: Uint8Array.from({ length: 48 }, (_, at) => (at === 47 ? 1 : 0)) }),
      {},
      ['service-td'],
    ],
    [
      'a wanted attribute that is not set',
      attributes(30),
      { require: { td_attributes_sept_ve_disable: [true] } },
      ['requirement'],
    ],
    ['a TD that is another', {}, { require: { mrtd: ['ff'.repeat(48)] } }, ['requirement']],
    [
      'collateral from before a recovery',
      {},
      { min_tcb_evaluation_number: 19 },
      ['tcb-evaluation-number'],
    ],
    ['a level that is none of the accepted', {}, { tcb_statuses: ['OutOfDate'] }, ['tcb-status']],
    [
      'collateral whose age it cannot tell',
      {},
      { max_age_seconds: { 'tcb-list': 86_400 } },
      ['endorsement-too-old'],
    ],
  ];
  for (const [sentence, scene, members, codes] of rows) {
    it(sentence, async () => assert.deepEqual(await codesOf(scene, members), codes));
  }

  for (const bit of reserved) {
    it(`a TD with the reserved bit ${bit} of its attributes`, async () => {
      assert.deepEqual(await codesOf(attributes(bit), {}), ['reserved-attributes']);
    });
  }
});
