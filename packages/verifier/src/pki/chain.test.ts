// Chains: what a good one needs, and every way in which one goes bad.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceErrorCode } from '../errors.js';
import type { SignatureAlgorithm } from '../provider.js';
import { nodeProvider } from '../provider-node.js';
import { webProvider } from '../provider-web.js';
import { badKeys, refusesKeys } from '../testing/bad-keys.test.js';
import {
  type Case,
  day,
  goodRoot,
  inputOf,
  keys,
  mint,
  plain,
  refusesChain,
} from '../testing/chain-fixture.js';
import { derNull } from '../testing/der-writer.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import { mintCertificate } from '../testing/x509.js';
import { parseCertificate, parseCertificatesPem } from './certificate.js';
import { verifyChain } from './chain.js';

test('accepts a good chain with node and with WebCrypto', async () => {
  for (const provider of [nodeProvider, webProvider]) {
    const result = await verifyChain(inputOf({ input: { provider } }));
    assert.equal(result.leaf.subject.commonName, 'leaf');
    assert.equal(result.root.subject.commonName, 'root');
    assert.equal(result.path.length, 3);
    assert.equal(result.revocationChecked, true);
  }
});

test('accepts a chain that leaves its pinned root out, or whose root is pinned by key', async () => {
  const input = inputOf({});
  const without = await verifyChain({ ...input, chain: input.chain.slice(0, 2) });
  assert.equal(without.path.length, 3);
  const spki = new Uint8Array(keys.root.publicKey.export({ type: 'spki', format: 'der' }));
  await verifyChain({ ...input, trustedRoots: [{ kind: 'key', spki }] });
});

test('finds the root that signed among several of the same name', async () => {
  const chain = inputOf({}).chain.slice(0, 2);
  const imitation = mint('root', {
    publicKey: keys.other.publicKey,
    signingKey: keys.other.privateKey,
  });
  const otherKind = mint('root', {
    publicKey: keys.rsa.publicKey,
    signingKey: keys.rsa.privateKey,
    signatureAlgorithm: 'rsa-pss-sha384',
  });
  const pins = [imitation, otherKind, goodRoot].map(
    (der) => ({ kind: 'certificate', der }) as const,
  );
  const result = await verifyChain({ ...inputOf({}), chain, trustedRoots: pins });
  assert.deepEqual(result.root.raw, goodRoot);
  await refusesChain('chain-invalid', { ...inputOf({}), chain, trustedRoots: pins.slice(0, 2) });
});

test('says so when revocation was not checked', async () => {
  const result = await verifyChain(inputOf({ input: { revocation: { kind: 'not-checked' } } }));
  assert.equal(result.revocationChecked, false);
});

test('accepts the first and the last instant of validity', async () => {
  const revocation = { kind: 'not-checked' } as const;
  for (const instant of [day('2022-01-01'), day('2030-01-01')]) {
    await verifyChain(inputOf({ input: { now: instant, revocation } }));
  }
});

const outside = { notBefore: day('2010-01-01'), notAfter: day('2025-05-31') };
const future = { notBefore: day('2025-06-02'), notAfter: day('2039-01-01') };
const strange = { extensions: [{ oid: '1.2.3', critical: true, value: derNull() }] };
const expiredRoot = mint('root', outside);
const futureRoot = mint('root', future);
const strangeRoot = mint('root', strange);

const rows: readonly (readonly [string, EvidenceErrorCode, Case])[] = [
  [
    'a look-alike root of the same name',
    'chain-untrusted',
    {
      changes: {
        root: {
          publicKey: keys.other.publicKey,
          signingKey: keys.other.privateKey,
        },
      },
    },
  ],
  [
    'the same root, signed anew but not the pinned bytes',
    'chain-untrusted',
    {
      changes: {
        root: {
          serial: 7,
        },
      },
    },
  ],
  ['a root when none is pinned', 'chain-untrusted', { input: { trustedRoots: [] } }],
  [
    'a root when another key is pinned',
    'chain-untrusted',
    {
      input: {
        trustedRoots: [
          {
            kind: 'key',
            spki: new Uint8Array(91),
          },
        ],
      },
    },
  ],
  ['an empty chain', 'chain-invalid', { input: { chain: [] } }],
  [
    'an intermediate under another root key',
    'chain-invalid',
    {
      changes: {
        middle: {
          signingKey: keys.other.privateKey,
        },
      },
    },
  ],
  [
    'a leaf signed by another key',
    'chain-invalid',
    {
      changes: {
        leaf: {
          signingKey: keys.other.privateKey,
        },
      },
    },
  ],
  [
    'a leaf that names another issuer',
    'chain-invalid',
    {
      changes: {
        leaf: {
          issuer: { CN: 'Middle' },
        },
      },
    },
  ],
  [
    'an intermediate that is no CA',
    'chain-invalid',
    {
      changes: {
        middle: {
          ca: false,
        },
      },
    },
  ],
  [
    'an intermediate without basicConstraints',
    'chain-invalid',
    {
      changes: {
        middle: {
          ca: 'bare',
          keyUsageBits: 0x06,
        },
      },
    },
  ],
  [
    'an intermediate that may only sign CRLs',
    'chain-invalid',
    {
      changes: {
        middle: {
          keyUsageBits: 0x02,
        },
      },
    },
  ],
  ['a leaf with an unknown critical extension', 'chain-invalid', { changes: { leaf: strange } }],
  [
    'an intermediate with an unknown critical extension',
    'chain-invalid',
    {
      changes: {
        middle: strange,
      },
    },
  ],
  [
    'a pinned root with an unknown critical extension',
    'chain-invalid',
    { pin: strangeRoot, input: { chain: inputOf({}).chain.slice(0, 2) } },
  ],
  ['an expired leaf', 'certificate-expired', { changes: { leaf: outside } }],
  ['an expired intermediate', 'certificate-expired', { changes: { middle: outside } }],
  [
    'an expired root',
    'certificate-expired',
    {
      pin: expiredRoot,
      input: {
        chain: inputOf({}).chain.slice(0, 2),
      },
    },
  ],
  ['a leaf of the future', 'certificate-not-yet-valid', { changes: { leaf: future } }],
  ['an intermediate of the future', 'certificate-not-yet-valid', { changes: { middle: future } }],
  [
    'a root of the future',
    'certificate-not-yet-valid',
    {
      pin: futureRoot,
      input: {
        chain: inputOf({}).chain.slice(0, 2),
      },
    },
  ],
  ['a time that is none', 'input-invalid', { input: { now: new Date(Number.NaN) } }],
  [
    'an RSA signature under an EC key',
    'chain-invalid',
    {
      changes: {
        leaf: {
          signingKey: keys.rsa.privateKey,
          signatureAlgorithm: 'rsa-pss-sha384',
        },
      },
    },
  ],
  [
    'P-384 named with the digest of P-256',
    'unsupported-algorithm',
    {
      changes: {
        middle: {
          publicKey: keys.p384.publicKey,
        },
        leaf: { signingKey: keys.p384.privateKey },
      },
    },
  ],
];

