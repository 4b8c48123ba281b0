// A real TPM (swtpm) activates what is made here, with tpm2-tools and with certificates by swtpm's own CA, and refuses
// what was made for another.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { EncryptionProvider } from '../encryption-provider.js';
import { parseCertificatesPem } from '../pki/certificate.js';
import { nodeEncryption, nodeProvider } from '../provider-node.js';
import { webEncryption } from '../provider-web.js';
import { skipWithout } from '../testing/programs.test.js';
import { SwTpm } from '../testing/swtpm.test.js';
import {
  type BeginCredentialInput,
  beginCredential,
  finishCredential,
} from './credential-exchange.js';
import { parseEndorsementKey } from './endorsement-key.js';
import { credentialFile, makeCredential, type TpmCredential } from './make-credential.js';

/** As tpm2_createek calls them; bytes of the modulus or of a coordinate; options of swtpm_localca. */
const kinds = [
  { ek: 'rsa', bytes: 256, curve: null },
  { ek: 'rsa3072', bytes: 384, curve: null },
  { ek: 'ecc', bytes: 32, curve: '' },
  { ek: 'ecc384', bytes: 48, curve: ',id=secp384r1' },
] as const;
type Kind = (typeof kinds)[number];

const skip = skipWithout('swtpm', 'swtpm_localca', 'tpm2_activatecredential');

