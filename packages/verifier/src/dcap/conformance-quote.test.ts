// What SGX and TDX quotes have in common: which of them verify() takes and must refuse, one change to good evidence per
// row. Holds no test of its own: the formats call it.

import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { concatBytes } from '../encoding/bytes.js';
import { badKeys, badPoints, refusesKeys } from '../testing/bad-keys.test.js';
import { type DcapCa, type DcapCertificateKind, dcapSerials } from '../testing/dcap-ca.js';
import {
  acceptsAs,
  type DcapFormat,
  flip,
  good,
  hour,
  later,
  now,
  other,
  refusesAs,
  reportData,
  type SharedScene,
  strangerKey,
  tcbInfo,
  twoLinks,
} from '../testing/dcap-scene.test.js';
import type { ExpectedBinding } from '../types.js';
import { pinnedIntelRoots } from './roots.js';

const { platform } = good;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const certifiedBy = (type: number, data: Uint8Array) => ({
  quote: { certificationType: type, certificationData: data },
});
/** Certification data of types 1 to 3: PPID, CPUSVN, PCESVN, PCEID. */
const platformName = (ppid: Uint8Array, pceId = platform.pceId): Uint8Array =>
  concatBytes(ppid, platform.cpuSvn, Uint8Array.of(platform.pceSvn, 0), pceId);
const leafOf = (ca: DcapCa) => encode(ca.chainPem('pck').split(/(?=-----BEGIN)/)[0] ?? '');
const chainOf = (ca: DcapCa) => ({ collateral: { pckCertificateChain: ca.chainPem('pck') } });
const plainName = certifiedBy(1, platformName(platform.ppid));
const leafOnly = certifiedBy(4, leafOf(good));
const manifest = certifiedBy(7, new Uint8Array(1000).fill(7));
const withData = (certificationData: Uint8Array): SharedScene => ({ quote: { certificationData } });

function accepts({ play }: DcapFormat): void {
  acceptsAs<SharedScene>(play, [
    ['good evidence', {}],
    ['a version 4 quote', { quote: { version: 4 } }],
    ['a version 5 quote', { quote: { version: 5 } }],
    ['zeros behind the quote', { quote: { trailing: new Uint8Array(3000) } }],
    ['a quoting enclave without authentication data', { quote: { qeAuthData: new Uint8Array() } }],
    ['a chain in the quote that leaves the root out', withData(twoLinks())],
    ['a platform named in the clear (type 1), with its chain', { ...plainName, ...chainOf(good) }],
    [
      'a platform named under RSA-2048 (type 2), with its chain',
      { ...certifiedBy(2, platformName(new Uint8Array(256).fill(7))), ...chainOf(good) },
    ],
    [
      'a platform named under RSA-3072 (type 3), with its chain',
      { ...certifiedBy(3, platformName(new Uint8Array(384).fill(7))), ...chainOf(good) },
    ],
    ['a PCK certificate alone (type 4), with its chain', { ...leafOnly, ...chainOf(good) }],
    ['a platform manifest (type 7), with the chain', { ...manifest, ...chainOf(good) }],
    [
      'a version 5 quote that names its platform, with its chain',
      { ...chainOf(good), quote: { ...plainName.quote, version: 5 } },
    ],
    ['the chain of the quote, whatever chain was fetched', chainOf(other)],
    [
      'members of the TCB info that are not known',
      tcbInfo((document) => ({ ...document, extra: [1] })),
    ],
  ]);

  describe('verify accepts', () => {
    it('no binding if the caller says so in so many words', async () => {
      const claims = await play({ expectedBinding: { binding: 'not-checked' } });
      assert.equal(claims.binding, 'not-checked');
    });

    it('a platform of the Processor CA, which states no instance', async () => {
      const subject = { CN: 'Intel SGX PCK Processor CA' };
      const claims = await play({
        ca: {
          platform: { platformInstanceId: null },
          certificates: { pckCa: { subject }, pck: { issuer: subject } },
        },
        collateral: { pckCrl: { issuer: subject } },
      });
      assert.equal(claims.values.platform_instance_id, undefined);
      assert.equal(claims.values.smt_enabled, undefined);
    });
  });
}

/** What the QE report of a minted quote has, but with ones where zeros must be. */
function hashThenOnes(): Uint8Array {
  const spki = createPublicKey(good.keys.attestation).export({ type: 'spki', format: 'der' });
  const authData = Uint8Array.from({ length: 32 }, (_, index) => index);
  const digest = createHash('sha256').update(spki.subarray(-64)).update(authData).digest();
  return Uint8Array.from([...digest, ...new Uint8Array(32).fill(1)]);
}

