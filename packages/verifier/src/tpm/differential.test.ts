// Quotes of a real TPM (swtpm), and the same verdicts as tpm2_checkquote on them and on changed ones.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeHex, encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { type Bank, bankBytes } from '../eventlog/event-log.js';
import { nodeProvider } from '../provider-node.js';
import { skipWithout } from '../testing/programs.test.js';
import { flipBit } from '../testing/snp-scene.js';
import { SwTpm } from '../testing/swtpm.test.js';
import { tpmContainer } from '../testing/tpm.js';
import { activatedFor } from '../testing/tpm-credential-scene.js';
import { binding, nonce } from '../testing/tpm-scene.js';
import { parseTpmAttest, parseTpmSignature } from './attest.js';
import { parseAttestationKey } from './attestation-key.js';
import { parseTpmEvidence } from './parse.js';
import { nameOf } from './public-area.js';
import { checkPcrDigest, checkQuoteSignature } from './quote.js';
import { verifyTpmQuote } from './verify.js';

const keys = [
  ['rsa', 'rsassa', 'sha256'],
  ['rsa', 'rsapss', 'sha256'],
  ['ecc', 'ecdsa', 'sha256'],
] as const;

const skip = skipWithout('swtpm', 'tpm2_quote', 'tpm2_checkquote');

