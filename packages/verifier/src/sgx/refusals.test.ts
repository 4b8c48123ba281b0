// Quotes, bindings and chains that verify() must refuse: one change to good evidence per row.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusesKeysInQuotes } from '../dcap/conformance.test.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { concatBytes } from '../encoding/bytes.js';
import { type DcapCa, dcapSerials } from '../testing/dcap-ca.js';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { playSgx, refusesSgx, type SgxScene } from '../testing/sgx-scene.test.js';
import { mintTdxQuote } from '../testing/tdx-quote.js';
import {
  flip,
  good,
  hour,
  later,
  now,
  other,
  reportData,
  strangerKey,
  twoLinks,
} from '../testing/tdx-scene.test.js';
import type { ExpectedBinding } from '../types.js';

const { platform } = good;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
/** Certification data of types 1 to 3: PPID, CPUSVN, PCESVN, PCEID. */
const platformName = (ppid: Uint8Array, pceId = platform.pceId): Uint8Array =>
  concatBytes(ppid, platform.cpuSvn, Uint8Array.of(platform.pceSvn, 0), pceId);
const chainOf = (ca: DcapCa) => ({ collateral: { pckCertificateChain: ca.chainPem('pck') } });
const named = (type: number, data: Uint8Array) => ({
  quote: { certificationType: type, certificationData: data },
});
const plainName = named(1, platformName(platform.ppid));
const leafOnly = named(4, encode(good.chainPem('pck').split(/(?=-----BEGIN)/)[0] ?? ''));

describe('verify accepts', () => {
  const rows: [string, SgxScene][] = [
    ['a version 3 quote', {}],
    ['a version 4 quote', { quote: { version: 4 } }],
    ['a version 5 quote', { quote: { version: 5 } }],
    ['TCB info of version 2', { collateral: { tcbInfoVersion: 2 } }],
    ['zeros behind the quote', { quote: { trailing: new Uint8Array(3000) } }],
    ['a quoting enclave without authentication data', { quote: { qeAuthData: new Uint8Array() } }],
    ['a chain in the quote that leaves the root out', { quote: { certificationData: twoLinks() } }],
    ['a platform named in the clear (type 1), with its chain', { ...plainName, ...chainOf(good) }],
    [
      'a platform named under RSA-2048 (type 2), with its chain',
      { ...named(2, platformName(new Uint8Array(256).fill(7))), ...chainOf(good) },
    ],
    [
      'a platform named under RSA-3072 (type 3), with its chain',
      { ...named(3, platformName(new Uint8Array(384).fill(7))), ...chainOf(good) },
    ],
    ['a PCK certificate alone (type 4), with its chain', { ...leafOnly, ...chainOf(good) }],
    [
      'a platform manifest (type 7), with the chain',
      { ...named(7, new Uint8Array(1000).fill(7)), ...chainOf(good) },
    ],
    [
      'a version 5 quote that names its platform, with its chain',
      { ...chainOf(good), quote: { ...plainName.quote, version: 5 } },
    ],
  ];
  for (const [name, scene] of rows) {
    it(name, async () => {
      const claims = await playSgx(scene);
      assert.equal(claims.tcbStatus, 'UpToDate');
      assert.equal(claims.binding, 'checked');
    });
  }

  it('the chain of the quote, whatever chain was fetched', async () => {
    const claims = await playSgx(chainOf(other));
    assert.equal(claims.tcbStatus, 'UpToDate');
  });
});

