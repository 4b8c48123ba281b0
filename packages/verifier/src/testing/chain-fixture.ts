// One good chain of three (root, middle, leaf) with its CRLs, and a way to spoil any part of it.
// For the tests of pki/ only.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { parseCertificate } from '../pki/certificate.js';
import { type VerifyChainInput, verifyChain } from '../pki/chain.js';
import { type Crl, parseCrl } from '../pki/crl.js';
import { nodeProvider } from '../provider-node.js';
import {
  type MintCertificateOptions,
  type MintCrlOptions,
  mintCertificate,
  mintCrl,
} from './x509.js';

export const day = (text: string) => new Date(`${text}T00:00:00Z`);
export const now = day('2025-06-01');

export const keys = {
  root: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  middle: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  leaf: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  other: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

export type Link = 'root' | 'middle' | 'leaf';
export type Change = Partial<MintCertificateOptions>;
const links: readonly Link[] = ['leaf', 'middle', 'root'];
export const plain: Readonly<Record<Link, MintCertificateOptions>> = {
  root: {
    subject: { CN: 'root' },
    issuer: { CN: 'root' },
    serial: 1,
    notBefore: day('2020-01-01'),
    notAfter: day('2040-01-01'),
    publicKey: keys.root.publicKey,
    signingKey: keys.root.privateKey,
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ca: true,
  },
  middle: {
    subject: { CN: 'middle' },
    issuer: { CN: 'root' },
    serial: 2,
    notBefore: day('2021-01-01'),
    notAfter: day('2035-01-01'),
    publicKey: keys.middle.publicKey,
    signingKey: keys.root.privateKey,
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ca: true,
    pathLength: 0,
  },
  leaf: {
    subject: { CN: 'leaf' },
    issuer: { CN: 'middle' },
    serial: 3,
    notBefore: day('2022-01-01'),
    notAfter: day('2030-01-01'),
    publicKey: keys.leaf.publicKey,
    signingKey: keys.middle.privateKey,
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ca: false,
  },
};

export const mint = (link: Link, change: Change = {}) =>
  mintCertificate({ ...plain[link], ...change });
export const goodRoot = mint('root');

export function crl(link: 'root' | 'middle', change: Partial<MintCrlOptions> = {}) {
  return parseCrl(
    mintCrl({
      issuer: { CN: link },
      thisUpdate: day('2025-05-01'),
      nextUpdate: day('2025-07-01'),
      revoked: [{ serial: 99, date: day('2025-01-01') }],
      signingKey: keys[link].privateKey,
      signatureAlgorithm: 'ecdsa-p256-sha256',
      ...change,
    }),
  );
}

export const goodCrls = [crl('root'), crl('middle')];

export interface Case {
  readonly changes?: Partial<Record<Link, Change>>;
  readonly input?: Partial<VerifyChainInput>;
  readonly pin?: Uint8Array;
}

export function inputOf({ changes = {}, input = {}, pin = goodRoot }: Case): VerifyChainInput {
  const chain = links.map((link) => parseCertificate(mint(link, changes[link])));
  // The root's ECDSA signature is new with each minting, so an unchanged root is the pinned one.
  if (changes.root === undefined) chain[2] = parseCertificate(goodRoot);
  return {
    chain,
    trustedRoots: [{ kind: 'certificate', der: pin }],
    revocation: { kind: 'crls', crls: goodCrls, requiredFor: 'every-link' },
    now,
    provider: nodeProvider,
    ...input,
  };
}

export const withCrls = (...crls: Crl[]) => ({
  input: { revocation: { kind: 'crls', crls, requiredFor: 'every-link' } as const },
});

export async function refusesChain(
  code: EvidenceErrorCode,
  input: VerifyChainInput,
): Promise<void> {
  await assert.rejects(verifyChain(input), (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}
