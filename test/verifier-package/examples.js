// What the reader of the verifier's README has at hand when an example begins, minted: evidence of software vendor CAs,
// whose roots stand in for the pinned ones. One entry per example, by its name.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import {
  compositeBindings,
  earProfile,
  formatDcapEndorsements,
  parseEvidence,
  sessionNonce,
  verifyEvidence,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import {
  createSoftwareAk,
  createSoftwareAkCa,
  createSoftwareAmd,
  createSoftwareNitro,
  createSoftwareNvidia,
  createTokenIssuer,
  DcapCa,
  extendAll,
  maaPayload,
  mintAmdCrl,
  mintCertificate,
  mintDcapCollateral,
  mintGpuReport,
  mintNitroDocument,
  mintSnpReport,
  mintTdxQuote,
  mintToken,
  mintTpmQuote,
  mintVek,
  writeAgileLog,
} from '@vouchsafe/verifier/testing';

const now = new Date();
const hours = (count) => new Date(now.getTime() + count * 3_600_000);
const validity = { notBefore: hours(-24), notAfter: hours(24 * 365) };
const expectedBinding = Uint8Array.from({ length: 64 }, (_, index) => index + 1);
const pem = (ders) =>
  ders
    .map((der) => Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trim())
    .map((text) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`)
    .join('');
const rootOf = (der) => [{ kind: 'certificate', der }];
const flipped = (bytes, at) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
const refused = (code) => ({ name: 'EvidenceError', code });

const intel = DcapCa.create({ now });
const collateralText = formatDcapEndorsements(mintDcapCollateral(intel, { now }));
const quoteFor = (reportData) => mintTdxQuote(intel, { version: 5, report: { reportData } });
const tdx = () => ({
  quote: quoteFor(expectedBinding),
  collateralText,
  pinnedIntelRoots: intel.roots,
  expectedBinding,
});

const amd = createSoftwareAmd({ product: 'milan', ...validity });
function snp() {
  const levels = { bootloader: 4, tee: 0, snp: 24, microcode: 219 };
  const chipId = new Uint8Array(64).fill(7);
  const key = mintVek(amd, { signer: 'vcek', levels, hwid: chipId, ...validity });
  const measurement = new Uint8Array(48).fill(0xaa);
  const fields = { version: 3, product: 'milan', signer: 'vcek', measurement, chipId, levels };
  return {
    report: mintSnpReport({ ...fields, reportData: expectedBinding }, key.privateKey),
    chainPem: pem([key.der, amd.ask.der, amd.ark.der]),
    crl: mintAmdCrl(amd.ark, { thisUpdate: hours(-1), nextUpdate: hours(24), revoked: [] }),
    pinnedAmdRoots: rootOf(amd.ark.der),
    expectedBinding,
  };
}

const aws = createSoftwareNitro(validity);
function nitro() {
  const pcrs = new Map([0, 1, 2].map((index) => [index, new Uint8Array(48).fill(index + 1)]));
  const fields = { timestamp: now, pcrs, userData: expectedBinding };
  return {
    document: mintNitroDocument(aws, { fields }),
    pinnedNitroRoots: rootOf(aws.root),
    expectedBinding,
  };
}

const akCa = createSoftwareAkCa(validity);
const ak = createSoftwareAk({ kind: 'ecdsa-p256' });
const events = [0, 4, 7].map((index) => ({ index, type: 4, data: new Uint8Array(4) }));
const pcrs = new Map(extendAll(events, 'sha256'));
async function tpm() {
  const extraData = await sessionNonce(expectedBinding, nodeProvider);
  const container = mintTpmQuote({ ak, ca: akCa, ...validity }, { pcrs, extraData });
  return {
    container: JSON.stringify(container),
    pinnedVtpmRoots: rootOf(akCa.root.der),
    expectedBinding,
  };
}

const azure = createTokenIssuer('RS256');
function token() {
  const issuedAt = Math.floor(now.getTime() / 1000) - 10;
  const issuer = 'https://example.eus.attest.azure.net';
  const session = { issuer, binding: expectedBinding, issuedAt, expiresAt: issuedAt + 3600 };
  return {
    token: mintToken(azure, maaPayload(session, 'sgx'), {}),
    jwksText: azure.jwks,
    expectedBinding,
  };
}

const nvidia = createSoftwareNvidia({ ...validity, notAfter: new Date('9999-01-01') });
async function composite() {
  const composition = { lead: 'tdx-dcap', gpu0: 'nvidia-gpu' };
  const bindings = await compositeBindings(expectedBinding, composition, nodeProvider);
  const nonce = await sessionNonce(bindings.get('gpu0'), nodeProvider);
  return {
    ...tdx(),
    quote: quoteFor(bindings.get('lead')),
    gpuReport: mintGpuReport(nvidia, { nonce }),
    gpuChainPem: pem(nvidia.chain),
    pinnedNvidiaRoots: rootOf(nvidia.root),
    firmwareDigest: 'a1'.repeat(48),
  };
}

/** As Gramine writes it: REPORT_DATA begins with the hash of the certificate's key. */
function envelope() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const reportData = new Uint8Array(64);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  reportData.set(createHash('sha256').update(spki).digest());
  const certificate = mintCertificate({
    subject: { CN: 'RATLS' },
    issuer: { CN: 'RATLS' },
    serial: 1,
    ...validity,
    publicKey,
    signingKey: privateKey,
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ca: 'bare',
    extensions: [{ oid: '1.2.840.113741.1337.6', value: quoteFor(reportData) }],
  });
  return { ...tdx(), certificate };
}

async function reference() {
  const { container, pinnedVtpmRoots: roots } = await tpm();
  const provenance = {
    kind: 'certificate',
    intermediates: [],
    revocation: { kind: 'not-checked' },
  };
  const claims = await verifyEvidence({
    evidence: parseEvidence(container, 'tpm2-quote'),
    endorsements: { format: 'tpm2-quote', provenance },
    roots,
    expectedBinding,
    now,
    provider: nodeProvider,
  });
  const knownPcr4 = Buffer.from(pcrs.get(4)).toString('hex');
  return { claims, logBytes: writeAgileLog(events, ['sha256']), knownPcr4 };
}

const checked = (format) => (given) => {
  assert.equal(given.claims.format, format);
  assert.equal(given.claims.binding, 'checked');
};
const affirming = ({ result }) => assert.equal(result.status, 'affirming');
const otherBinding = () => ({ expectedBinding: flipped(expectedBinding, 63) });

export const examples = {
  quote: {
    given: tdx,
    wanted: ['wanted', 'claims', 'result'],
    check: (given) => {
      checked('tdx-dcap')(given);
      affirming(given);
      assert.ok(given.wanted.some(({ kind }) => kind === 'tcb-info'));
    },
    spoiled: () => ({ quote: flipped(quoteFor(expectedBinding), 200) }),
    code: refused('signature-invalid'),
  },
  snp: {
    given: snp,
    wanted: ['claims'],
    check: checked('sev-snp'),
    spoiled: () => ({ crl: new Uint8Array(8) }),
    code: refused('malformed'),
  },
  nitro: {
    given: nitro,
    wanted: ['claims'],
    check: checked('aws-nitro'),
    spoiled: otherBinding,
    code: refused('binding-mismatch'),
  },
  tpm: {
    given: tpm,
    wanted: ['claims'],
    check: checked('tpm2-quote'),
    spoiled: () => ({ pinnedVtpmRoots: [] }),
    code: refused('chain-untrusted'),
  },
  token: {
    given: token,
    wanted: ['claims'],
    check: checked('azure-maa'),
    spoiled: () => ({ jwksText: createTokenIssuer('RS256').jwks }),
    code: refused('signature-invalid'),
  },
  composite: {
    given: composite,
    wanted: ['result'],
    check: affirming,
    spoiled: otherBinding,
    code: refused('binding-mismatch'),
  },
  envelope: {
    given: envelope,
    wanted: ['claims', 'envelope'],
    check: checked('tdx-dcap'),
    spoiled: () => ({ pinnedIntelRoots: [] }),
    code: refused('chain-untrusted'),
  },
  reference: {
    given: reference,
    wanted: ['result', 'ear'],
    check: (given) => {
      assert.deepEqual(given.result.faults, []);
      affirming(given);
      assert.equal(given.ear.eat_profile, earProfile);
      assert.deepEqual(Object.keys(given.ear.submods), ['tpm2-quote']);
    },
    spoiled: () => ({ logBytes: writeAgileLog(events.slice(1), ['sha256']) }),
    code: refused('event-log-mismatch'),
  },
  browser: {
    given: tdx,
    wanted: ['claims'],
    check: checked('tdx-dcap'),
    spoiled: otherBinding,
    code: refused('binding-mismatch'),
  },
};
