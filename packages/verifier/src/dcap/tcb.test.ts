// The status algorithm on its own: numbers in, verdict out.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EvidenceError } from '../errors.js';
import { type TcbStatus, tcbStatuses } from '../types.js';
import { evaluateTdxTcb, type TdxModuleState } from './tcb.js';
import type { SvnLevel, TcbInfo, TcbLevel } from './tcb-info.js';

const zeros = (length: number): Uint8Array => new Uint8Array(length);
const sixteen = (...first: number[]): number[] => [...first, ...Array(16 - first.length).fill(0)];
const date = '2025-05-14T00:00:00Z';

function svnLevel(isvSvn: number, status: TcbStatus, ...advisories: string[]): SvnLevel {
  return { isvSvn, status, date, advisories };
}

function level(
  sgx: number[],
  pceSvn: number,
  tdx: number[],
  status: TcbStatus,
  ...advisories: string[]
): TcbLevel {
  return {
    sgxComponents: sixteen(...sgx),
    pceSvn,
    tdxComponents: sixteen(...tdx),
    status,
    date,
    advisories,
  };
}

const identity = { mrSigner: zeros(48), attributes: zeros(8), attributesMask: zeros(8).fill(255) };

function info(levels: readonly TcbLevel[], moduleLevels: readonly SvnLevel[]): TcbInfo {
  return {
    version: 3,
    id: 'TDX',
    issueDate: new Date(0),
    nextUpdate: new Date(0),
    fmspc: zeros(6),
    pceId: zeros(2),
    evaluationNumber: 1,
    tdxModule: identity,
    tdxModuleIdentities: [
      { id: 'TDX_03', ...identity, levels: [svnLevel(9, 'UpToDate')] },
      { id: 'TDX_01', ...identity, levels: moduleLevels },
    ],
    levels,
  };
}

function state(teeTcbSvn: number[], teeTcbSvn2: number[] | null = null): TdxModuleState {
  return {
    teeTcbSvn: Uint8Array.from(sixteen(...teeTcbSvn)),
    teeTcbSvn2: teeTcbSvn2 === null ? null : Uint8Array.from(sixteen(...teeTcbSvn2)),
    mrSignerSeam: zeros(48),
    seamAttributes: zeros(8),
  };
}

const platform = { sgxComponents: sixteen(3, 3, 2), pceSvn: 11 };
const qe = [svnLevel(4, 'UpToDate'), svnLevel(2, 'OutOfDate', 'Q'), svnLevel(1, 'Revoked')];
const module = [svnLevel(5, 'UpToDate'), svnLevel(3, 'OutOfDate', 'M'), svnLevel(1, 'Revoked')];
const ladder = [
  level([3, 3, 3], 11, [5, 0, 3], 'UpToDate', 'A'),
  level([3, 3, 2], 11, [5, 0, 2], 'SWHardeningNeeded', 'B'),
  level([2, 2, 2], 5, [3, 0, 2], 'OutOfDate', 'C'),
];

describe('evaluateTdxTcb matches', () => {
  const rows: [string, TdxModuleState, typeof platform, TcbStatus, string[]][] = [
    [
      'the first level that all components reach',
      state([5, 1, 2]),
      platform,
      'SWHardeningNeeded',
      ['B'],
    ],
    [
      'a lower level when one SGX component is lower',
      state([5, 1, 2]),
      { ...platform, sgxComponents: sixteen(9, 2, 9) },
      'OutOfDate',
      ['C'],
    ],
    [
      'a lower level when the PCESVN is lower',
      state([5, 1, 2]),
      { ...platform, pceSvn: 10 },
      'OutOfDate',
      ['C'],
    ],
    [
      'the highest level',
      state([5, 1, 3]),
      { ...platform, sgxComponents: sixteen(3, 3, 3) },
      'UpToDate',
      ['A'],
    ],
    [
      'TDX and SGX parts apart, and unites their advisories',
      state([5, 1, 2]),
      { ...platform, sgxComponents: sixteen(3, 3, 3) },
      'SWHardeningNeeded',
      ['A', 'B'],
    ],
    [
      'components 0 and 1 too for the module of TDX 1.0',
      state([4, 0, 2]),
      platform,
      'OutOfDate',
      ['B', 'C'],
    ],
    [
      'not components 0 and 1 for later modules',
      state([9, 3, 2]),
      platform,
      'SWHardeningNeeded',
      ['B'],
    ],
  ];
  for (const [name, tee, pck, status, advisories] of rows) {
    it(name, () => {
      const verdict = evaluateTdxTcb(info(ladder, module), pck, tee, 4, qe);
      assert.equal(verdict.status, status);
      assert.deepEqual(verdict.advisories, advisories);
    });
  }
});

