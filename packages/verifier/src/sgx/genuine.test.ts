// Genuine quotes with genuine collateral, at the times and with the outcomes that the vectors state; and
// what must be refused although every piece of it is genuine.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy } from '../appraise/policy.js';
import { type DcapEndorsements, parseDcapEndorsements } from '../dcap/endorsements.js';
import { dcapEndorsementsFor } from '../dcap/evidence.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { decodeHex, encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import {
  assembleCollateral,
  type CollateralParts,
  facts,
  text,
  type VectorSet,
} from '../testing/dcap-vectors.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { VerifiedClaims } from '../types.js';
import { parseSgxEvidence } from './parse.js';
import { verifySgx } from './verify.js';

const phala = 'sgx/phala-dcap-qvl/sgx-v3-production.collateral.json';
/** Sets that come as single files. */
const partsOf: Readonly<Record<string, CollateralParts>> = {
  'sgx-oasis-2022-12': {
    tcbInfo: 'sgx/oasis-core/sgx-tcb-info-v3-00606a000000.json',
    qeIdentity: 'sgx/oasis-core/sgx-qe-identity-v2.json',
    tcbChain: 'sgx/oasis-core/tcb-signing-chain.pem',
    rootCrl: null,
    pckCrl: null,
  },
  'sgx-automata-2025-08': {
    tcbInfo: 'sgx/automata/sgx-tcb-info-v3-00606a000000-2025-08.json',
    qeIdentity: 'sgx/automata/sgx-qe-identity-2025-08.json',
    tcbChain: phala,
    rootCrl: 'tdx/automata/root-ca-crl-2025-03.der',
    pckCrl: 'sgx/automata/pck-platform-crl-2025-08.der',
  },
  'sgx-automata-debug-2025-05': {
    tcbInfo: 'sgx/automata/sgx-tcb-info-v3-00a067110000-2025-05.json',
    qeIdentity: null,
    tcbChain: phala,
    rootCrl: 'tdx/automata/root-ca-crl-2025-03.der',
    pckCrl: null,
  },
};

function readQuote(path: string): Uint8Array {
  return path.endsWith('.hex') ? decodeHex(text(path).trim()) : readVector(path);
}

function endorsementsOf(set: VectorSet, quote: Uint8Array): DcapEndorsements {
  const parts = partsOf[set.name];
  const { certification } = parseSgxEvidence(quote).quote;
  return parts !== undefined && certification.kind === 'pck-chain'
    ? assembleCollateral(parts, certification.pem)
    : parseDcapEndorsements(text(set.collateral));
}

function verifyAt(set: VectorSet, time: string): Promise<VerifiedClaims> {
  const quote = readQuote(set.quote);
  const evidence = parseSgxEvidence(quote);
  return verifySgx({
    evidence,
    endorsements: endorsementsOf(set, quote),
    roots: pinnedIntelRoots,
    expectedBinding: Uint8Array.from(evidence.report.reportData),
    now: new Date(time),
    provider: nodeProvider,
  });
}

const sgxSets = facts.sets.filter((set) => set.computed.tdx_module === null);
const complete = ['sgx-phala-2025-06', 'sgx-automata-2025-08'];

describe('genuine SGX quotes', { skip: skipWithoutVectors }, () => {
  it('are in six sets', () => assert.equal(sgxSets.length, 6));

  for (const set of sgxSets.filter(({ name }) => complete.includes(name))) {
    it(`${set.name}: ${set.status}`, async () => {
      const claims = await verifyAt(set, set.check_at);
      assert.equal(claims.tcbStatus, set.status);
      assert.deepEqual(claims.advisories, set.computed.advisory_ids);
      assert.equal(claims.values.tcb_date, set.computed.tcb_date);
      assert.equal(claims.values.qe_status, set.computed.qe_status);
      assert.equal(claims.values.tcb_evaluation_number, set.computed.tcb_eval_number);
      assert.equal(claims.debug, false);
    });

    const [from, to] = set.computed.all_valid_window;
    it(`${set.name}: valid from ${from} to ${to} and not a second longer`, async () => {
      await verifyAt(set, from);
      await verifyAt(set, to);
      const outside = [
        [from, -1000, /not-yet-valid$/],
        [to, 1000, /expired$/],
      ] as const;
      for (const [edge, offset, code] of outside) {
        const time = new Date(Date.parse(edge) + offset).toISOString();
        await assert.rejects(verifyAt(set, time), { code });
      }
    });

    it(`${set.name}: a policy has to accept that status`, async () => {
      const claims = await verifyAt(set, set.check_at);
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
      await assert.rejects(verifyAt(set, time), { name: 'EvidenceError', code });
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

  it('and a quote without its PCK certificate says how to ask for it', () => {
    const evidence = parseSgxEvidence(
      readVector('sgx/oasis-core/sgx-v3-cert-type-3-encrypted-ppid.quote'),
    );
    const [certificate, ...others] = dcapEndorsementsFor(evidence);
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

  it('and is refused when nobody fetched that', async () => {
    const evidence = parseSgxEvidence(
      readVector('sgx/oasis-core/sgx-v3-cert-type-3-encrypted-ppid.quote'),
    );
    const input = {
      evidence,
      endorsements: parseDcapEndorsements(text(phala)),
      roots: pinnedIntelRoots,
      expectedBinding: Uint8Array.from(evidence.report.reportData),
      now: new Date('2025-07-04T10:28:44Z'),
      provider: nodeProvider,
    };
    await assert.rejects(verifySgx(input), { code: 'collateral-missing' });
    // A genuine certificate, of another platform.
    const foreign = parseSgxEvidence(readVector('sgx/phala-dcap-qvl/sgx-v3-production.quote'));
    const { certification } = foreign.quote;
    assert.equal(certification.kind, 'pck-chain');
    const pckCertificateChain = new TextDecoder()
      .decode(certification.kind === 'pck-chain' ? certification.pem : new Uint8Array())
      .replace(/\0+$/, '');
    const endorsements = { ...input.endorsements, pckCertificateChain };
    await assert.rejects(verifySgx({ ...input, endorsements }), (error) => {
      assert.ok(error instanceof EvidenceError);
      assert.equal(error.code, 'signature-invalid');
      return true;
    });
  });
});
