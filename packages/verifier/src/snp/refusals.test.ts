// Everything that makes verify() refuse an SEV-SNP report, one row each. Every report here is signed
// after it was made, so that the rule itself refuses it and not the signature.

import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { EvidenceErrorCode } from '../errors.js';
import { badKeys, refusesKeys } from '../testing/bad-keys.test.js';
import { derIa5String, derInteger, derNull, derOctetString } from '../testing/der-writer.js';
import { mintAmdCrl } from '../testing/snp.js';
import {
  amdOf,
  chipOf,
  day,
  flipBit,
  goodCrl,
  levels,
  newAmd,
  now,
  play,
  refusesScene,
  reportData,
  type Scene,
  stage,
  written,
} from '../testing/snp-scene.js';

const milan = amdOf('milan');
const lookAlike = newAmd();
const other = { chip: new Uint8Array(64).fill(0xd2) };
const expired = { notBefore: day('2020-01-01'), notAfter: day('2025-05-31') };
const future = { notBefore: day('2025-06-02'), notAfter: day('2040-01-01') };
const arc = '1.3.6.1.4.1.3704.1';

const extension = (oid: string, value: Uint8Array | null): Scene => ({
  key: { extensions: { [`${arc}.${oid}`]: value } },
});
const crls = (...lists: Uint8Array[]): Scene => ({
  endorsements: { revocation: { kind: 'crls', crls: lists } },
});
const list = (change: object, issuer = milan.ark) =>
  mintAmdCrl(issuer, {
    thisUpdate: day('2025-05-31'),
    nextUpdate: day('2025-07-01'),
    revoked: [],
    ...change,
  });
const binding = (expectedBinding: Uint8Array): Scene => ({ input: { expectedBinding } });
const cannotSign = newAmd({ change: { ark: { keyUsageBits: 0x04 } } });
const canSign = newAmd({ change: { ask: { keyUsageBits: 0x06 } } });
const spoiledAmd = (which: 'ark' | 'ask', change: object) => ({
  issuer: newAmd({ change: { [which]: change } }),
});
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });

