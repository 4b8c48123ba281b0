// Collateral as one document, and the CA that mints it for tests.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import type { EvidenceErrorCode } from '../errors.js';
import { DcapCa } from '../testing/dcap-ca.js';
import { good, now, other, reportData } from '../testing/dcap-scene.test.js';
import { mintTdxQuote } from '../testing/tdx-quote.js';
import { playTdx } from '../testing/tdx-scene.test.js';
import { parseDcapEndorsements } from './endorsements.js';

describe('parseDcapEndorsements', () => {
  const text = (change: (document: Record<string, unknown>) => void): string => {
    const document: Record<string, unknown> = {
      pck_crl_issuer_chain: 'x',
      root_ca_crl: '00',
      pck_crl: '00',
      tcb_info_issuer_chain: 'x',
      tcb_info: 'x',
      tcb_info_signature: '00',
      qe_identity_issuer_chain: 'x',
      qe_identity: 'x',
      qe_identity_signature: '00',
    };
    change(document);
    return JSON.stringify(document);
  };
  const rows: [string, EvidenceErrorCode, string][] = [
    ['no root CRL', 'crl-missing', text((d) => delete d.root_ca_crl)],
    ['an empty PCK CRL', 'crl-missing', text((d) => Object.assign(d, { pck_crl: '' }))],
    ['no TCB info', 'collateral-missing', text((d) => delete d.tcb_info)],
    [
      'a QE identity that is null',
      'collateral-missing',
      text((d) => Object.assign(d, { qe_identity: null })),
    ],
    [
      'a chain that is a number',
      'collateral-invalid',
      text((d) => Object.assign(d, { tcb_info_issuer_chain: 1 })),
    ],
    ['a CRL that is not hex', 'malformed', text((d) => Object.assign(d, { pck_crl: 'PEM' }))],
    ['a duplicate member', 'malformed', text(() => {}).replace('{', '{"pck_crl":"",')],
    ['no object', 'collateral-invalid', '"x"'],
  ];
  for (const [name, code, document] of rows) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parseDcapEndorsements(document), { code });
    });
  }
});

describe('the simulated CA', () => {
  it('is the same after a round through JSON', async () => {
    const again = DcapCa.fromJson(good.toJson());
    const quote = mintTdxQuote(again, { version: 4, report: { reportData } });
    const claims = await playTdx({ bytes: () => quote, now });
    assert.equal(claims.tcbStatus, 'UpToDate');
    assert.deepEqual(again.platform, good.platform);
  });

  it('gives each instance keys of its own', () => {
    const spki = (ca: DcapCa) =>
      createPublicKey(ca.keys.root).export({ type: 'spki', format: 'der' });
    assert.notDeepEqual(spki(good), spki(other));
  });
});