refusesSgx('a quote in which', [
  ['the version is 2', 'unsupported-version', { quote: { header: { version: 2 } } }],
  ['the version is 6', 'unsupported-version', { quote: { header: { version: 6 } } }],
  ['the key type is EPID', 'unsupported-algorithm', { quote: { header: { keyType: 0 } } }],
  ['the key type is P-384', 'unsupported-algorithm', { quote: { header: { keyType: 3 } } }],
  ['the TEE is TDX', 'unsupported-format', { quote: { header: { teeType: 0x81 } } }],
  [
    'the reserved field of version 3 is set',
    'unsupported-format',
    { quote: { header: { teeType: 1 } } },
  ],
  [
    'the vendor of the quoting enclave is another',
    'unsupported-format',
    { quote: { header: { qeVendorId: new Uint8Array(16) } } },
  ],
  ['the body is a TD by its type', 'unsupported-format', { quote: { version: 5, bodyType: 2 } }],
  ['the body is of no known type', 'unsupported-format', { quote: { version: 5, bodyType: 4 } }],
  ['the body is said to be longer', 'malformed', { quote: { version: 5 }, bytes: flip(50) }],
  [
    'the layout is that of version 3 but the number 4',
    'unsupported-format',
    { quote: { version: 3, header: { version: 4 } } },
  ],
  [
    'there is a TD',
    'unsupported-format',
    { bytes: () => mintTdxQuote(good, { version: 4, report: { reportData } }) },
  ],
  ['the certification data is of type 0', 'unsupported-format', named(0, new Uint8Array(36))],
  ['the certification data is of type 8', 'unsupported-format', named(8, new Uint8Array(36))],
  [
    'the certification data contains itself',
    'unsupported-format',
    named(6, concatBytes(new Uint8Array(500))),
  ],
  ['the name of the platform is short', 'malformed', named(1, new Uint8Array(35))],
  ['the name of the platform is long', 'trailing-data', named(2, new Uint8Array(277))],
  ['the chain is DER', 'malformed', { quote: { certificationData: good.certificates.pck } }],
  ['the chain is empty', 'malformed', { quote: { certificationData: new Uint8Array() } }],
  ['the lone PCK brings its chain', 'chain-invalid', named(4, encode(good.chainPem('pck')))],
  [
    'the chain has a certificate too many',
    'chain-invalid',
    { quote: { certificationData: encode(good.chainPem('pck') + good.chainPem('root')) } },
  ],
  [
    'bytes other than zero follow',
    'trailing-data',
    { quote: { trailing: Uint8Array.of(0, 0, 1) } },
  ],
  ['a bit of the header is changed', 'signature-invalid', { bytes: flip(30) }],
  ['a bit of MRENCLAVE is changed', 'signature-invalid', { bytes: flip(48 + 64) }],
  ['a bit of REPORT_DATA is changed', 'signature-invalid', { bytes: flip(48 + 383) }],
  ['a bit of the signature is changed', 'signature-invalid', { bytes: flip(48 + 384 + 4) }],
  [
    'another key signed',
    'signature-invalid',
    { quote: { attestationKey: strangerKey, qeReport: { reportData: new Uint8Array(64) } } },
  ],
  [
    'another PCK vouches for the quoting enclave',
    'signature-invalid',
    { quote: { pckKey: strangerKey } },
  ],
  [
    'the quoting enclave vouches for another key',
    'signature-invalid',
    { quote: { qeReport: { reportData: new Uint8Array(64) } } },
  ],
  [
    'reserved bytes of the report are set',
    'reserved-bits',
    { quote: { report: { reportData, cetAttributes: new Uint8Array(12).fill(1) } } },
  ],
  [
    'reserved bytes of the QE report are set',
    'reserved-bits',
    { quote: { qeReport: { cetAttributes: new Uint8Array(12).fill(1) } } },
  ],
  ['there are 70 kB', 'malformed', { quote: { trailing: new Uint8Array(70_000) } }],
]);

refusesSgx('endorsements with a platform', [
  ['that is named, without its chain', 'collateral-missing', plainName],
  ['that shows its PCK only, without the chain', 'collateral-missing', leafOnly],
  [
    'that sends its manifest, without a chain',
    'collateral-missing',
    named(7, new Uint8Array(1000)),
  ],
  [
    'named in the clear that is another',
    'collateral-mismatch',
    { ...named(1, platformName(new Uint8Array(16))), ...chainOf(good) },
  ],
  [
    'whose PCE is another',
    'collateral-mismatch',
    { ...named(3, platformName(new Uint8Array(384), Uint8Array.of(1, 0))), ...chainOf(good) },
  ],
  [
    'whose lone PCK is another',
    'collateral-mismatch',
    {
      ...named(4, encode(other.chainPem('pck').split(/(?=-----BEGIN)/)[0] ?? '')),
      ...chainOf(good),
    },
  ],
  ['whose chain is that of a stranger', 'chain-untrusted', { ...plainName, ...chainOf(other) }],
  [
    'whose chain is that of a stranger who is trusted as well',
    'crl-invalid',
    { ...plainName, ...chainOf(other), roots: (ca) => [...ca.roots, ...other.roots] },
  ],
  [
    'whose chain is no PEM',
    'malformed',
    { ...plainName, collateral: { pckCertificateChain: 'chain' } },
  ],
  [
    'whose chain is that of the TCB signer',
    'chain-invalid',
    { ...plainName, collateral: { pckCertificateChain: good.chainPem('tcbSigning') } },
  ],
]);