type Row = readonly [sentence: string, code: EvidenceErrorCode, scene: Scene];
const rows: readonly Row[] = [
  // Signature
  [
    'a report signed by another key',
    'signature-invalid',
    {
      endorsements: {
        endorsementKey: stage({}).input.endorsements.endorsementKey,
      },
    },
  ],
  [
    'a report whose measurement was changed',
    'signature-invalid',
    {
      spoil: (report) => flipBit(report, 0x90 * 8),
    },
  ],
  [
    'a report whose debug bit was cleared',
    'signature-invalid',
    {
      report: { policy: 0xb0000n },
      spoil: (report) => flipBit(report, 0x08 * 8 + 19),
    },
  ],
  [
    'a signature of zeros',
    'signature-invalid',
    {
      spoil: (report) => Uint8Array.of(...report.subarray(0, 0x2a0), ...new Uint8Array(512)),
    },
  ],
  [
    'a signature with R and S exchanged',
    'signature-invalid',
    {
      spoil: (report) =>
        Uint8Array.of(
          ...report.subarray(0, 0x2a0),
          ...report.subarray(0x2e8, 0x330),
          ...report.subarray(0x2a0, 0x2e8),
          ...report.subarray(0x330),
        ),
    },
  ],

  // Binding
  ['another REPORT_DATA', 'binding-mismatch', binding(new Uint8Array(64))],
  [
    'a REPORT_DATA that differs in its last bit',
    'binding-mismatch',
    binding(flipBit(reportData, 511)),
  ],
  [
    'a REPORT_DATA of which only half is expected',
    'input-invalid',
    binding(reportData.subarray(0, 32)),
  ],
  ['an empty expected binding', 'input-invalid', binding(new Uint8Array())],
  [
    'an expected binding that is neither bytes nor the literal',
    'input-invalid',
    {
      input: { expectedBinding: { binding: 'skip' } as unknown as { binding: 'not-checked' } },
    },
  ],

  // Kind of key
  ['a report that says VLEK under a VCEK', 'report-signer-mismatch', written(0x48, 4)],
  [
    'a report that says VCEK under a VLEK',
    'report-signer-mismatch',
    {
      ...written(0x48, 0),
      signer: 'vlek',
    },
  ],
  [
    'a VLEK under the authority for VCEKs',
    'chain-invalid',
    {
      signer: 'vlek',
      endorsements: { authority: milan.ask.der },
    },
  ],
  [
    'a VLEK signed by the authority for VCEKs',
    'chain-invalid',
    {
      signer: 'vlek',
      endorsements: { authority: milan.ask.der },
      key: { change: { issuer: milan.ask.name, signingKey: milan.ask.privateKey } },
    },
  ],
  [
    'a VCEK signed by the authority for VLEKs',
    'chain-invalid',
    {
      endorsements: { authority: milan.asvk.der },
      key: { change: { issuer: milan.asvk.name, signingKey: milan.asvk.privateKey } },
    },
  ],
  ['an authority in place of a key', 'chain-invalid', { key: { change: { ca: true } } }],
  ['a VCEK without a HWID', 'chain-invalid', extension('4', null)],
  ['a VCEK with a CSP id', 'chain-invalid', extension('5', derIa5String('CN=x'))],
  ['a VLEK without a CSP id', 'chain-invalid', { ...extension('5', null), signer: 'vlek' }],
  [
    'a VLEK with a HWID',
    'chain-invalid',
    {
      ...extension('4', chipOf('milan')),
      signer: 'vlek',
    },
  ],
  ['a key on P-256', 'public-key-invalid', { key: { change: { publicKey: p256.publicKey } } }],

  // Chip, TCB, product
  ['the key of another chip', 'chip-mismatch', { key: { hwid: other.chip } }],
  ['a chip id that is only the start of the HWID', 'chip-mismatch', written(0x1a0 + 63, 0)],
  [
    'a Turin chip id with more than 8 bytes',
    'chip-mismatch',
    {
      ...written(0x1a8, 1),
      product: 'turin',
    },
  ],
  ['a Milan HWID of 8 bytes', 'chain-invalid', extension('4', new Uint8Array(8))],
  [
    'a Turin HWID of 64 bytes',
    'chain-invalid',
    {
      ...extension('4', new Uint8Array(64)),
      product: 'turin',
    },
  ],
  [
    'a HWID in the wrong type',
    'malformed',
    extension('4', Uint8Array.of(5, 64, ...new Uint8Array(64))),
  ],
  [
    'a key for a newer bootloader',
    'tcb-mismatch',
    { key: { levels: { ...levels, bootloader: 5 } } },
  ],
  [
    'a key for an older microcode',
    'tcb-mismatch',
    { key: { levels: { ...levels, microcode: 1 } } },
  ],
  [
    'a Turin key for another FMC',
    'tcb-mismatch',
    {
      product: 'turin',
      key: { levels: { ...levels, fmc: 0 } },
    },
  ],
  ['a key without its SNP level', 'chain-invalid', extension('3.3', null)],
  [
    'a Turin key without its FMC level',
    'chain-invalid',
    {
      ...extension('3.9', null),
      product: 'turin',
    },
  ],
  ['a Milan key with an FMC level', 'chain-invalid', extension('3.9', derInteger(0))],
  ['a key with a reserved level', 'chain-invalid', extension('3.5', derInteger(1))],
  ['a key with a level of 256', 'chain-invalid', extension('3.8', derInteger(256))],
  [
    'a key with a level of another type',
    'malformed',
    extension('3.8', derOctetString(Uint8Array.of(219))),
  ],
  [
    'a key with more after its level',
    'chain-invalid',
    extension('3.8', Uint8Array.of(...derInteger(219), ...derNull())),
  ],
  ['a Genoa report under the Milan chain', 'product-mismatch', written(0x188, 0x19, 0x11)],
  [
    'a Milan report under the Genoa chain',
    'product-mismatch',
    {
      ...written(0x188, 0x19, 0x01),
      product: 'genoa',
    },
  ],
  [
    'a version 2 report under the Turin chain',
    'product-mismatch',
    {
      version: 2,
      product: 'turin',
      report: { levels: {} },
    },
  ],
  ['a Genoa key under the Milan chain', 'product-mismatch', { key: { productName: 'Genoa' } }],
  ['a key of a product not known', 'product-mismatch', { key: { productName: 'Venice-A0' } }],
  ['a key without a product name', 'chain-invalid', extension('2', null)],

  // Chain
  [
    'a look-alike root of the same name',
    'chain-untrusted',
    {
      issuer: lookAlike,
      input: { roots: stage({}).input.roots },
      endorsements: {
        authority: lookAlike.ark.der,
      },
    },
  ],
  [
    'an authority under a look-alike root',
    'chain-invalid',
    {
      issuer: lookAlike,
      input: { roots: stage({}).input.roots },
    },
  ],
  [
    'the chain of Genoa when Milan is trusted',
    'chain-untrusted',
    {
      product: 'genoa',
      input: { roots: stage({}).input.roots },
    },
  ],
  ['any chain when no root is trusted', 'chain-untrusted', { input: { roots: [] } }],
  ['the root itself as authority', 'chain-invalid', { endorsements: { authority: milan.ark.der } }],
  [
    'a key signed by the root',
    'chain-invalid',
    {
      endorsements: { authority: milan.ark.der },
      key: { change: { issuer: milan.ark.name, signingKey: milan.ark.privateKey } },
    },
  ],
  [
    'a certificate where a key of another name is',
    'chain-invalid',
    {
      key: { change: { subject: { CN: 'SEV-VCEK-2' } } },
    },
  ],
  [
    'a key certificate that is not DER',
    'malformed',
    {
      endorsements: {
        endorsementKey: new Uint8Array(100),
      },
    },
  ],
  ['an authority with path length exceeded', 'chain-invalid', spoiledAmd('ark', { pathLength: 0 })],
  ['an authority that is no CA', 'chain-invalid', spoiledAmd('ask', { ca: false })],
  [
    'a key with an unknown critical extension',
    'chain-invalid',
    {
      key: {
        change: {
          extensions: [{ oid: '1.2.3', critical: true, value: derNull() }],
        },
      },
    },
  ],
  ['an expired key', 'certificate-expired', { key: expired }],
  ['an expired authority', 'certificate-expired', spoiledAmd('ask', expired)],
  ['an expired root', 'certificate-expired', spoiledAmd('ark', expired)],
  ['a key of the future', 'certificate-not-yet-valid', { key: future }],
  ['an authority of the future', 'certificate-not-yet-valid', spoiledAmd('ask', future)],
  ['a root of the future', 'certificate-not-yet-valid', spoiledAmd('ark', future)],

  // Revocation
  [
    'a revoked authority',
    'certificate-revoked',
    crls(list({ revoked: [{ serial: 0x10001, date: now }] })),
  ],
  [
    'a revoked authority for VLEKs',
    'certificate-revoked',
    {
      ...crls(list({ revoked: [{ serial: 0x10101, date: now }] })),
      signer: 'vlek',
    },
  ],
  [
    'a key that its authority revoked',
    'certificate-revoked',
    {
      ...crls(goodCrl(canSign), list({ revoked: [{ serial: 0, date: now }] }, canSign.ask)),
      issuer: canSign,
    },
  ],
  ['no CRL', 'crl-missing', crls()],
  ['a CRL of another product', 'crl-missing', crls(goodCrl(amdOf('genoa')))],
  ['a CRL by a look-alike root', 'crl-invalid', crls(goodCrl(lookAlike))],
  ['a CRL by a root that may not sign any', 'crl-invalid', { issuer: cannotSign }],
  [
    'a CRL by an authority that may not sign any',
    'crl-invalid',
    crls(goodCrl(milan), list({}, milan.ask)),
  ],
  ['an expired CRL', 'crl-expired', crls(list({ nextUpdate: day('2025-05-31') }))],
  ['a CRL of the future', 'crl-not-yet-valid', crls(list({ thisUpdate: day('2025-06-02') }))],
  ['a CRL that is not DER', 'malformed', crls(new Uint8Array(50))],
  ['nine CRLs', 'crl-invalid', crls(...Array.from({ length: 9 }, () => goodCrl(milan)))],
];

for (const [sentence, code, scene] of rows) {
  test(`refuses ${sentence}`, () => refusesScene(code, scene));
}

refusesKeys('an endorsement key', badKeys, p384.publicKey, async ({ spki }, provider) =>
  play({ key: { change: { publicKey: spki } }, input: { provider } }),
);
