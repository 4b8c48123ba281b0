// Certificates and CRLs: genuine ones against node's reader, minted ones with each fault.

import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { equalBytes } from '../encoding/bytes.js';
import { encodePem, parsePem } from '../encoding/pem.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import {
  derBitString,
  derBoolean,
  derInteger,
  derNull,
  derOid,
  derSequence,
} from '../testing/der-writer.js';
import { assertRefusesCleanly, mutationsOf, randomBytes } from '../testing/mutation.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import { type MintCertificateOptions, mintCertificate, mintCrl } from '../testing/x509.js';
import { parsePublicKey } from './algorithm.js';
import { parseCertificate, parseCertificatesPem } from './certificate.js';
import { findRevocation, parseCrl } from './crl.js';
import { spkiOf } from './raw-key.js';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const plain: MintCertificateOptions = {
  subject: { CN: 'leaf', O: 'Example, Inc' },
  issuer: { CN: 'root' },
  serial: 0x80ff,
  notBefore: new Date('2025-01-01T00:00:00Z'),
  notAfter: new Date('2051-01-01T00:00:00Z'),
  publicKey,
  signingKey: privateKey,
  signatureAlgorithm: 'ecdsa-p256-sha256',
  ca: false,
};
const plainCrl = {
  issuer: { CN: 'root' },
  thisUpdate: new Date('2025-01-01T00:00:00Z'),
  nextUpdate: new Date('2025-02-01T00:00:00Z'),
  revoked: [{ serial: 0x80ff, date: new Date('2025-01-01T00:00:00Z') }],
  signingKey: privateKey,
  signatureAlgorithm: 'ecdsa-p256-sha256',
} as const;

function refuses(code: EvidenceErrorCode, work: () => unknown): void {
  assert.throws(work, (error) => error instanceof EvidenceError && error.code === code);
}

test('reads a minted certificate', () => {
  const der = mintCertificate({ ...plain, ca: true, pathLength: 1 });
  const certificate = parseCertificate(der);
  assert.equal(certificate.subject.text, 'CN=leaf,O=Example\\, Inc');
  assert.equal(certificate.subject.commonName, 'leaf');
  assert.equal(certificate.serial, '0080ff');
  assert.equal(certificate.notAfter.toISOString(), '2051-01-01T00:00:00.000Z');
  assert.deepEqual(certificate.basicConstraints, { ca: true, pathLength: 1 });
  assert.deepEqual([...(certificate.keyUsage ?? [])], ['keyCertSign', 'cRLSign']);
  assert.deepEqual(certificate.signatureAlgorithm, { scheme: 'ecdsa', digest: 'sha256' });
  const node = new X509Certificate(encodePem('CERTIFICATE', der));
  assert.ok(equalBytes(node.raw, certificate.raw));
  assert.ok(node.verify(publicKey));
});

test('does not change when the caller changes the input', () => {
  const der = Buffer.from(mintCertificate(plain));
  const certificate = parseCertificate(der);
  const before = Buffer.from(certificate.tbs).toString('hex');
  der.fill(0);
  assert.equal(Buffer.from(certificate.tbs).toString('hex'), before);
});

test('reads the certificate itself where node reads PEM that is inside it', () => {
  const inner = new TextEncoder().encode(
    encodePem('CERTIFICATE', mintCertificate({ ...plain, subject: { CN: 'inner' } })),
  );
  const der = mintCertificate({ ...plain, extensions: [{ oid: '1.2.3', value: inner }] });
  assert.equal(parseCertificate(der).subject.commonName, 'leaf');
});

