// Genuine quotes about enclaves with genuine collateral, at the times and with the outcomes that the vectors state.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy } from '../appraise/policy.js';
import { judgesSets, verifyQuoteOf, verifySet } from '../dcap/conformance-genuine.test.js';
import { dcapEndorsementsFor } from '../dcap/evidence.js';
import { decodeHex, encodeHex } from '../encoding/hex.js';
import { facts, readCollateral, readQuote, text } from '../testing/dcap-vectors.test.js';
import { sgxFormat } from '../testing/sgx-scene.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import { parseSgxEvidence } from './parse.js';

const sgxSets = facts.sets.filter((set) => set.computed.tdx_module === null);
const complete = ['sgx-phala-2025-06', 'sgx-automata-2025-08'];
const completeSets = sgxSets.filter(({ name }) => complete.includes(name));

judgesSets(
  sgxFormat,
  completeSets.map((set) => [set, null]),
  (claims) => assert.equal(claims.debug, false),
);

describe('genuine SGX quotes', { skip: skipWithoutVectors }, () => {
  it('are in six sets', () => assert.equal(sgxSets.length, 6));

  for (const set of completeSets) {
    it(`${set.name}: a policy has to accept that status`, async () => {
      const claims = await verifySet(sgxFormat, set, set.check_at);
      const judge = (tcb_statuses: readonly string[]) =>
        appraise(
          claims,
          parseAppraisalPolicy({ name: 'p', formats: { 'sgx-dcap': { tcb_statuses } } }),
          [],
        );
      assert.deepEqual(
        judge(['UpToDate']).faults.map(({ code }) => code),
        ['tcb-status'],
      );
      assert.equal(judge([set.status]).status, 'affirming');
    });
  }

  const refused: [string, string, string][] = [
    ['sgx-oasis-2022-12', '2023-01-01T23:12:53Z', 'crl-missing'],
    ['sgx-automata-debug-2025-05', '2025-05-20T20:44:18Z', 'crl-missing'],
    ['sgx-ravl-coffee-lake', '2021-04-15T00:00:00Z', 'certificate-not-yet-valid'],
    ['sgx-ravl-coffee-lake', '2022-08-20T00:00:00Z', 'collateral-expired'],
    ['sgx-ravl-ice-lake', '2021-05-01T00:00:00Z', 'certificate-not-yet-valid'],
    ['sgx-ravl-ice-lake', '2022-08-20T00:00:00Z', 'collateral-expired'],
  ];
  for (const [name, time, code] of refused) {
    it(`${name} at ${time}: refused, ${code}`, async () => {
      const set = sgxSets.find((candidate) => candidate.name === name);
      assert.ok(set);
      await assert.rejects(verifySet(sgxFormat, set, time), { name: 'EvidenceError', code });
    });
  }
});

/** Every quote about an enclave that the vectors have, in whatever it is wrapped. */
function quoteIn(path: string): Uint8Array {
  if (path.endsWith('.att.json')) {
    const { evidence } = JSON.parse(text(path)) as { evidence: string };
    return Uint8Array.from(Buffer.from(evidence, 'base64'));
  }
  if (!path.endsWith('.json')) return readQuote(path);
  const { QuoteHex } = JSON.parse(text(path)) as { QuoteHex: string };
  const quote = decodeHex(QuoteHex);
  // Open Enclave puts 16 bytes of its own before the quote.
  return path.includes('open-enclave') ? quote.subarray(16) : quote;
}

const quoteFiles = facts.files.filter(
  ({ file, facts: stated }) => file.startsWith('sgx/') && stated.quote_version !== undefined,
);

describe('every SGX quote says what the vectors say', { skip: skipWithoutVectors }, () => {
  it('there are many', () => assert.ok(quoteFiles.length >= 14, String(quoteFiles.length)));

  for (const { file, facts: stated } of quoteFiles) {
    it(file, () => {
      const { quote, report } = parseSgxEvidence(quoteIn(file));
      assert.equal(quote.version, stated.quote_version);
      assert.equal(encodeHex(report.mrEnclave), stated.mrenclave);
      assert.equal(encodeHex(report.mrSigner), stated.mrsigner);
      assert.equal(encodeHex(report.reportData), stated.reportdata);
      assert.equal(report.isvProdId, stated.isvprodid);
      assert.equal(report.isvSvn, stated.isvsvn);
      assert.equal(quote.qeReport.isvSvn, stated.qe_isvsvn);
      assert.equal(((report.attributes[0] ?? 0) & 2) !== 0, stated.debug);
    });
  }
});

describe('a quote without its PCK certificate', { skip: skipWithoutVectors }, () => {
  const readNamed = () => readVector('sgx/oasis-core/sgx-v3-cert-type-3-encrypted-ppid.quote');

  it('says how to ask for it', () => {
    const [certificate, ...others] = dcapEndorsementsFor(parseSgxEvidence(readNamed()));
    assert.equal(certificate?.kind, 'pck-certificate');
    assert.match(
      certificate?.id ?? '',
      /^qeid=[0-9a-f]{32}&encrypted_ppid=[0-9a-f]{768}&cpusvn=[0-9a-f]{32}&pcesvn=[0-9a-f]{4}&pceid=0000$/,
    );
    assert.deepEqual(
      others.map(({ kind }) => kind),
      ['qe-identity', 'root-ca-crl'],
    );
  });

  it('is refused when nobody fetched that, and with a genuine one of another platform', async () => {
    const at = new Date('2025-07-04T10:28:44Z');
    const path = 'sgx/phala-dcap-qvl/sgx-v3-production';
    const endorsements = readCollateral(`${path}.collateral.json`);
    await assert.rejects(verifyQuoteOf(sgxFormat, readNamed(), endorsements, at), {
      code: 'collateral-missing',
    });
    const { certification } = parseSgxEvidence(readVector(`${path}.quote`)).quote;
    assert.ok(certification.kind === 'pck-chain');
    const pckCertificateChain = new TextDecoder().decode(certification.pem).replace(/\0+$/, '');
    const foreign = { ...endorsements, pckCertificateChain };
    await assert.rejects(verifyQuoteOf(sgxFormat, readNamed(), foreign, at), {
      code: 'signature-invalid',
    });
  });
});