for (const [what, code, change] of rows) {
  test(`refuses ${what}`, () => refusesChain(code, inputOf(change)));
}

test('refuses an intermediate below one whose path length is 0', async () => {
  const [leaf, middle, root] = inputOf({}).chain;
  assert.ok(leaf && middle && root);
  const second = parseCertificate(
    mintCertificate({
      ...plain.middle,
      subject: { CN: 'second' },
      issuer: { CN: 'middle' },
      signingKey: keys.middle.privateKey,
      publicKey: keys.other.publicKey,
    }),
  );
  const below = parseCertificate(
    mint('leaf', { issuer: { CN: 'second' }, signingKey: keys.other.privateKey }),
  );
  const revocation = { kind: 'not-checked' } as const;
  await refusesChain(
    'chain-invalid',
    inputOf({
      input: {
        chain: [below, second, middle, root],
        revocation,
      },
    }),
  );
});

test('refuses a chain of more than 8 certificates, and one in the wrong order', async () => {
  const { chain } = inputOf({});
  const long = [...chain, ...chain, ...chain];
  await assert.rejects(verifyChain(inputOf({ input: { chain: long } })), /more than 8/);
  const [leaf, middle, root] = chain;
  assert.ok(leaf && middle && root);
  await refusesChain('chain-invalid', inputOf({ input: { chain: [middle, leaf, root] } }));
  await refusesChain('chain-untrusted', inputOf({ input: { chain: [...chain].reverse() } }));
});

test('accepts P-384, and refuses a signature that is not DER', async () => {
  const change = {
    publicKey: keys.p384.publicKey,
    signingKey: keys.p384.privateKey,
    signatureAlgorithm: 'ecdsa-p384-sha384',
  } as const;
  const root = parseCertificate(mint('root', change));
  const der = mint('leaf', { ...change, issuer: { CN: 'root' } });
  const input = {
    ...inputOf({}),
    trustedRoots: [{ kind: 'certificate', der: root.raw }] as const,
    revocation: { kind: 'not-checked' } as const,
  };
  await verifyChain({ ...input, chain: [parseCertificate(der), root] });
  const leaf = parseCertificate(der);
  const signature = Uint8Array.of(0x31, ...leaf.signature.subarray(1));
  await refusesChain('chain-invalid', { ...input, chain: [{ ...leaf, signature }, root] });
});

test('accepts RSA-PSS and PKCS #1 chains', async () => {
  for (const signatureAlgorithm of [
    'rsa-pss-sha384',
    'rsa-pss-sha256',
    'rsa-pkcs1-sha256',
  ] satisfies SignatureAlgorithm[]) {
    const change = {
      publicKey: keys.rsa.publicKey,
      signingKey: keys.rsa.privateKey,
      signatureAlgorithm,
    };
    const root = parseCertificate(mint('root', change));
    const leaf = parseCertificate(mint('leaf', { ...change, issuer: { CN: 'root' } }));
    const result = await verifyChain({
      ...inputOf({}),
      chain: [leaf, root],
      trustedRoots: [{ kind: 'certificate', der: root.raw }],
      revocation: { kind: 'not-checked' },
    });
    assert.equal(result.path.length, 2);
  }
});

test('accepts the genuine AMD and Intel chains', { skip: skipWithoutVectors }, async () => {
  const paths = [
    'snp/go-sev-guest/milan-vcek-chain.pem',
    'snp/go-sev-guest/milan-vlek-chain.pem',
    'snp/confidential-sidecar/snp-v2-milan-aci.vcek-chain.pem',
    'snp/virtee-sev/turin-vcek-chain.pem',
  ];
  for (const path of paths) {
    const chain = parseCertificatesPem(readVector(path));
    const root = chain.at(-1);
    assert.ok(root);
    await verifyChain({
      ...inputOf({}),
      chain,
      trustedRoots: [{ kind: 'certificate', der: root.raw }],
      revocation: { kind: 'not-checked' },
      now: day('2026-01-01'),
    });
  }
});

for (const link of ['root', 'middle'] as const) {
  const pinned = (spki: Uint8Array) => [{ kind: 'key', spki }] as const;
  const { publicKey } = keys[link];
  refusesKeys(`a ${link} with a key`, badKeys, publicKey, async ({ spki }, provider) => {
    const input = link === 'root' ? { provider, trustedRoots: pinned(spki) } : { provider };
    return verifyChain(inputOf({ changes: { [link]: { publicKey: spki } }, input }));
  });
}
