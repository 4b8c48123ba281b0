// What RFC 5280 says a certificate or CRL must look like, beyond names, times and signatures: key
// identifiers, rights that contradict each other, extensions that take rights away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceErrorCode } from '../errors.js';
import {
  type Case,
  crl,
  goodCrls,
  inputOf,
  mint,
  refusesChain,
  withCrls,
} from '../testing/chain-fixture.js';
import {
  der,
  derBitString,
  derBoolean,
  derInteger,
  derNull,
  derOctetString,
  derSequence,
} from '../testing/der-writer.js';
import { derName, type MintedExtension } from '../testing/x509.js';
import { parseCertificate } from './certificate.js';
import { verifyChain } from './chain.js';

const keyId = (byte: number) => new Uint8Array(20).fill(byte);
const subjectKey = (byte: number): MintedExtension => ({
  oid: '2.5.29.14',
  value: derOctetString(keyId(byte)),
});
const authorityKey = (...parts: readonly Uint8Array[]): MintedExtension => ({
  oid: '2.5.29.35',
  value: derSequence(...parts),
});
const byKey = (byte: number) => authorityKey(der(0x80, keyId(byte)));
const byName = (name: string, serial: number) =>
  authorityKey(der(0xa1, der(0xa4, derName({ CN: name }))), der(0x82, Uint8Array.of(serial)));
const basicConstraints = (critical: boolean, ...parts: readonly Uint8Array[]): MintedExtension => ({
  oid: '2.5.29.19',
  critical,
  value: derSequence(...parts),
});
const keyUsage = (bits: number): MintedExtension => ({
  oid: '2.5.29.15',
  critical: true,
  value: bits === 0 ? derBitString(new Uint8Array()) : derBitString(Uint8Array.of(bits), 0),
});
const ca = derBoolean(true);
const middle = (...extensions: readonly MintedExtension[]): Case => ({
  changes: { middle: { ca: 'bare', extensions } },
});
const leaf = (...extensions: readonly MintedExtension[]): Case => ({
  changes: { leaf: { ca: 'bare', extensions } },
});

test('accepts key identifiers that fit, by key and by name, in certificates and CRLs', async () => {
  const withKeys: Case = {
    changes: {
      middle: { extensions: [subjectKey(2), byName('root', 1)] },
      leaf: { extensions: [byKey(2)] },
    },
  };
  await verifyChain(inputOf(withKeys));
  await verifyChain(inputOf({ ...withKeys, ...withCrls(...goodCrls) }));
  const lists = [crl('root', { extensions: [byName('root', 1)] }), crl('middle')];
  await verifyChain(inputOf(withCrls(...lists)));
});

test('accepts a key identifier where the issuer states none', async () => {
  await verifyChain(inputOf(leaf(byKey(9))));
});

const rows: readonly (readonly [string, EvidenceErrorCode, Case])[] = [
  [
    'a leaf that names another key of its issuer',
    'chain-invalid',
    { changes: { middle: { extensions: [subjectKey(2)] }, leaf: { extensions: [byKey(3)] } } },
  ],
  [
    'a leaf that names another serial number of its issuer',
    'chain-invalid',
    leaf(byName('root', 3)),
  ],
  [
    'a leaf that names another issuer of its issuer',
    'chain-invalid',
    leaf(byName('someone else', 2)),
  ],
  [
    'an intermediate that names another serial of the root',
    'chain-invalid',
    middle(byName('root', 7)),
  ],
  ['a CA without keyUsage', 'chain-invalid', middle(basicConstraints(true, ca))],
  [
    'a CA that is one only for those who look',
    'chain-invalid',
    middle(basicConstraints(false, ca), keyUsage(0x06)),
  ],
  [
    'a leaf that says to be a CA without a right',
    'chain-invalid',
    leaf(basicConstraints(true, ca)),
  ],
  [
    'a leaf that may sign certificates and is no CA',
    'chain-invalid',
    leaf(basicConstraints(true), keyUsage(0x04)),
  ],
  [
    'a leaf with a path length that is no CA',
    'chain-invalid',
    leaf(basicConstraints(true, derInteger(0)), keyUsage(0x80)),
  ],
  ['a leaf whose key may be used for nothing', 'chain-invalid', leaf(keyUsage(0))],
  [
    'an intermediate with name constraints, critical or not',
    'chain-invalid',
    { changes: { middle: { extensions: [{ oid: '2.5.29.30', value: derSequence() }] } } },
  ],
  [
    'a leaf that is a proxy certificate, critical or not',
    'chain-invalid',
    leaf({ oid: '1.3.6.1.5.5.7.1.14', value: derSequence() }),
  ],
  [
    'a CRL that names another serial number of its issuer',
    'crl-invalid',
    withCrls(crl('root', { extensions: [byName('root', 2)] }), crl('middle')),
  ],
  [
    'a root that revokes itself',
    'certificate-revoked',
    withCrls(
      crl('root', { revoked: [{ serial: 1, date: new Date('2025-01-01T00:00:00Z') }] }),
      crl('middle'),
    ),
  ],
];

for (const [what, code, change] of rows) {
  test(`refuses ${what}`, () => refusesChain(code, inputOf(change)));
}

for (const [what, oid, value] of [
  ['a delta CRL that does not say so critically', '2.5.29.27', derInteger(1)],
  ['a partitioned CRL that does not say so critically', '2.5.29.28', derSequence()],
] as const) {
  test(`refuses ${what}`, () => {
    assert.throws(() => crl('root', { extensions: [{ oid, value }] }), { code: 'crl-invalid' });
  });
}

for (const [what, extension] of [
  ['an authority key identifier that is none', { oid: '2.5.29.35', value: derNull() }],
  ['an empty key identifier', authorityKey(der(0x80))],
  ['a key identifier of 65 bytes', authorityKey(der(0x80, new Uint8Array(65)))],
  ['two issuers', authorityKey(der(0xa1, der(0xa4, derName({})), der(0xa4, derName({}))))],
  ['a subject key identifier that is none', { oid: '2.5.29.14', value: derNull() }],
] as const) {
  test(`does not read a certificate with ${what}`, () => {
    const certificate = mint('leaf', { extensions: [extension] });
    assert.throws(() => parseCertificate(certificate), { code: 'malformed' });
  });
}