refusesSgx('a binding', [
  ['that differs in the first byte', 'binding-mismatch', { expectedBinding: flip(0)(reportData) }],
  ['that differs in the last byte', 'binding-mismatch', { expectedBinding: flip(63)(reportData) }],
  ['of zeros', 'binding-mismatch', { expectedBinding: new Uint8Array(64) }],
  ['of 32 bytes that are a prefix', 'input-invalid', { expectedBinding: reportData.slice(0, 32) }],
  ['of no bytes', 'input-invalid', { expectedBinding: new Uint8Array() }],
  ['that was left out', 'input-invalid', { expectedBinding: {} as ExpectedBinding }],
]);

const certificate = (
  kind: 'root' | 'pckCa' | 'tcbSigning' | 'pck',
  change: { notBefore?: Date; notAfter?: Date },
): SgxScene => ({ ca: { certificates: { [kind]: change } } });
const expired = { notAfter: later(-hour) };
const future = { notBefore: later(hour) };
const revoked = (kind: keyof typeof dcapSerials) => ({
  revoked: [{ serial: dcapSerials[kind], date: now }],
});

refusesSgx('a chain in which', [
  [
    "the root has Intel's name, but another key",
    'chain-untrusted',
    { roots: () => pinnedIntelRoots },
  ],
  ['nobody is trusted', 'chain-untrusted', { roots: () => [] }],
  ['the PCK has expired', 'certificate-expired', certificate('pck', expired)],
  ['the PCK is not yet valid', 'certificate-not-yet-valid', certificate('pck', future)],
  ['the PCK CA has expired', 'certificate-expired', certificate('pckCa', expired)],
  ['the PCK CA is not yet valid', 'certificate-not-yet-valid', certificate('pckCa', future)],
  ['the root has expired', 'certificate-expired', certificate('root', expired)],
  ['the root is not yet valid', 'certificate-not-yet-valid', certificate('root', future)],
  ['the TCB signer has expired', 'certificate-expired', certificate('tcbSigning', expired)],
  [
    'the TCB signer is not yet valid',
    'certificate-not-yet-valid',
    certificate('tcbSigning', future),
  ],
  ['the PCK is a CA', 'chain-invalid', { ca: { certificates: { pck: { ca: true } } } }],
  [
    'the PCK is signed by another',
    'chain-invalid',
    { ca: { certificates: { pck: { signingKey: strangerKey } } } },
  ],
  [
    'the leaf is not a PCK by name',
    'chain-invalid',
    { ca: { certificates: { pck: { subject: { CN: 'Intel SGX TCB Signing' } } } } },
  ],
  ['the PCK is revoked', 'certificate-revoked', { collateral: { pckCrl: revoked('pck') } }],
  ['the PCK CA is revoked', 'certificate-revoked', { collateral: { rootCaCrl: revoked('pckCa') } }],
  [
    'the TCB signer is revoked',
    'certificate-revoked',
    { collateral: { rootCaCrl: revoked('tcbSigning') } },
  ],
]);

describe('a named platform', () => {
  it('is revoked like any other', async () => {
    const collateral = mintDcapCollateral(good, {
      now,
      tee: 'SGX',
      pckCertificateChain: good.chainPem('pck'),
      pckCrl: revoked('pck'),
    });
    await assert.rejects(playSgx({ ...plainName, endorsements: () => collateral }), {
      code: 'certificate-revoked',
    });
  });
});

refusesKeysInQuotes(playSgx);