describe('quotes of a real TPM', { skip }, () => {
  let tpm: SwTpm;

  before(() => {
    tpm = new SwTpm();
    tpm.run('tpm2_createek', '-c', 'ek.ctx', '-G', 'rsa', '-u', 'ek.pub');
    for (const [kind, scheme, hash] of keys) {
      tpm.run('tpm2_flushcontext', '-t');
      const out = ['-u', `${scheme}.pub`, '-f', 'tpmt', '-n', `${scheme}.name`];
      tpm.run(
        'tpm2_createak',
        '-C',
        'ek.ctx',
        '-c',
        scheme,
        '-G',
        kind,
        '-g',
        hash,
        '-s',
        scheme,
        ...out,
      );
      tpm.run('tpm2_flushcontext', '-t');
      tpm.run('tpm2_readpublic', '-c', scheme, '-f', 'pem', '-o', `${scheme}.pem`);
    }
    tpm.run('tpm2_pcrextend', `7:sha1=${'ab'.repeat(20)},sha256=${'cd'.repeat(32)}`);
  });
  after(() => tpm.stop());

  /** A quote as its files; `-F values` has the PCR values one after the other. */
  function quote(scheme: string, bank: Bank, pcrs: readonly number[]) {
    tpm.run('tpm2_flushcontext', '-t');
    const files = ['-m', 'msg', '-s', 'sig', '-o', 'pcr', '-F', 'values'];
    const qualification = encodeHex(nonce);
    const list = `${bank}:${pcrs.join(',')}`;
    tpm.run(
      'tpm2_quote',
      '-c',
      scheme,
      '-l',
      list,
      '-q',
      qualification,
      '-g',
      'sha256',
      '--scheme',
      scheme,
      ...files,
    );
    const all = tpm.read('pcr');
    const length = bankBytes[bank];
    const values = new Map(
      pcrs.map((pcr, index) => [pcr, all.subarray(index * length, (index + 1) * length)]),
    );
    return { message: tpm.read('msg'), signature: tpm.read('sig'), values };
  }

  for (const [, scheme] of keys) {
    for (const [bank, pcrs] of [
      ['sha256', [0, 1, 2, 3, 4, 5, 6, 7]],
      ['sha1', [7]],
      ['sha384', [0, 16, 23]],
    ] as const) {
      it(`${scheme}, ${bank} ${pcrs.join(',')}: verified, bound, with the key's Name`, async () => {
        const { message, signature, values } = quote(scheme, bank, pcrs);
        const akPublic = tpm.read(`${scheme}.pub`);
        const now = new Date();
        const container = tpmContainer({ quote: message, signature, akPublic, pcrs: values });
        const claims = await verifyTpmQuote({
          evidence: parseTpmEvidence(new TextEncoder().encode(JSON.stringify(container))),
          endorsements: {
            format: 'tpm2-quote',
            provenance: { kind: 'credential', credential: await activatedFor(akPublic, now) },
          },
          roots: [],
          expectedBinding: binding,
          now,
          provider: nodeProvider,
        });
        assert.equal(claims.binding, 'checked');
        assert.equal(claims.values.pcr_selection, `${bank}:${pcrs.join(',')}`);
      });
    }
  }

  it('a credential that the TPM activates is for the Name that is computed here', async () => {
    const area = parseAttestationKey(tpm.read('ecdsa.pub'));
    const name = await nameOf(area, nodeProvider);
    assert.deepEqual(name, tpm.read('ecdsa.name'));
    tpm.write('secret', 'thirty-two bytes of a credential');
    const make = ['-Q', '-u', 'ek.pub', '-n', encodeHex(name), '-s', 'secret', '-o', 'credential'];
    tpm.run('tpm2_makecredential', '-T', 'none', ...make);
    tpm.run('tpm2_flushcontext', '-t');
    const session = ['-S', 'session'];
    tpm.run('tpm2_startauthsession', '--policy-session', ...session);
    tpm.run('tpm2_policysecret', ...session, '-c', 'e');
    const auth = ['-P', 'session:session', '-i', 'credential', '-o', 'activated'];
    tpm.run('tpm2_activatecredential', '-c', 'ecdsa', '-C', 'ek.ctx', ...auth);
    assert.deepEqual(tpm.read('activated'), tpm.read('secret'));
  });

  /** What tpm2_checkquote answers to these files; it wants the PCRs in its own form. */
  function peer(
    scheme: string,
    message: Uint8Array,
    signature: Uint8Array,
    nonce: string,
  ): boolean {
    tpm.write('msg2', message);
    tpm.write('sig2', signature);
    const files = ['-u', `${scheme}.pem`, '-m', 'msg2', '-s', 'sig2', '-f', 'pcr2', '-g', 'sha256'];
    return tpm.succeeds('tpm2_checkquote', ...files, '-q', nonce);
  }

  async function ours(
    scheme: string,
    message: Uint8Array,
    signature: Uint8Array,
    values: ReadonlyMap<number, Uint8Array>,
    nonce: string,
  ): Promise<boolean> {
    try {
      const attest = parseTpmAttest(message);
      const parsed = parseTpmSignature(signature);
      const { publicKey } = parseAttestationKey(tpm.read(`${scheme}.pub`));
      await checkQuoteSignature(attest, parsed, publicKey, nodeProvider);
      await checkPcrDigest(attest, values, parsed.hash, nodeProvider);
      return encodeHex(attest.extraData) === nonce;
    } catch (error) {
      if (error instanceof EvidenceError) return false;
      throw error;
    }
  }

  it('the same verdict as tpm2_checkquote on 2,000 changed quotes, and on those unchanged', async () => {
    const qualification = encodeHex(nonce);
    let accepted = 0;
    // Version 5.4 of that program cannot check RSA-PSS.
    const checkable = ['rsassa', 'ecdsa'];
    for (const scheme of checkable) {
      const pcrs = [0, 1, 7];
      tpm.run('tpm2_flushcontext', '-t');
      const list = `sha256:${pcrs.join(',')}`;
      const made = ['-m', 'msg', '-s', 'sig', '-o', 'pcr2', '-g', 'sha256', '--scheme', scheme];
      tpm.run('tpm2_quote', '-c', scheme, '-l', list, '-q', qualification, ...made);
      const message = tpm.read('msg');
      const signature = tpm.read('sig');
      const { values } = quote(scheme, 'sha256', pcrs);
      const cases: [Uint8Array, Uint8Array, string][] = [
        [message, signature, qualification],
        [message, signature, '00'.repeat(32)],
        [message.subarray(0, -1), signature, qualification],
        [message, signature.subarray(0, -1), qualification],
      ];
      const flips = 2000 / checkable.length / 2;
      for (let index = 0; index < flips; index += 1) {
        const at = (bytes: Uint8Array) => Math.floor((index * 8 * bytes.length) / flips);
        cases.push([flipBit(message, at(message)), signature, qualification]);
        cases.push([message, flipBit(signature, at(signature)), qualification]);
      }
      for (const [index, [changedMessage, changedSignature, wanted]] of cases.entries()) {
        const theirs = peer(scheme, changedMessage, changedSignature, wanted);
        const mine = await ours(scheme, changedMessage, changedSignature, values, wanted);
        assert.equal(mine, theirs, `${scheme}, case ${index}`);
        if (mine) accepted += 1;
      }
    }
    assert.equal(accepted, checkable.length);
  });

  it('the values of PCRs are those that were extended', () => {
    const { values } = quote('ecdsa', 'sha256', [7]);
    const digest = nodeProvider.digest('sha256', decodeHex(`${'00'.repeat(32)}${'cd'.repeat(32)}`));
    return digest.then((expected) => assert.deepEqual(values.get(7), expected));
  });
});
