// `attest verify` and `attest show` over evidence with a TPM in it: Azure's confidential VMs, and TPM quotes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createSoftwareAk, createSoftwareAkCa, mintTpmQuote } from '@vouchsafe/verifier/testing';
import { judge, put, skip, vector } from '../../testing/evidence.js';
import { runVouchsafe } from '../../testing/stub-server.js';

const azure = (name: string): string => vector(`tpm/trustee/azure-snp-vtpm-${name}.evidence.json`);
const at = '-at=2026-01-01T00:00:00Z';

describe('Azure', { skip }, () => {
  for (const name of ['milan-v0', 'milan-v1', 'milan-v2-userdata', 'genoa']) {
    test(`SNP ${name}: accepted with the key that came along`, async () => {
      const [code, { verdict, format, claims }] = await judge(at, azure(name));
      assert.deepEqual([code, verdict, format], [0, 'accepted', 'azure-snp-vtpm']);
      assert.equal(claims.ak_provenance, 'tee');
    });
  }

  const june = 'tpm/flashbots-attested-tls/azure-tdx-vtpm-2026-06';
  const tdx = [`-collateral=${vector(`${june}.collateral.json`)}`, '-at=2026-06-23T11:56:35Z'];
  test('TDX: accepted with its collateral, refused without', async () => {
    const evidence = vector(`${june}.evidence.json`);
    const [code, { format, claims }] = await judge(...tdx, evidence);
    assert.deepEqual([code, format], [0, 'azure-tdx-vtpm']);
    assert.equal(claims.tcb_status, 'UpToDate');
    const [without, { faults }] = await judge(at, evidence);
    assert.deepEqual([without, faults[0]?.code], [4, 'collateral-missing']);
  });

  test('the report of one VM with the quote of another is refused', async () => {
    const read = (name: string) => JSON.parse(readFileSync(azure(name), 'utf8')) as object;
    const { tpm_quote } = read('milan-v2-userdata') as { tpm_quote: object };
    const mixed = put('mixed.json', JSON.stringify({ ...read('milan-v1'), tpm_quote }));
    const [code, { faults }] = await judge(at, mixed);
    assert.deepEqual([code, faults[0]?.code], [4, 'signature-invalid']);
  });

  test('a log that its PCRs do not bear out is refused', async () => {
    const log = vector('eventlog/go-tpm-tools/tpm-ubuntu-2404-amd-sevsnp.bin');
    const [code, { faults }] = await judge(at, `-eventlog=${log}`, azure('milan-v1'));
    assert.deepEqual([code, faults[0]?.code], [4, 'event-log-mismatch']);
  });

  test('show prints hardware, runtime data, quote and the events of a log', async () => {
    const log = vector('eventlog/go-tpm-tools/tpm-ubuntu-2404-amd-sevsnp.bin');
    const { code, out } = await runVouchsafe([
      'attest',
      'show',
      `-eventlog=${log}`,
      azure('genoa'),
    ]);
    assert.equal(code, 0);
    assert.match(out, /NOT VERIFIED/);
    assert.match(out, /snp\.measurement/);
    assert.match(out, /runtime\.configuration\.azure_vm_unique_id/);
    assert.match(out, /attest\.resetCount/);
    assert.match(out, /EV_EFI_VARIABLE_DRIVER_CONFIG/);
    assert.match(out, /grub_cmd: set default=0/);
  });
});

describe('a TPM quote', () => {
  const dates = { notBefore: new Date('2025-01-01'), notAfter: new Date('2040-01-01') };
  const ca = createSoftwareAkCa(dates);
  const ak = createSoftwareAk({ kind: 'ecdsa-p256' });
  const pcrs = new Map([[7, new Uint8Array(32)]]);
  const extraData = new Uint8Array(32);
  const container = mintTpmQuote({ ak, ca, ...dates }, { pcrs, extraData });

  test('by a key that nobody trusted certified is not genuine', async () => {
    const [code, { format, faults }] = await judge(at, put('q', JSON.stringify(container)));
    assert.deepEqual([code, format, faults[0]?.code], [4, 'tpm2-quote', 'chain-untrusted']);
  });

  test('without a certificate is not genuine, and can be shown', async () => {
    const path = put('q', JSON.stringify({ ...container, ak_certificates: [] }));
    const [code, { faults }] = await judge(at, path);
    assert.deepEqual([code, faults[0]?.code], [4, 'attestation-key-unproven']);
    const { out } = await runVouchsafe(['attest', 'show', path]);
    assert.match(out, /attest\.bank +sha256/);
    assert.match(out, /pcrs\.7/);
  });

  test('of another type, or with a member more, is malformed', async () => {
    for (const change of [{ trusted: true }, { quote: 'AAAA' }, { pcrs: { 7: '0' } }]) {
      const [code, { faults }] = await judge(
        at,
        put('q', JSON.stringify({ ...container, ...change })),
      );
      assert.deepEqual([code, faults[0]?.code], [4, 'malformed']);
    }
  });
});
