// Credentials of every kind of endorsement key against a software TPM, and what each must be refused for.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { EvidenceErrorCode } from '../errors.js';
import { nodeEncryption, nodeProvider } from '../provider-node.js';
import { webEncryption, webProvider } from '../provider-web.js';
import { flipBit } from '../testing/snp-scene.js';
import {
  activateCredential,
  createSoftwareEk,
  ekAttributes,
  type SoftwareEkKind,
} from '../testing/tpm-credential.js';
import { ekOf } from '../testing/tpm-credential-scene.js';
import { akOf } from '../testing/tpm-scene.js';
import { parseEndorsementKey } from './endorsement-key.js';
import { credentialFile, type MakeCredentialInput, makeCredential } from './make-credential.js';

const kinds: readonly SoftwareEkKind[] = ['rsa-2048', 'rsa-3072', 'ecc-p256', 'ecc-p384'];
const random = (length: number) => new Uint8Array(randomBytes(length));
const name = Uint8Array.of(0, 0xb, ...random(32));
const secret = random(32);

function make(kind: SoftwareEkKind, change: Partial<MakeCredentialInput> = {}) {
  return makeCredential({
    endorsementKey: parseEndorsementKey(ekOf(kind).publicArea),
    name,
    secret,
    randomBytes: random,
    provider: nodeProvider,
    encryption: nodeEncryption,
    ...change,
  });
}

describe('a credential', () => {
  for (const kind of kinds) {
    for (const [platform, change] of [
      ['node:crypto', {}],
      ['WebCrypto', { provider: webProvider, encryption: webEncryption }],
    ] as const) {
      it(`for ${kind}, made on ${platform}, is activated`, async () => {
        const credential = await make(kind, change);
        assert.deepEqual(activateCredential(ekOf(kind), name, credential), secret);
      });
    }

    it(`for ${kind} carries secrets and Names of every length there is`, async () => {
      const most = kind === 'rsa-3072' || kind === 'ecc-p384' ? 48 : 32;
      const names = fc.constantFrom([0xb, 32], [0xc, 48], [0xd, 64]).map(([id = 0, length = 0]) => {
        return Uint8Array.of(0, id, ...random(length));
      });
      const secrets = fc.uint8Array({ minLength: 16, maxLength: most });
      await fc.assert(
        fc.asyncProperty(secrets, names, async (text, of) => {
          const credential = await make(kind, { secret: text, name: of });
          assert.deepEqual(activateCredential(ekOf(kind), of, credential), text);
        }),
        { numRuns: 20 },
      );
    });

    it(`for ${kind} is refused by its TPM after any change`, async () => {
      const credential = await make(kind);
      const refused = (change: object, of: Uint8Array = name, ek = ekOf(kind)) =>
        assert.throws(() => activateCredential(ek, of, { ...credential, ...change }));
      const bits = (bytes: Uint8Array) => fc.nat(bytes.length * 8 - 1);
      const { idObject, encryptedSeed } = credential;
      const run = { numRuns: 60 };
      fc.assert(
        fc.property(bits(idObject.subarray(2)), (bit) => {
          refused({ idObject: flipBit(idObject, bit + 16) });
        }),
        run,
      );
      fc.assert(
        fc.property(bits(encryptedSeed.subarray(2)), (bit) => {
          refused({ encryptedSeed: flipBit(encryptedSeed, bit + 16) });
        }),
        run,
      );
      fc.assert(
        fc.property(bits(name), (bit) => refused({}, flipBit(name, bit))),
        run,
      );
      refused({ idObject: (await make(kind)).idObject });
      refused({}, name, createSoftwareEk({ kind }));
    });
  }

  it('is never the same twice', async () => {
    for (const kind of kinds) {
      const [a, b] = [await make(kind), await make(kind)];
      assert.notDeepEqual(a.encryptedSeed, b.encryptedSeed);
      assert.notDeepEqual(a.idObject, b.idObject);
    }
  });

  it('is a file for tpm2-tools: magic, version, both parts', async () => {
    const credential = await make('ecc-p256');
    const file = credentialFile(credential);
    assert.equal(Buffer.from(file.subarray(0, 8)).toString('hex'), 'badcc0de00000001');
    assert.equal(file.length, 8 + credential.idObject.length + credential.encryptedSeed.length);
  });
});