const genuinePem = [
  'snp/go-sev-guest/milan-vcek-chain.pem',
  'snp/go-sev-guest/milan-vlek-chain.pem',
  'snp/virtee-sev/turin-vcek-chain.pem',
  'bad/intel-qvl-sample/tdx/pckSignChain.pem',
  'bad/intel-qvl-sample/tdx/pckCert.pem',
  'tpm/go-tpm-tools/gce-ak-pca-tpm-rsa-sign.pem',
];
test('agrees with node on genuine certificates', { skip: skipWithoutVectors }, () => {
  for (const path of genuinePem) {
    for (const certificate of parseCertificatesPem(readVector(path))) {
      const node = new X509Certificate(encodePem('CERTIFICATE', certificate.raw));
      assert.ok(equalBytes(node.raw, certificate.raw));
      assert.equal(BigInt(`0x${certificate.serial}`), BigInt(`0x${node.serialNumber}`));
      assert.equal(certificate.notBefore.getTime(), Date.parse(node.validFrom));
      assert.equal(certificate.notAfter.getTime(), Date.parse(node.validTo));
      assert.equal(certificate.basicConstraints?.ca ?? false, node.ca);
      const spki = node.publicKey.export({ type: 'spki', format: 'der' });
      assert.ok(equalBytes(certificate.publicKey.spki, spki));
    }
  }
});

test('reads genuine CRLs and finds their serials', { skip: skipWithoutVectors }, () => {
  const crl = parseCrl(readVector('tdx/automata/pck-platform-crl-2025-07.der'));
  assert.equal(crl.issuer.commonName, 'Intel SGX PCK Platform CA');
  assert.ok(crl.revoked.size > 40);
  for (const serial of crl.revoked.keys()) assert.ok(findRevocation(crl, serial) instanceof Date);
  assert.equal(findRevocation(crl, '01'), null);
});

const constraints = (...parts: Uint8Array[]) => ({
  oid: '2.5.29.19',
  value: derSequence(...parts),
});
const keyUsage = (...bytes: number[]) => ({
  oid: '2.5.29.15',
  value: derBitString(Uint8Array.from(bytes)),
});
const twice = { oid: '1.2.3', value: derNull() };
const many = Array.from({ length: 41 }, (_, i) => ({ oid: `1.2.${i}`, value: derNull() }));
const faults: readonly (readonly [string, EvidenceErrorCode, () => Uint8Array])[] = [
  [
    'with an extension twice',
    'malformed',
    () => mintCertificate({ ...plain, extensions: [twice, twice] }),
  ],
  ['with 41 extensions', 'malformed', () => mintCertificate({ ...plain, extensions: many })],
  [
    'with a serial of 22 bytes',
    'malformed',
    () => mintCertificate({ ...plain, serial: 1n << 170n }),
  ],
  [
    'with more after basicConstraints',
    'trailing-data',
    () =>
      mintCertificate({
        ...plain,
        extensions: [constraints(derBoolean(true), derInteger(0), derNull())],
      }),
  ],
  [
    'with a huge path length',
    'malformed',
    () =>
      mintCertificate({
        ...plain,
        extensions: [constraints(derBoolean(true), derInteger(2n ** 40n))],
      }),
  ],
  [
    'with three bytes of key usage',
    'malformed',
    () => mintCertificate({ ...plain, extensions: [keyUsage(1, 1, 1)] }),
  ],
  ['followed by a byte', 'trailing-data', () => Uint8Array.of(...mintCertificate(plain), 0)],
  ['of more than 16 KiB', 'malformed', () => new Uint8Array(20_000)],
  [
    'with a key on another curve',
    'unsupported-algorithm',
    () =>
      mintCertificate({
        ...plain,
        publicKey: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
      }),
  ],
  [
    'with an Ed25519 key',
    'unsupported-algorithm',
    () => mintCertificate({ ...plain, publicKey: generateKeyPairSync('ed25519').publicKey }),
  ],
  [
    'with an RSA key of 1024 bits',
    'public-key-invalid',
    () =>
      mintCertificate({
        ...plain,
        publicKey: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey,
      }),
  ],
  [
    'with a name of 300 characters',
    'malformed',
    () => mintCertificate({ ...plain, subject: { CN: 'x'.repeat(300) } }),
  ],
  ['with a name that is a number', 'malformed', () => named(0x02, 2)],
  ['with a name that is a list', 'malformed', () => named(0x31, 0)],
  ['with a name of one and a half characters', 'malformed', () => named(0x1e, 3)],
];
/** A certificate whose subject is one value with this tag and length. */
function named(tag: number, length: number): Uint8Array {
  const der = mintCertificate({ ...plain, subject: { CN: 'x'.repeat(length) } });
  const utf8 = Uint8Array.of(0x0c, length, ...new Uint8Array(length).fill(0x78));
  der[Buffer.from(der).lastIndexOf(Buffer.from(utf8))] = tag;
  return der;
}
for (const [what, code, mint] of faults) {
  test(`refuses a certificate ${what}`, () => refuses(code, () => parseCertificate(mint())));
}