describe('evaluateTdxTcb converges', () => {
  const rows: [string, TcbStatus, number, number, TcbStatus][] = [
    ['everything up to date', 'UpToDate', 5, 4, 'UpToDate'],
    ['an old module into an up-to-date platform', 'UpToDate', 3, 4, 'OutOfDate'],
    ['an old quoting enclave into an up-to-date platform', 'UpToDate', 5, 2, 'OutOfDate'],
    ['an old module into SWHardeningNeeded', 'SWHardeningNeeded', 3, 4, 'OutOfDate'],
    ['an old quoting enclave into SWHardeningNeeded', 'SWHardeningNeeded', 5, 2, 'OutOfDate'],
    [
      'an old module into ConfigurationNeeded',
      'ConfigurationNeeded',
      3,
      4,
      'OutOfDateConfigurationNeeded',
    ],
    [
      'an old enclave into ConfigurationNeeded',
      'ConfigurationNeeded',
      5,
      2,
      'OutOfDateConfigurationNeeded',
    ],
    [
      'an old enclave into ConfigurationAndSWHardeningNeeded',
      'ConfigurationAndSWHardeningNeeded',
      5,
      3,
      'OutOfDateConfigurationNeeded',
    ],
    ['old parts into OutOfDate', 'OutOfDate', 3, 2, 'OutOfDate'],
    [
      'old parts into OutOfDateConfigurationNeeded',
      'OutOfDateConfigurationNeeded',
      3,
      2,
      'OutOfDateConfigurationNeeded',
    ],
  ];
  for (const [name, status, moduleSvn, qeSvn, expected] of rows) {
    it(name, () => {
      const levels = [level([3, 3, 2], 11, [0, 0, 2], status)];
      const verdict = evaluateTdxTcb(
        info(levels, module),
        platform,
        state([moduleSvn, 1, 2]),
        qeSvn,
        qe,
      );
      assert.equal(verdict.status, expected);
    });
  }

  it('advisories of module and quoting enclave too', () => {
    const verdict = evaluateTdxTcb(info(ladder, module), platform, state([3, 1, 2]), 2, qe);
    assert.deepEqual(verdict.advisories, ['B', 'M', 'Q']);
  });
});

describe('evaluateTdxTcb advises a relaunch', () => {
  const upToDate = [level([3, 3, 2], 11, [5, 0, 2], 'UpToDate')];
  const configuration = [level([3, 3, 2], 11, [5, 0, 2], 'ConfigurationNeeded')];
  const rows: [string, readonly TcbLevel[], TdxModuleState, number, TcbStatus][] = [
    [
      'when the module now loaded is the latest',
      upToDate,
      state([3, 1, 2], [5, 1, 2]),
      4,
      'TDRelaunchAdvised',
    ],
    [
      'and configuration when the platform needs it',
      configuration,
      state([3, 1, 2], [5, 1, 2]),
      4,
      'TDRelaunchAdvisedConfigurationNeeded',
    ],
    [
      'when it is the latest of another version',
      upToDate,
      state([3, 1, 2], [9, 3, 2]),
      4,
      'TDRelaunchAdvised',
    ],
    [
      'not when the loaded module is old too',
      upToDate,
      state([3, 1, 2], [4, 1, 2]),
      4,
      'OutOfDate',
    ],
    [
      'not when microcode of the module is old',
      upToDate,
      state([3, 1, 2], [5, 1, 1]),
      4,
      'OutOfDate',
    ],
    ['not when the quoting enclave is old', upToDate, state([3, 1, 2], [5, 1, 2]), 2, 'OutOfDate'],
    ['not in TD 1.0 reports', upToDate, state([3, 1, 2]), 4, 'OutOfDate'],
    ['not when the module is up to date', upToDate, state([5, 1, 2], [5, 1, 2]), 4, 'UpToDate'],
    [
      'not when the platform itself is old',
      [level([9], 11, [5, 0, 2], 'UpToDate'), level([3], 11, [5, 0, 2], 'OutOfDate')],
      state([3, 1, 2], [5, 1, 2]),
      4,
      'OutOfDate',
    ],
  ];
  for (const [name, levels, tee, qeSvn, expected] of rows) {
    it(name, () => {
      assert.equal(evaluateTdxTcb(info(levels, module), platform, tee, qeSvn, qe).status, expected);
    });
  }

  it('never for a loaded module that Intel does not list', () => {
    assert.throws(
      () => evaluateTdxTcb(info(upToDate, module), platform, state([3, 1, 2], [5, 7, 2]), 4, qe),
      { code: 'tdx-module-mismatch' },
    );
  });
});

