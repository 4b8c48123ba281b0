// `attest verify` and `attest show` over formats that need nothing beside them, and over evidence in envelopes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { formatDcapEndorsements } from '@vouchsafe/verifier';
import { DcapCa, mintDcapCollateral, mintTdxQuote } from '@vouchsafe/verifier/testing';
import { codesOf, judge, put, raTlsCertificate, skip, vector } from '../../testing/evidence.js';
import { runVouchsafe } from '../../testing/stub-server.js';

describe('Nitro documents', { skip }, () => {
  const good = vector('nitro/dstack/nitro-production-1.cose');
  const at = '-at=2025-12-25T13:15:38Z';

  test('a genuine one is accepted at its time, with its registers, and nothing beside it', async () => {
    const [code, verdict] = await judge(at, good);
    assert.equal(code, 0);
    assert.equal(verdict.format, 'aws-nitro');
    assert.equal(verdict.debug, false);
    assert.equal(verdict.tcb_status, null);
    assert.match(String(verdict.claims.pcr0), /^5cb702954321/);
  });

  test('it is read as base64 and as hex too', async () => {
    const bytes = readFileSync(good);
    for (const encoding of ['base64', 'hex'] as const) {
      const [code] = await judge(at, put('document', bytes.toString(encoding)));
      assert.equal(code, 0);
    }
  });

  for (const [what, file, time, exit, fault] of [
    [
      'a day later',
      'nitro/dstack/nitro-production-1.cose',
      '2025-12-26T13:15:38Z',
      4,
      'certificate-expired',
    ],
    [
      'the day before',
      'nitro/dstack/nitro-production-1.cose',
      '2025-12-24T13:15:38Z',
      4,
      'certificate-not-yet-valid',
    ],
    ['in debug mode', 'nitro/dstack/nitro-debug-mode.cose', '2025-12-25T08:20:47Z', 3, 'debug'],
    [
      'with another signature',
      'bad/eternis/nitro-bad-signature.cose',
      '2024-07-23T21:29:41Z',
      4,
      'signature-invalid',
    ],
  ] as const) {
    test(`one ${what} is refused: ${fault}`, async () => {
      const [code, verdict] = await judge(`-at=${time}`, vector(file));
      assert.equal(code, exit);
      assert.equal(verdict.format, 'aws-nitro');
      assert.deepEqual(codesOf(verdict), [fault]);
    });
  }

  test('what is shown without verifying has no signature in it, and the registers', async () => {
    const { code, out } = await runVouchsafe(['attest', 'show', '-format=json', good]);
    assert.equal(code, 0);
    const shown = JSON.parse(out) as { fields: Record<string, unknown> };
    assert.equal(shown.fields.moduleId, 'i-0827e799ec9232d44-enc019b55a68bd2ed4b');
    assert.equal(shown.fields.timestamp, '2025-12-25T13:15:37.578Z');
    assert.match(String(shown.fields['pcrs.0']), /^5cb702954321/);
  });
});

describe('evidence in envelopes', { skip }, () => {
  const type = 'application/vnd.vouchsafe.aws-nitro';
  const document = () => readFileSync(vector('nitro/dstack/nitro-production-1.cose'));
  const at = '-at=2025-12-25T13:15:38Z';

  test('a CMW record is opened', async () => {
    const record = JSON.stringify([type, document().toString('base64url'), 4]);
    const [code, verdict] = await judge(at, put('evidence.cmw', record));
    assert.equal(code, 0);
    assert.equal(verdict.format, 'aws-nitro');
  });

  test('a wrapper with two pieces of evidence is refused', async () => {
    const record = [type, document().toString('base64url')];
    const [code, verdict] = await judge(
      at,
      put('evidence.cmw', JSON.stringify({ a: record, b: record })),
    );
    assert.equal(code, 4);
    assert.equal(verdict.faults[0]?.code, 'malformed');
  });

  test('an RA-TLS certificate is opened, and its quote judged by the pinned roots', async () => {
    const ca = DcapCa.create({ now: new Date() });
    const quote = mintTdxQuote(ca, { version: 5, report: {} });
    const documents = formatDcapEndorsements(mintDcapCollateral(ca, { now: new Date() }));
    const file = put('cert.der', raTlsCertificate('1.2.840.113741.1337.6', quote));
    const [code, verdict] = await judge(`-collateral=${put('collateral.json', documents)}`, file);
    assert.equal(code, 4);
    assert.equal(verdict.format, 'tdx-dcap');
    assert.equal(verdict.faults[0]?.code, 'chain-untrusted');
  });

  test('a certificate without evidence is refused', async () => {
    const [code, verdict] = await judge(
      put('cert.der', raTlsCertificate('1.2.3', new Uint8Array(1))),
    );
    assert.equal(code, 4);
    assert.equal(verdict.faults[0]?.code, 'unsupported-format');
  });
});