test('refuses a certificate whose two signature algorithms differ', () => {
  const der = mintCertificate(plain);
  const oid = derOid('1.2.840.10045.4.3.2');
  const at = Buffer.from(der).lastIndexOf(Buffer.from(oid));
  der[at + oid.length - 1] = 3;
  refuses('malformed', () => parseCertificate(der));
});

test('refuses a certificate and a CRL cut at every length', () => {
  const der = mintCertificate({ ...plain, ca: true });
  const crl = mintCrl(plainCrl);
  for (let n = 0; n < der.length; n += 1) {
    assert.throws(() => parseCertificate(der.subarray(0, n)), EvidenceError);
  }
  for (let n = 0; n < crl.length; n += 1) {
    assert.throws(() => parseCrl(crl.subarray(0, n)), EvidenceError);
  }
});

test('reads a minted CRL', () => {
  const crl = parseCrl(mintCrl({ ...plainCrl, number: 200 }));
  assert.equal(crl.issuer.text, 'CN=root');
  assert.equal(crl.number, '00c8');
  assert.ok(findRevocation(crl, '0080ff'));
  assert.equal(findRevocation(crl, '80ff'), null);
  assert.equal(parseCrl(mintCrl({ ...plainCrl, revoked: [] })).revoked.size, 0);
});

test('refuses CRLs of kinds that are not understood', () => {
  for (const oid of ['2.5.29.27', '2.5.29.28', '1.2.3']) {
    const extensions = [{ oid, critical: true, value: derInteger(1) }];
    refuses('crl-invalid', () => parseCrl(mintCrl({ ...plainCrl, extensions })));
  }
  refuses('trailing-data', () => parseCrl(Uint8Array.of(...mintCrl(plainCrl), 0)));
  refuses('malformed', () => parseCrl(new Uint8Array(5_000_000)));
});

test('public keys: points are made and checked', () => {
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  assert.deepEqual(spkiOf('p256', spki.subarray(-64)), spki);
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  const spki384 = new Uint8Array(p384.export({ type: 'spki', format: 'der' }));
  assert.deepEqual(spkiOf('p384', spki384.subarray(-96)), spki384);
  refuses('public-key-invalid', () => spkiOf('p256', new Uint8Array(63)));
  const compressed = spki.slice();
  compressed[26] = 2;
  refuses('public-key-invalid', () => parsePublicKey(compressed));
});

test('fuzz: certificates are read or refused', () => {
  const valid = mintCertificate({ ...plain, ca: true, pathLength: 0 });
  assertRefusesCleanly(randomBytes, parseCertificate);
  assertRefusesCleanly(mutationsOf(valid), parseCertificate);
});

test('fuzz: CRLs are read or refused', () => {
  assertRefusesCleanly(mutationsOf(mintCrl(plainCrl)), parseCrl);
});

test('fuzz: a genuine AMD certificate, spoiled', { skip: skipWithoutVectors }, () => {
  const limits = { label: 'CERTIFICATE', blocksMax: 8, bytesMax: 100_000 } as const;
  const [ask] = parsePem(readVector('snp/go-sev-guest/milan-vcek-chain.pem'), limits);
  assert.ok(ask);
  assertRefusesCleanly(mutationsOf(ask), parseCertificate, 3000);
});
