// Revocation within a chain: which lists are needed, whose they must be, and what they forbid.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import {
  type Case,
  crl,
  day,
  goodCrls,
  inputOf,
  keys,
  now,
  refusesChain,
  withCrls,
} from '../testing/chain-fixture.js';
import { verifyChain, verifyCrl } from './chain.js';
import type { Crl } from './crl.js';

const rows: readonly (readonly [string, EvidenceErrorCode, Case])[] = [
  [
    'a revoked leaf',
    'certificate-revoked',
    withCrls(
      crl('root'),
      crl('middle', {
        revoked: [{ serial: 3, date: now }],
      }),
    ),
  ],
  [
    'a leaf whose revocation is dated in the future',
    'certificate-revoked',
    withCrls(crl('root'), crl('middle', { revoked: [{ serial: 3, date: day('2030-01-01') }] })),
  ],
  [
    'a revoked intermediate',
    'certificate-revoked',
    withCrls(
      crl('middle'),
      crl('root', {
        revoked: [
          { serial: 1, date: now },
          { serial: 2, date: now },
        ],
      }),
    ),
  ],
  [
    'a leaf that the second of two lists revokes',
    'certificate-revoked',
    withCrls(...goodCrls, crl('middle', { revoked: [{ serial: 3, date: now }] })),
  ],
  ['no CRL at all', 'crl-missing', withCrls()],
  ['no CRL of the root', 'crl-missing', withCrls(crl('middle'))],
  ['no CRL of the intermediate', 'crl-missing', withCrls(crl('root'))],
  [
    'a CRL signed by another key',
    'crl-invalid',
    withCrls(
      crl('root'),
      crl('middle', {
        signingKey: keys.other.privateKey,
      }),
    ),
  ],
  [
    'a CRL with a signature of another kind',
    'crl-invalid',
    withCrls(
      crl('root'),
      crl('middle', {
        signingKey: keys.rsa.privateKey,
        signatureAlgorithm: 'rsa-pss-sha384',
      }),
    ),
  ],
  [
    'a CRL of the intermediate signed by the root',
    'crl-invalid',
    withCrls(crl('root'), crl('middle', { signingKey: keys.root.privateKey })),
  ],
  [
    'a CRL by an issuer who may not sign CRLs',
    'crl-invalid',
    {
      changes: {
        middle: {
          keyUsageBits: 0x04,
        },
      },
    },
  ],
  [
    'an expired CRL',
    'crl-expired',
    withCrls(
      crl('middle'),
      crl('root', {
        nextUpdate: day('2025-05-31'),
      }),
    ),
  ],
  [
    'a CRL of the future',
    'crl-not-yet-valid',
    withCrls(
      crl('root'),
      crl('middle', {
        thisUpdate: day('2025-06-02'),
      }),
    ),
  ],
];

for (const [what, code, change] of rows) {
  test(`refuses ${what}`, () => refusesChain(code, inputOf(change)));
}

test('with CRLs for intermediates, the leaf is still looked up if a list is there', async () => {
  const crls = [crl('root'), crl('middle', { revoked: [{ serial: 3, date: now }] })];
  const requiredFor = 'intermediates';
  const only = { kind: 'crls', crls: crls.slice(0, 1), requiredFor } as const;
  const result = await verifyChain(inputOf({ input: { revocation: only } }));
  assert.equal(result.revocationChecked, true);
  const both = { kind: 'crls', crls, requiredFor } as const;
  await refusesChain('certificate-revoked', inputOf({ input: { revocation: both } }));
  const none = { kind: 'crls', crls: [], requiredFor } as const;
  await refusesChain('crl-missing', inputOf({ input: { revocation: none } }));
});

test('a chain that needs no list, and was given none, was not looked up', async () => {
  const [, ...chain] = inputOf({}).chain;
  const look = async (crls: Crl[]) => {
    const revocation = { kind: 'crls', crls, requiredFor: 'intermediates' } as const;
    return (await verifyChain(inputOf({ input: { chain, revocation } }))).revocationChecked;
  };
  assert.equal(await look([]), false);
  assert.equal(await look([crl('root')]), true);
});

test('a CRL of another issuer is refused, whoever signed it', async () => {
  const { chain } = inputOf({});
  const [, , root] = chain;
  assert.ok(root);
  const renamed = crl('root', { issuer: { CN: 'Root' } });
  await assert.rejects(
    verifyCrl(renamed, root, { now, provider: nodeProvider }),
    (error) => error instanceof EvidenceError && error.code === 'crl-invalid',
  );
  await verifyCrl(crl('root'), root, { now, provider: nodeProvider });
});
