import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pinnedIntelRoots } from './dcap/roots.js';
import { encodeBase64, encodeBase64Url } from './encoding/base64.js';
import { encodeHex } from './encoding/hex.js';
import { appraise, defaultAppraisalPolicy } from './index.js';
import { nodeProvider } from './provider-node.js';
import { webProvider } from './provider-web.js';
import type { AnyEndorsements } from './registry.js';
import { mintDcapCollateral } from './testing/dcap-collateral.js';
import { good, now, reportData } from './testing/dcap-scene.test.js';
import { mintTdxQuote } from './testing/tdx-quote.js';
import { readVector, skipWithoutVectors } from './testing/vectors.test.js';
import { type EvidenceFormat, evidenceFormats } from './types.js';
import {
  endorsementsFor,
  findFormat,
  parseEvidence,
  pinnedRootsOf,
  verifyEvidence,
} from './verify.js';

const quote = mintTdxQuote(good, { version: 4, report: { reportData } });

describe('parseEvidence reads a quote as', () => {
  const rows: [string, Uint8Array | string][] = [
    ['bytes', quote],
    ['hex', encodeHex(quote)],
    ['upper-case hex', encodeHex(quote).toUpperCase()],
    ['hex with 0x', `0x${encodeHex(quote)}`],
    ['hex in lines', encodeHex(quote).replace(/.{64}/g, '$&\r\n')],
    ['base64', encodeBase64(quote)],
    ['base64 in lines', ` ${encodeBase64(quote).replace(/.{64}/g, '$&\n')}\n`],
    ['base64url', encodeBase64Url(quote)],
    ['a file of hex', new TextEncoder().encode(`${encodeHex(quote)}\n`)],
    ['a file of base64', new TextEncoder().encode(encodeBase64(quote))],
  ];
  for (const [name, input] of rows) {
    it(name, () => {
      for (const format of ['detect', 'tdx-dcap'] as const) {
        const evidence = parseEvidence(input, format);
        assert.equal(evidence.format, 'tdx-dcap');
        assert.deepEqual(evidence.format === 'tdx-dcap' && evidence.report.reportData, reportData);
      }
    });
  }
});

describe('parseEvidence refuses', () => {
  const rows: [string, Uint8Array | string, EvidenceFormat | 'detect', string][] = [
    ['nothing', '', 'detect', 'unsupported-format'],
    ['no bytes', new Uint8Array(), 'detect', 'unsupported-format'],
    ['other bytes', new Uint8Array(2000), 'detect', 'unsupported-format'],
    ['prose', 'this is not evidence at all!', 'detect', 'malformed'],
    ['a megabyte', 'ab'.repeat(524_288), 'detect', 'malformed'],
    ['a quote as a report', quote, 'sev-snp', 'trailing-data'],
    ['base64 with a hole', `${encodeBase64(quote).slice(0, 99)}*`, 'detect', 'malformed'],
    ['a format without its types', quote, 'sgx' as EvidenceFormat, 'unsupported-format'],
  ];
  for (const [name, input, format, code] of rows) {
    it(name, () => {
      assert.throws(() => parseEvidence(input, format), { name: 'EvidenceError', code });
    });
  }
});

describe('verifyEvidence', () => {
  const endorsements = mintDcapCollateral(good, { now });
  const input = {
    evidence: parseEvidence(quote, 'detect'),
    endorsements,
    roots: good.roots,
    expectedBinding: reportData,
    now,
  };

  for (const [name, provider] of Object.entries({ nodeProvider, webProvider })) {
    it(`leads from bytes to a result with ${name}`, async () => {
      const claims = await verifyEvidence({ ...input, provider });
      assert.equal(appraise(claims, defaultAppraisalPolicy, []).status, 'affirming');
    });
  }

  it('refuses endorsements of another format', async () => {
    const foreign = { ...endorsements, format: 'sev-snp' } as unknown as AnyEndorsements;
    await assert.rejects(
      verifyEvidence({ ...input, endorsements: foreign, provider: nodeProvider }),
      { code: 'collateral-mismatch' },
    );
  });

  it('says what to fetch', () => {
    assert.deepEqual(endorsementsFor(input.evidence), [
      { kind: 'tcb-info', id: 'f0f1f2000000' },
      { kind: 'qe-identity', id: 'TD_QE' },
      { kind: 'pck-crl', id: 'platform' },
      { kind: 'root-ca-crl', id: 'intel-sgx-root-ca' },
    ]);
  });
});

describe('findFormat', { skip: skipWithoutVectors }, () => {
  const rows: [string, EvidenceFormat | null][] = [
    ['tdx/go-tdx-guest/tdx-v5-production.quote', 'tdx-dcap'],
    ['tdx/trustee/tdx-v4-debug.quote', 'tdx-dcap'],
    ['snp/go-sev-guest/snp-v2-milan-debug.report', 'sev-snp'],
    ['sgx/phala-dcap-qvl/sgx-v3-production.quote', 'sgx-dcap'],
    ['sgx/oasis-core/sgx-v3-cert-type-3-encrypted-ppid.quote', 'sgx-dcap'],
    ['bad/eternis/nitro-bad-signature.cose', 'aws-nitro'],
  ];
  for (const [path, format] of rows) {
    it(`${path} is ${format ?? 'not known'}`, () => {
      assert.equal(findFormat(readVector(path)), format);
    });
  }
});

describe('pinnedRootsOf', () => {
  for (const format of evidenceFormats) {
    it(`knows whom ${format} leads to`, () => {
      assert.ok(Array.isArray(pinnedRootsOf(format)));
    });
  }

  it('gives the roots of the vendor', () => {
    assert.equal(pinnedRootsOf('tdx-dcap'), pinnedIntelRoots);
  });

  it('refuses a format that is none', () => {
    assert.throws(() => pinnedRootsOf('sgx' as EvidenceFormat), { code: 'unsupported-format' });
  });
});