function refusesQuotes({ play, tee, bodyEnd }: DcapFormat): void {
  const otherTee = tee === 'SGX' ? 0x81 : 0;
  const unsigned = { qeReport: { reportData: new Uint8Array(64) } };
  refusesAs<SharedScene>(play, 'a quote in which', [
    ['the version is 2', 'unsupported-version', { quote: { header: { version: 2 } } }],
    ['the version is 6', 'unsupported-version', { quote: { header: { version: 6 } } }],
    ['the key type is EPID', 'unsupported-algorithm', { quote: { header: { keyType: 0 } } }],
    ['the key type is P-384', 'unsupported-algorithm', { quote: { header: { keyType: 3 } } }],
    ['the TEE is the other', 'unsupported-format', { quote: { header: { teeType: otherTee } } }],
    [
      'the vendor of the quoting enclave is another',
      'unsupported-format',
      { quote: { header: { qeVendorId: new Uint8Array(16) } } },
    ],
    [
      'the version is 5 but the layout that of 4',
      'unsupported-format',
      { quote: { version: 4, header: { version: 5 } } },
    ],
    ['the body is said to be longer', 'malformed', { quote: { version: 5 }, bytes: flip(50) }],
    [
      'the certification data is of type 0',
      'unsupported-format',
      certifiedBy(0, new Uint8Array(36)),
    ],
    [
      'the certification data is of type 8',
      'unsupported-format',
      certifiedBy(8, new Uint8Array(36)),
    ],
    [
      'the certification data contains itself',
      'unsupported-format',
      certifiedBy(6, new Uint8Array(500)),
    ],
    [
      'the certification data is a chain in the place of a name',
      'trailing-data',
      { quote: { certificationType: 3 } },
    ],
    ['the name of the platform is short', 'malformed', certifiedBy(1, new Uint8Array(35))],
    ['the name of the platform is long', 'trailing-data', certifiedBy(2, new Uint8Array(277))],
    ['the chain is DER', 'malformed', withData(good.certificates.pck)],
    ['the chain is empty', 'malformed', withData(new Uint8Array())],
    [
      'the lone PCK brings its chain',
      'chain-invalid',
      certifiedBy(4, encode(good.chainPem('pck'))),
    ],
    [
      'the chain has a certificate too many',
      'chain-invalid',
      withData(encode(good.chainPem('pck') + good.chainPem('root'))),
    ],
    [
      'bytes other than zero follow',
      'trailing-data',
      { quote: { trailing: Uint8Array.of(0, 0, 1) } },
    ],
    ['there are 70 kB', 'malformed', { quote: { trailing: new Uint8Array(70_000) } }],
    ['a bit of the header is changed', 'signature-invalid', { bytes: flip(30) }],
    ['a bit of the body is changed', 'signature-invalid', { bytes: flip(60) }],
    ["the body's last bit is changed", 'signature-invalid', { bytes: flip(bodyEnd - 1) }],
    ['a bit of the signature is changed', 'signature-invalid', { bytes: flip(bodyEnd + 4) }],
    [
      'another key signed',
      'signature-invalid',
      { quote: { ...unsigned, attestationKey: strangerKey } },
    ],
    [
      'another PCK vouches for the quoting enclave',
      'signature-invalid',
      { quote: { pckKey: strangerKey } },
    ],
    ['the quoting enclave vouches for another key', 'signature-invalid', { quote: unsigned }],
    [
      'the hash in the QE report is not followed by zeros',
      'signature-invalid',
      { quote: { qeReport: { reportData: hashThenOnes() } } },
    ],
    [
      'reserved bytes of the QE report are set',
      'reserved-bits',
      { quote: { qeReport: { cetAttributes: new Uint8Array(12).fill(1) } } },
    ],
    [
      'the PCK states no SGX extensions',
      'malformed',
      { ca: { certificates: { pck: { extensions: [] } } } },
    ],
    [
      'the PCK extensions lack components',
      'malformed',
      { ca: { platform: { sgxComponents: [1, 2, 3] } }, ...withoutLevels },
    ],
    [
      'the FMSPC is of the wrong length',
      'malformed',
      {
        ca: { platform: { fmspc: new Uint8Array(5) } },
        ...tcbInfo((doc) => ({ ...doc, fmspc: '000000000000' })),
      },
    ],
  ]);
}

const withoutLevels = tcbInfo((document) => ({ ...document, tcbLevels: [] }));