const inputs: readonly [string, Partial<MakeCredentialInput>][] = [
  ['a secret of 15 bytes', { secret: random(15) }],
  ['no secret', { secret: new Uint8Array() }],
  ['a secret longer than a digest', { secret: random(33) }],
  ['a Name without algorithm', { name: random(32).fill(0, 0, 2) }],
  ['a Name by SHA-1', { name: Uint8Array.of(0, 4, ...random(20)) }],
  ['a Name cut short', { name: name.subarray(0, -1) }],
  ['a Name with a byte behind it', { name: Uint8Array.of(...name, 0) }],
  ['an empty Name, which is that of no object', { name: new Uint8Array() }],
  ['a generator that hands out too little', { randomBytes: () => random(31) }],
  ['a generator that hands out nothing', { randomBytes: () => new Uint8Array() }],
];

describe('no credential is made of', () => {
  for (const [what, change] of inputs) {
    it(what, () => assert.rejects(make('rsa-2048', change), { code: 'input-invalid' }));
  }
});

type EkOptions = Parameters<typeof createSoftwareEk>[0];
const { privateKey } = ekOf('ecc-p256');
const p256 = (change: Partial<EkOptions>) =>
  createSoftwareEk({ kind: 'ecc-p256', privateKey, ...change }).publicArea;
const withAttributes = (attributes: number) => p256({ attributes });
const good = ekOf('ecc-p256').publicArea;
const unfit = 'endorsement-key-unfit';

const keys: readonly [string, EvidenceErrorCode, Uint8Array][] = [
  ['that signs', unfit, withAttributes(ekAttributes | 0x40000)],
  ['that does not decrypt', unfit, withAttributes(ekAttributes & ~0x20000)],
  ['that is not restricted: it decrypts anything', unfit, withAttributes(ekAttributes & ~0x10000)],
  ['that may leave its TPM', unfit, withAttributes(ekAttributes & ~0x2)],
  ['that may be moved to another parent', unfit, withAttributes(ekAttributes & ~0x10)],
  ['that was made elsewhere', unfit, withAttributes(ekAttributes & ~0x20)],
  ['that is an attestation key', unfit, akOf('ecdsa-p256').publicArea],
  ['without a symmetric algorithm', unfit, p256({ parameters: [0x10, 0x10] })],
  ['that wraps with Camellia', unfit, p256({ parameters: [0x26, 128, 0x43, 0x10] })],
  ['that wraps with AES-192', unfit, p256({ parameters: [0x6, 192, 0x43, 0x10] })],
  ['that wraps in CTR', unfit, p256({ parameters: [0x6, 128, 0x40, 0x10] })],
  ['with a scheme of its own', unfit, p256({ parameters: [0x6, 128, 0x43, 0x17] })],
  ['named by SHA-1', 'unsupported-algorithm', p256({ nameHash: 'sha1' })],
  ['of P-521', 'unsupported-algorithm', p256({ sizeOrCurve: 5 })],
  ['of another type', 'unsupported-algorithm', Uint8Array.of(0, 8, ...good.subarray(2))],
  [
    'whose modulus is not as long as it says',
    'public-key-invalid',
    createSoftwareEk({
      kind: 'rsa-2048',
      privateKey: ekOf('rsa-2048').privateKey,
      sizeOrCurve: 3072,
    }).publicArea,
  ],
  ['with a byte behind it', 'trailing-data', Uint8Array.of(...good, 0)],
  ['cut short', 'malformed', good.subarray(0, -1)],
  ['of no bytes', 'malformed', new Uint8Array()],
  ['of absurd length', 'malformed', new Uint8Array(1_000_000)],
];

describe('refuses an endorsement key', () => {
  for (const [what, code, area] of keys) {
    it(what, () => assert.throws(() => parseEndorsementKey(area), { code }));
  }

  it('and never crashes on what is none', () => {
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.nat(good.length * 8 - 1).map((bit) => flipBit(good, bit)),
      fc.nat(good.length).map((length) => good.subarray(0, length)),
    );
    fc.assert(
      fc.property(any, (bytes) => {
        try {
          assert.deepEqual(parseEndorsementKey(bytes).raw, new Uint8Array(bytes));
        } catch (error) {
          assert.equal((error as Error).name, 'EvidenceError');
        }
      }),
    );
  });

  it('off its curve when it is encrypted to', async () => {
    const endorsementKey = parseEndorsementKey(flipBit(good, good.length * 8 - 1));
    await assert.rejects(make('ecc-p256', { endorsementKey }), { code: 'public-key-invalid' });
  });
});
