// Algorithm identifiers and versions that are refused by name.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { certificateDerLimits, DerReader } from '../encoding/der.js';
import { decodeHex } from '../encoding/hex.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { derExplicit, derInteger, derNull, derOid, derSequence } from '../testing/der-writer.js';
import { mintCertificate, mintCrl } from '../testing/x509.js';
import { readSignatureAlgorithm } from './algorithm.js';
import { parseCertificate } from './certificate.js';
import { parseCrl } from './crl.js';

const sha1 = '1.3.14.3.2.26';
const sha256 = '2.16.840.1.101.3.4.2.1';
const sha384 = '2.16.840.1.101.3.4.2.2';
const hash = (oid: string) => derSequence(derOid(oid), derNull());
const mask = (oid: string, generator = '1.2.840.113549.1.1.8') =>
  derExplicit(1, derSequence(derOid(generator), hash(oid)));
const salt = (length: number) => derExplicit(2, derInteger(length));
const pss = (...parts: Uint8Array[]) =>
  derSequence(derOid('1.2.840.113549.1.1.10'), derSequence(...parts));

function read(identifier: Uint8Array) {
  const reader = DerReader.open(identifier, 'test', certificateDerLimits);
  return readSignatureAlgorithm(reader.sequence('algorithm'));
}

function refuses(code: EvidenceErrorCode, work: () => unknown): void {
  assert.throws(work, (error) => error instanceof EvidenceError && error.code === code);
}

test('reads RSA-PSS with its default trailer left out or stated', () => {
  const parts = [derExplicit(0, hash(sha384)), mask(sha384), salt(48)];
  const expected = { scheme: 'rsa-pss', digest: 'sha384' };
  assert.deepEqual(read(pss(...parts)), expected);
  assert.deepEqual(read(pss(...parts, derExplicit(3, derInteger(1)))), expected);
});

const good = derExplicit(0, hash(sha384));
const rows: readonly (readonly [string, Uint8Array])[] = [
  ['SHA-1 with RSA', derSequence(derOid('1.2.840.113549.1.1.5'), derNull())],
  ['MD5 with RSA', derSequence(derOid('1.2.840.113549.1.1.4'), derNull())],
  ['ECDSA with SHA-1', derSequence(derOid('1.2.840.10045.4.1'))],
  ['Ed25519', derSequence(derOid('1.3.101.112'))],
  ['RSA-PSS with every default', pss()],
  ['RSA-PSS with its default mask', pss(good, salt(48))],
  ['RSA-PSS with SHA-1', pss(derExplicit(0, hash(sha1)), mask(sha1), salt(20))],
  ['RSA-PSS with two hashes', pss(good, mask(sha256), salt(48))],
  ['RSA-PSS with another mask', pss(good, mask(sha384, '1.2.3'), salt(48))],
  ['RSA-PSS with its default salt', pss(good, mask(sha384))],
  ['RSA-PSS with a salt of 32 for SHA-384', pss(good, mask(sha384), salt(32))],
  [
    'RSA-PSS with another trailer',
    pss(good, mask(sha384), salt(48), derExplicit(3, derInteger(2))),
  ],
];
for (const [what, identifier] of rows) {
  test(`refuses ${what}`, () => refuses('unsupported-algorithm', () => read(identifier)));
}

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const times = { thisUpdate: new Date(0), nextUpdate: new Date(1e9) };
const crl = {
  issuer: { CN: 'x' },
  ...times,
  revoked: [],
  signingKey: privateKey,
  signatureAlgorithm: 'ecdsa-p256-sha256',
} as const;

/** Replaces the first occurrence. Parsing looks at no signature, so it stays as it was. */
function patched(der: Uint8Array, from: string, to: string): Uint8Array {
  const at = Buffer.from(der).indexOf(Buffer.from(decodeHex(from)));
  assert.ok(at >= 0);
  const copy = new Uint8Array(der);
  copy.set(decodeHex(to), at);
  return copy;
}

test('refuses versions other than certificate 3 and CRL 2', () => {
  const certificate = mintCertificate({
    subject: { CN: 'x' },
    issuer: { CN: 'x' },
    serial: 9,
    notBefore: new Date(0),
    notAfter: new Date(1e9),
    publicKey,
    signingKey: privateKey,
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ca: false,
  });
  for (const version of ['00', '01', '03']) {
    const changed = patched(certificate, 'a003020102', `a0030201${version}`);
    refuses('unsupported-version', () => parseCertificate(changed));
  }
  refuses('unsupported-version', () => parseCrl(patched(mintCrl(crl), '020101', '020102')));
});

test('refuses a CRL that names two signature algorithms', () => {
  const oid = '06082a8648ce3d040302';
  const changed = patched(mintCrl(crl), oid, '06082a8648ce3d040303');
  refuses('malformed', () => parseCrl(changed));
});

test('refuses a CRL of 50,001 entries, and one with a number of 21 bytes', () => {
  const date = new Date(0);
  const revoked = Array.from({ length: 50_001 }, (_, serial) => ({ serial, date }));
  refuses('malformed', () => parseCrl(mintCrl({ ...crl, revoked })));
  assert.equal(parseCrl(mintCrl({ ...crl, revoked: revoked.slice(1) })).revoked.size, 50_000);
  assert.equal(parseCrl(mintCrl({ ...crl, number: 1 })).number, '01');
  refuses('malformed', () => parseCrl(mintCrl({ ...crl, number: 1n << 170n })));
});