function refusesPlatforms({ play }: DcapFormat): void {
  refusesAs<SharedScene>(play, 'endorsements with a platform', [
    ['that is named, without its chain', 'collateral-missing', plainName],
    ['that shows its PCK only, without the chain', 'collateral-missing', leafOnly],
    ['that sends its manifest, without a chain', 'collateral-missing', manifest],
    [
      'named in the clear that is another',
      'collateral-mismatch',
      { ...certifiedBy(1, platformName(new Uint8Array(16))), ...chainOf(good) },
    ],
    [
      'whose PCE is another',
      'collateral-mismatch',
      {
        ...certifiedBy(3, platformName(new Uint8Array(384), Uint8Array.of(1, 0))),
        ...chainOf(good),
      },
    ],
    [
      'whose lone PCK is another',
      'collateral-mismatch',
      { ...certifiedBy(4, leafOf(other)), ...chainOf(good) },
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
    [
      'named in the clear, and revoked',
      'certificate-revoked',
      { ...plainName, collateral: { ...chainOf(good).collateral, pckCrl: revoked('pck') } },
    ],
  ]);
}

function refusesBindings({ play }: DcapFormat): void {
  const expecting = (expectedBinding: ExpectedBinding): SharedScene => ({ expectedBinding });
  refusesAs<SharedScene>(play, 'a binding', [
    ['that differs in the first byte', 'binding-mismatch', expecting(flip(0)(reportData))],
    ['that differs in the last byte', 'binding-mismatch', expecting(flip(63)(reportData))],
    ['of zeros', 'binding-mismatch', expecting(new Uint8Array(64))],
    ['of 32 bytes that are a prefix', 'input-invalid', expecting(reportData.slice(0, 32))],
    ['of no bytes', 'input-invalid', expecting(new Uint8Array())],
    [
      'that a caller without types left out',
      'input-invalid',
      expecting({} as unknown as ExpectedBinding),
    ],
  ]);
}

type CertificateChange = NonNullable<
  NonNullable<NonNullable<SharedScene['ca']>['certificates']>['pck']
>;
const certificate = (kind: DcapCertificateKind, change: CertificateChange): SharedScene => ({
  ca: { certificates: { [kind]: change } },
});
const revoked = (kind: DcapCertificateKind) => ({
  revoked: [{ serial: dcapSerials[kind], date: now }],
});
const links = { root: 'root', pckCa: 'PCK CA', pck: 'PCK', tcbSigning: 'TCB signer' } as const;
const kinds = Object.keys(links) as readonly DcapCertificateKind[];

function refusesChains({ play }: DcapFormat): void {
  refusesAs<SharedScene>(play, 'a chain in which', [
    [
      "the root has Intel's name, but another key",
      'chain-untrusted',
      { roots: () => pinnedIntelRoots },
    ],
    [
      'the root is left out and is not the pinned one',
      'chain-invalid',
      { roots: () => other.roots, ...withData(twoLinks()) },
    ],
    ['nobody is trusted', 'chain-untrusted', { roots: () => [] }],
    ...kinds.flatMap((kind) => [
      [
        `the ${links[kind]} has expired`,
        'certificate-expired',
        certificate(kind, { notAfter: later(-hour) }),
      ] as const,
      [
        `the ${links[kind]} is not yet valid`,
        'certificate-not-yet-valid',
        certificate(kind, { notBefore: later(hour) }),
      ] as const,
    ]),
    ['the PCK is a CA', 'chain-invalid', certificate('pck', { ca: true })],
    ['the PCK CA is none', 'chain-invalid', certificate('pckCa', { ca: false })],
    [
      'the PCK is signed by another',
      'chain-invalid',
      certificate('pck', { signingKey: strangerKey }),
    ],
    [
      'the PCK CA is signed by another',
      'chain-invalid',
      certificate('pckCa', { signingKey: strangerKey }),
    ],
    [
      'the leaf is not a PCK by name',
      'chain-invalid',
      certificate('pck', { subject: { CN: 'Intel SGX TCB Signing' } }),
    ],
    [
      'the PCK comes straight from the root',
      'chain-invalid',
      certificate('pck', {
        issuer: { CN: 'Intel SGX Root CA', O: 'Simulated, not Intel', C: 'XX' },
      }),
    ],
    [
      'a critical extension of the PCK is not known',
      'chain-invalid',
      certificate('pck', {
        extensions: [{ oid: '1.2.3', critical: true, value: new Uint8Array() }],
      }),
    ],
    ['the PCK is revoked', 'certificate-revoked', { collateral: { pckCrl: revoked('pck') } }],
    [
      'the PCK CA is revoked',
      'certificate-revoked',
      { collateral: { rootCaCrl: revoked('pckCa') } },
    ],
    [
      'the TCB signer is revoked',
      'certificate-revoked',
      { collateral: { rootCaCrl: revoked('tcbSigning') } },
    ],
  ]);
}

/** Keys that are none, wherever a quote or its collateral has one. */
function refusesKeysInQuotes({ play }: DcapFormat): void {
  const attestationKey = createPublicKey(good.keys.attestation);
  refusesKeys('an attestation key', badPoints, attestationKey, ({ coordinates }, provider) =>
    play({ quote: { attestationPoint: coordinates }, provider }),
  );
  for (const kind of kinds) {
    const key = createPublicKey(good.keys[kind]);
    refusesKeys(`a ${links[kind]} with a key`, badKeys, key, async ({ spki }, provider) =>
      play({ ...certificate(kind, { publicKey: spki }), provider }),
    );
  }
}

export function conformsInQuotes(format: DcapFormat): void {
  describe(format.format, () => {
    accepts(format);
    refusesQuotes(format);
    refusesPlatforms(format);
    refusesBindings(format);
    refusesChains(format);
    refusesKeysInQuotes(format);
  });
}
