// What parsing alone refuses in an SEV-SNP report. Every report here is signed after it was made, so
// that the rule itself refuses it and not the signature.

import { test } from 'node:test';
import type { EvidenceErrorCode } from '../errors.js';
import { flipBit, refusesScene, type Scene, written } from '../testing/snp-scene.js';

type Row = readonly [sentence: string, code: EvidenceErrorCode, scene: Scene];
const rows: readonly Row[] = [
  ['a report of version 1', 'unsupported-version', written(0, 1)],
  ['a report of version 0', 'unsupported-version', written(0, 0)],
  ['a report that names another signature algorithm', 'unsupported-algorithm', written(0x34, 2)],
  ['a report that the host asked for', 'report-not-from-guest', written(0x30, 255, 255, 255, 255)],
  ['a report from VMPL 4', 'report-not-from-guest', written(0x30, 4)],
  ['a report that says nothing signed it', 'signature-invalid', written(0x48, 7 << 2)],
  ['a report with a reserved kind of signing key', 'reserved-bits', written(0x48, 2 << 2)],
  ['a report with reserved key information', 'reserved-bits', written(0x48, 0x20)],
  ['a report with the reserved word at 0x4C set', 'reserved-bits', written(0x4c, 1)],
  ['a policy whose bit 17 is 0', 'reserved-bits', { report: { policy: 0x10000n } }],
  ['a policy with bit 26 set', 'reserved-bits', { report: { policy: 0x30000n | (1n << 26n) } }],
  ['a policy with bit 63 set', 'reserved-bits', { report: { policy: 0x30000n | (1n << 63n) } }],
  ['a version 2 report with CPUID', 'reserved-bits', { ...written(0x188, 0x19), version: 2 }],
  ['a version 3 report with bytes after CPUID', 'reserved-bits', written(0x18b, 1)],
  ['a version 3 report with mitigation vectors', 'reserved-bits', written(0x1f8, 1)],
  [
    'a version 5 report with more after them',
    'reserved-bits',
    { ...written(0x208, 1), version: 5 },
  ],
  [
    'a version 6 report that uses reserved bytes',
    'reserved-bits',
    {
      report: {
        version: 5,
        overwrite: [
          { offset: 0, bytes: Uint8Array.of(6) },
          { offset: 0x29f, bytes: Uint8Array.of(1) },
        ],
      },
    },
  ],
  ['a REPORTED_TCB with reserved bytes', 'reserved-bits', written(0x182, 1)],
  ['a CURRENT_TCB with reserved bytes', 'reserved-bits', written(0x3a, 1)],
  ['a COMMITTED_TCB with reserved bytes', 'reserved-bits', written(0x1e5, 1)],
  ['a LAUNCH_TCB with reserved bytes', 'reserved-bits', written(0x1f3, 1)],
  ['a firmware version with its reserved byte', 'reserved-bits', written(0x1eb, 1)],
  [
    'a Turin TCB with its reserved bytes',
    'reserved-bits',
    {
      ...written(0x184, 1),
      product: 'turin',
    },
  ],
  ['bytes after the signature', 'reserved-bits', { spoil: (report) => flipBit(report, 9000) }],
  [
    'a signature number of more than 48 bytes',
    'malformed',
    {
      spoil: (report) => flipBit(report, (0x2a0 + 50) * 8),
    },
  ],
  [
    'a report with a byte too many',
    'trailing-data',
    {
      spoil: (report) => Uint8Array.of(...report, 0),
    },
  ],
  [
    'a report in a page of zeros',
    'trailing-data',
    {
      spoil: (report) => Uint8Array.of(...report, ...new Uint8Array(2912)),
    },
  ],
  ['a report with a byte missing', 'malformed', { spoil: (report) => report.subarray(0, 1183) }],
  ['an empty report', 'malformed', { spoil: () => new Uint8Array() }],
  ['a processor of a family not known', 'unsupported-product', written(0x188, 0x17, 0x31)],
  ['a processor of a model not known', 'unsupported-product', written(0x188, 0x19, 0x50)],
];

for (const [sentence, code, scene] of rows) {
  test(`refuses ${sentence}`, () => refusesScene(code, scene));
}
