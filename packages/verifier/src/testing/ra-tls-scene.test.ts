// A certificate for one key, with any extensions. Holds no test of its own: the name keeps it out of the published
// package.

import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { good } from './dcap-scene.test.js';
import { mintTdxQuote } from './tdx-quote.js';
import { type MintedExtension, mintCertificate } from './x509.js';

export const spkiOf = (of: KeyObject) => new Uint8Array(of.export({ type: 'spki', format: 'der' }));
export const hash = (algorithm: string, data: Uint8Array) =>
  new Uint8Array(createHash(algorithm).update(data).digest());

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const spki = spkiOf(key.publicKey);

export function certificate(...extensions: MintedExtension[]): Uint8Array {
  return mintCertificate({
    subject: { CN: 'RATLS' },
    issuer: { CN: 'RATLS' },
    serial: 1,
    notBefore: new Date('2001-01-01'),
    notAfter: new Date('2030-12-31'),
    publicKey: key.publicKey,
    signingKey: key.privateKey,
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ca: 'bare',
    extensions,
  });
}

export const quoteFor = (reportData: Uint8Array) =>
  mintTdxQuote(good, { version: 5, report: { reportData } });