describe('a real TPM', { skip }, () => {
  let tpm: SwTpm;

  before(() => {
    tpm = new SwTpm();
    const path = (name: string) => `${tpm.folder}/${name}`;
    const files = { statedir: '.', signingkey: 'sign.pem', issuercert: 'issuer.pem' };
    const lines = Object.entries({ ...files, certserial: 'serial' });
    tpm.write('conf', lines.map(([name, file]) => `${name} = ${path(file)}\n`).join(''));
    tpm.write('opts', '');
    for (const kind of kinds) createKeys(kind);
  });
  after(() => tpm.stop());

  function createKeys({ ek, bytes, curve }: Kind): void {
    tpm.run('tpm2_flushcontext', '-t');
    tpm.run('tpm2_createek', '-c', `${ek}.ctx`, '-G', ek, '-f', 'tpmt', '-u', `${ek}.pub`);
    for (const ak of ['mine', 'other']) {
      const out = ['-f', 'tpmt', '-u', `${ek}-${ak}.pub`, '-n', `${ek}-${ak}.name`];
      const form = ['-G', 'ecc', '-g', 'sha256', '-s', 'ecdsa'];
      tpm.run('tpm2_flushcontext', '-t');
      tpm.run('tpm2_createak', '-C', `${ek}.ctx`, '-c', `${ek}-${ak}.ctx`, ...form, ...out);
    }
    const area = Buffer.from(tpm.read(`${ek}.pub`));
    const y = area.subarray(-bytes).toString('hex');
    const x = area.subarray(-2 * bytes - 2, -bytes - 2).toString('hex');
    const key = ['--ek', curve === null ? y : `x=${x},y=${y}${curve}`];
    const files = ['--configfile', `${tpm.folder}/conf`, '--optsfile', `${tpm.folder}/opts`];
    const spec = [
      '--tpm-spec-family',
      '2.0',
      '--tpm-spec-revision',
      '164',
      '--tpm-spec-level',
      '0',
    ];
    const maker = ['--tpm-manufacturer', 'id:00001014', '--tpm-model', 'swtpm'];
    const about = [...spec, ...maker, '--tpm-version', 'id:20191023', '--vmid', ek];
    const form = ['--type', 'ek', '--tpm2', '--dir', tpm.folder];
    tpm.run('swtpm_localca', ...form, ...key, ...files, ...about);
    tpm.write(`${ek}.cert`, tpm.read('ek.cert'));
  }

  const fromPem = (name: string) => parseCertificatesPem(tpm.read(name)).map(({ raw }) => raw);

  function inputOf(ek: string, change: Partial<BeginCredentialInput> = {}): BeginCredentialInput {
    return {
      ekPublic: tpm.read(`${ek}.pub`),
      ekCertificates: [tpm.read(`${ek}.cert`), ...fromPem('issuer.pem')],
      roots: fromPem('swtpm-localca-rootca-cert.pem').map((der) => ({ kind: 'certificate', der })),
      revocation: { kind: 'not-checked' },
      akPublic: tpm.read(`${ek}-mine.pub`),
      now: new Date(),
      lifetimeSeconds: 600,
      randomBytes: (length) => new Uint8Array(randomBytes(length)),
      provider: nodeProvider,
      encryption: nodeEncryption,
      ...change,
    };
  }

  /** What the TPM makes of it for one of its keys; null if it refuses. */
  function activate(ek: string, ak: string, credential: TpmCredential): Uint8Array | null {
    tpm.write('credential', credentialFile(credential));
    tpm.run('tpm2_flushcontext', '-t');
    tpm.run('tpm2_flushcontext', '-l');
    const session = ['-S', 'session'];
    tpm.run('tpm2_startauthsession', '--policy-session', ...session);
    // The templates of SHA-384 let the holder of the (empty) password in as well, which this is.
    const isLow = ek === 'rsa' || ek === 'ecc';
    if (isLow) tpm.run('tpm2_policysecret', ...session, '-c', 'e');
    const auth = isLow ? ['-P', 'session:session'] : [];
    const keys = ['-c', `${ek}-${ak}.ctx`, '-C', `${ek}.ctx`, ...auth];
    const done = tpm.succeeds('tpm2_activatecredential', ...keys, '-i', 'credential', '-o', 'out');
    return done ? tpm.read('out') : null;
  }

  for (const { ek } of kinds) {
    it(`${ek}: activates a credential, which makes the statement about its key`, async () => {
      for (const encryption of [nodeEncryption, webEncryption]) {
        const { credential, pending } = await beginCredential(inputOf(ek, { encryption }));
        const answer = activate(ek, 'mine', credential);
        assert.ok(answer);
        const given = { pending, answer, now: new Date(), provider: nodeProvider };
        const statement = await finishCredential(given);
        assert.equal(statement.akName, Buffer.from(tpm.read(`${ek}-mine.name`)).toString('hex'));
        assert.equal(statement.values.ek_certificate_subject, `CN=${ek}`);
      }
    });

    it(`${ek}: refuses one for another key, one for another TPM key, and a changed one`, async () => {
      const { credential } = await beginCredential(inputOf(ek));
      assert.equal(activate(ek, 'other', credential), null);
      const elsewhere = ek === 'rsa' ? 'ecc' : 'rsa';
      const { credential: foreign } = await beginCredential(inputOf(elsewhere));
      assert.equal(activate(ek, 'mine', foreign), null);
      const idObject = credential.idObject.slice();
      idObject[idObject.length - 1] = (idObject[idObject.length - 1] ?? 0) ^ 1;
      assert.equal(activate(ek, 'mine', { ...credential, idObject }), null);
      assert.ok(activate(ek, 'mine', credential));
    });
  }

  for (const ek of ['ecc', 'ecc384']) {
    it(`${ek}: activates one whose ephemeral point begins with a zero`, async () => {
      const encryption: EncryptionProvider = {
        ...nodeEncryption,
        async agree(curve, spki) {
          for (;;) {
            const agreed = await nodeEncryption.agree(curve, spki);
            if (agreed.point[0] === 0) return agreed;
          }
        },
      };
      const { credential } = await beginCredential(inputOf(ek, { encryption }));
      assert.ok(activate(ek, 'mine', credential));
    });
  }

  it('activates secrets of any length that fits, as those of tpm2_makecredential', async () => {
    for (const { ek } of kinds) {
      const endorsementKey = parseEndorsementKey(tpm.read(`${ek}.pub`));
      const most = endorsementKey.nameAlgorithm === 'sha384' ? 48 : 32;
      for (const length of [16, 17, most - 1, most]) {
        const secret = new Uint8Array(randomBytes(length));
        const credential = await makeCredential({
          endorsementKey,
          name: tpm.read(`${ek}-mine.name`),
          secret,
          randomBytes: (count) => new Uint8Array(randomBytes(count)),
          provider: nodeProvider,
          encryption: nodeEncryption,
        });
        assert.deepEqual(activate(ek, 'mine', credential), secret);
      }
    }
  });

  it('writes files of the same form and length as tpm2_makecredential', async () => {
    const name = tpm.read('ecc-mine.name');
    tpm.write('secret', randomBytes(32));
    tpm.run('tpm2_readpublic', '-c', 'ecc.ctx', '-f', 'tss', '-o', 'ecc.tss');
    const make = ['-Q', '-u', 'ecc.tss', '-n', Buffer.from(name).toString('hex'), '-s', 'secret'];
    tpm.run('tpm2_makecredential', '-T', 'none', ...make, '-o', 'theirs');
    const theirs = tpm.read('theirs');
    const ours = credentialFile((await beginCredential(inputOf('ecc'))).credential);
    assert.equal(ours.length, theirs.length);
    assert.deepEqual(ours.subarray(0, 12), theirs.subarray(0, 12));
  });

  it('with a certificate by swtpm’s CA is refused under another root, and for another key', async () => {
    const roots = [] as const;
    await assert.rejects(beginCredential(inputOf('rsa', { roots })), { code: 'chain-untrusted' });
    const swapped = { ekCertificates: inputOf('ecc').ekCertificates };
    await assert.rejects(beginCredential(inputOf('ecc384', swapped)), {
      code: 'attestation-key-unproven',
    });
    await assert.rejects(beginCredential(inputOf('rsa', swapped)), {
      code: 'attestation-key-unproven',
    });
    // That CA's certificates end in the year 9999.
    const early = { now: new Date('2000-01-01') };
    await assert.rejects(beginCredential(inputOf('rsa', early)), {
      code: 'certificate-not-yet-valid',
    });
  });
});