describe('evaluateTdxTcb refuses', () => {
  const rows: [string, string, () => unknown][] = [
    [
      'tuples compared as numbers: 1,3,2 against 1,2,3',
      'tcb-no-matching-level',
      () =>
        evaluateTdxTcb(
          info([level([1, 2, 3], 1, [], 'UpToDate')], module),
          { sgxComponents: sixteen(1, 3, 2), pceSvn: 9 },
          state([5, 1, 2]),
          4,
          qe,
        ),
    ],
    [
      'too few components',
      'tcb-no-matching-level',
      () =>
        evaluateTdxTcb(
          info(ladder, module),
          { sgxComponents: [3, 3, 3], pceSvn: 11 },
          state([5, 1, 2]),
          4,
          qe,
        ),
    ],
    [
      'a revoked SGX level above the TDX level',
      'tcb-revoked',
      () =>
        evaluateTdxTcb(
          info([level([3], 1, [9, 9, 9], 'Revoked'), level([3], 1, [], 'UpToDate')], module),
          platform,
          state([5, 1, 2]),
          4,
          qe,
        ),
    ],
    [
      'a revoked module',
      'tcb-revoked',
      () => evaluateTdxTcb(info(ladder, module), platform, state([1, 1, 2]), 4, qe),
    ],
    [
      'a revoked quoting enclave',
      'tcb-revoked',
      () => evaluateTdxTcb(info(ladder, module), platform, state([5, 1, 2]), 1, qe),
    ],
    [
      'levels about SGX',
      'tcb-no-matching-level',
      () =>
        evaluateTdxTcb(
          info(
            ladder.map((l) => ({ ...l, tdxComponents: null })),
            module,
          ),
          platform,
          state([5, 1, 2]),
          4,
          qe,
        ),
    ],
    [
      'TCB info about SGX',
      'collateral-mismatch',
      () =>
        evaluateTdxTcb(
          { ...info(ladder, module), tdxModule: null },
          platform,
          state([5, 1, 2]),
          4,
          qe,
        ),
    ],
  ];
  for (const [name, code, run] of rows) {
    it(name, () => {
      assert.throws(run, { name: 'EvidenceError', code });
    });
  }

  it('or gives a status no better than that of any part, whatever the numbers', () => {
    const status = fc.constantFrom(...tcbStatuses.filter((s) => !s.startsWith('TDRelaunch')));
    const svn = fc.integer({ min: 0, max: 4 });
    const parts = fc.record({ platform: status, module: status, qe: status, svn, svn2: svn });
    fc.assert(
      fc.property(parts, (p) => {
        const levels = [level([3], 11, [0, 0, 2], p.platform)];
        const modules = [svnLevel(p.svn, p.module)];
        const tee = state([4, 1, 2], [p.svn2, 1, 2]);
        try {
          const verdict = evaluateTdxTcb(info(levels, modules), platform, tee, 4, [
            svnLevel(0, p.qe),
          ]);
          const all = [p.platform, p.module, p.qe];
          if (verdict.status === 'UpToDate') assert.deepEqual(new Set(all), new Set(['UpToDate']));
          assert.ok(!all.includes('Revoked'));
          if (p.module !== 'UpToDate') assert.match(verdict.status, /OutOfDate|TDRelaunch/);
          if (p.qe !== 'UpToDate') assert.match(verdict.status, /OutOfDate/);
        } catch (error) {
          if (!(error instanceof EvidenceError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
