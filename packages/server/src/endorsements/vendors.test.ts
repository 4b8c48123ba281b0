import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type SgxEvidence, snpEndorsementsFor } from '@vouchsafe/verifier';
import { DcapCa, mintDcapCollateral } from '@vouchsafe/verifier/testing';
import { type VendorAnswer, VendorFault, type VendorGet } from './https-get.js';
import { MintedChips, pemText, sgxQuoteOf, tdxQuoteOf } from './testing/minted-evidence.js';
import { type Answer, servePcs, VendorServer } from './testing/vendor-server.js';
import { kdsSource } from './vendor-kds.js';
import { pcsSource } from './vendor-pcs.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const clock = (): number => NOW.getTime();
const validity = { notBefore: NOW, notAfter: new Date('2027-01-01T00:00:00Z') };
const FMSPC = 'f0f1f2000000';
const ca = DcapCa.create({ now: NOW });
const collateral = mintDcapCollateral(ca, { now: NOW });
const quote = tdxQuoteOf(ca);
const levels = { bootloader: 3, tee: 0, snp: 8, microcode: 115 };
const chips = new MintedChips({ product: 'genoa', levels, ...validity });
const { amd } = chips;
const chipId = new Uint8Array(64).fill(9);
const vcek = chips.certificateOf(chipId);
const crl = chips.crl(NOW, validity.notAfter);
const report = chips.reportOf(chipId);

let server: VendorServer;
before(async () => {
  server = await VendorServer.start('http');
});
after(async () => server.close());

function serve(): void {
  server.answers.clear();
  server.asked.length = 0;
  servePcs(server, collateral, { fmspc: FMSPC, ca: 'platform' });
  for (const { kind, id } of snpEndorsementsFor(report)) {
    if (kind === 'vcek') server.answers.set(id, { body: vcek });
    if (kind === 'crl') server.answers.set(id, { body: crl });
    if (kind === 'authority') {
      server.answers.set(id, {
        body: pemText('CERTIFICATE', amd.ask.der) + pemText('CERTIFICATE', amd.ark.der),
      });
    }
  }
}

const TCB = `/tdx/certification/v4/tcb?fmspc=${FMSPC}`;
const IDENTITY = '/tdx/certification/v4/qe/identity';
const PCK_CRL = '/sgx/certification/v4/pckcrl?ca=platform&encoding=der';
const ROOT_CRL = '/sgx/certification/v4/rootcacrl';

for (const suffix of ['', '/', '/sgx/certification/v4/', '/tdx/certification/v4']) {
  test(`four documents of a PCCS make the collateral of a quote (setting "…${suffix}")`, async () => {
    serve();
    const source = pcsSource(server.client({ clock }), server.url + suffix);
    assert.deepEqual(await source.findDcap(quote, NOW), [collateral]);
    assert.deepEqual([...server.asked].sort(), [PCK_CRL, ROOT_CRL, TCB, IDENTITY].sort());
  });
}

const ofSgx = mintDcapCollateral(ca, { now: NOW, tee: 'SGX' });
const SGX_TCB = `/sgx/certification/v4/tcb?fmspc=${FMSPC}`;
const SGX_IDENTITY = '/sgx/certification/v4/qe/identity';

test('a quote about an enclave has documents of its own', async () => {
  serve();
  servePcs(server, ofSgx, { fmspc: FMSPC, ca: 'platform' });
  const source = pcsSource(server.client({ clock }), server.url);
  assert.deepEqual(await source.findDcap(sgxQuoteOf(ca, {}), NOW), [ofSgx]);
  assert.deepEqual([...server.asked].sort(), [PCK_CRL, ROOT_CRL, SGX_TCB, SGX_IDENTITY].sort());
});

/** Certification data of type 1 or 3: PPID, CPUSVN, PCESVN, PCEID. */
const named = (type: 1 | 3): SgxEvidence =>
  sgxQuoteOf(ca, {
    certificationType: type,
    certificationData: Buffer.concat([
      Buffer.alloc(type === 1 ? 16 : 384, 7),
      Buffer.from(ca.platform.cpuSvn),
      Buffer.of(ca.platform.pceSvn, 0, 0, 0),
    ]),
  });
const cpuSvn = Buffer.from(ca.platform.cpuSvn).toString('hex');
const SVNS = `cpusvn=${cpuSvn}&pcesvn=0b00&pceid=0000`;
const [leaf = '', ...issuers] = ca.chainPem('pck').split(/(?=-----BEGIN)/);
const certificate: Answer = {
  headers: { 'SGX-PCK-Certificate-Issuer-Chain': encodeURIComponent(issuers.join('')) },
  body: leaf,
};

for (const [type, ppid] of [
  [1, ''],
  [3, `encrypted_ppid=${'07'.repeat(384)}&`],
] as const) {
  test(`a PCCS is asked for the certificate of a platform named by type ${type}`, async () => {
    serve();
    servePcs(server, ofSgx, { fmspc: FMSPC, ca: 'platform' });
    const path = `/sgx/certification/v4/pckcert?qeid=${'00'.repeat(16)}&${ppid}${SVNS}`;
    server.answers.set(path, certificate);
    const [found, ...others] = await pcsSource(server.client({ clock }), server.url).findDcap(
      named(type),
      NOW,
    );
    assert.equal(server.asked[0], path);
    assert.equal(found?.pckCertificateChain, ca.chainPem('pck').replace('\n\n', '\n'));
    assert.deepEqual({ ...found, pckCertificateChain: null }, ofSgx);
    assert.equal(others.length, 0);
  });
}

test('Intel is asked about an encrypted PPID only, and not by the id of an enclave', async () => {
  const asked: string[] = [];
  const client: VendorGet = {
    get: (url) => {
      asked.push(url);
      return Promise.reject(new VendorFault('status', '401'));
    },
  };
  assert.deepEqual(await pcsSource(client, null).findDcap(named(1), NOW), []);
  assert.deepEqual(asked, []);
  await assert.rejects(pcsSource(client, null).findDcap(named(3), NOW), VendorFault);
  const query = `encrypted_ppid=${'07'.repeat(384)}&${SVNS}`;
  assert.deepEqual(asked, [
    `https://api.trustedservices.intel.com/sgx/certification/v4/pckcert?${query}`,
  ]);
});

const badCertificates: readonly [string, Answer][] = [
  ['no certificate', { ...certificate, body: '' }],
  ['two certificates', { ...certificate, body: ca.chainPem('pckCa') }],
  ['a certificate that is none', { ...certificate, body: leaf.replace(/M/g, 'N') }],
  ['a certificate without its chain', { body: leaf }],
  ['a refusal', { status: 404 }],
];
for (const [what, answer] of badCertificates) {
  test(`a PCCS that gives ${what} for a platform gives nothing`, async () => {
    serve();
    servePcs(server, ofSgx, { fmspc: FMSPC, ca: 'platform' });
    const path = `/sgx/certification/v4/pckcert?qeid=${'00'.repeat(16)}&${SVNS}`;
    server.answers.set(path, answer);
    const source = pcsSource(server.client({ clock }), server.url);
    await assert.rejects(source.findDcap(named(1), NOW));
  });
}

test("Intel's own root list is fetched from where Intel has it", async () => {
  const asked: string[] = [];
  const client: VendorGet = {
    get: async (url): Promise<VendorAnswer> => {
      asked.push(url);
      return { headers: new Map(), body: Buffer.from('{"tcbInfo":{},"signature":"00"}') };
    },
  };
  await assert.rejects(pcsSource(client, null).findDcap(quote, NOW));
  assert.equal(asked[0], `https://api.trustedservices.intel.com${TCB}`);
  assert.ok(asked.includes('https://certificates.trustedservices.intel.com/IntelSGXRootCA.der'));
});

const chain = { 'tcb-info-issuer-chain': 'x' };
const badPcs: readonly [string, string, Answer][] = [
  ['a platform that it does not know', TCB, { status: 404 }],
  ['TCB info without its issuer chain', TCB, { body: '{"tcbInfo":{},"signature":"00"}' }],
  ['TCB info that is no JSON', TCB, { headers: chain, body: '<html>' }],
  ['TCB info without a signature', TCB, { headers: chain, body: '{"tcbInfo":{}}' }],
  ['the QE identity in place of the TCB info', TCB, { body: '{"enclaveIdentity":{}}' }],
  [
    'an issuer chain that is badly encoded',
    TCB,
    {
      headers: { 'tcb-info-issuer-chain': '%zz' },
      body: '{"tcbInfo":{},"signature":"00"}',
    },
  ],
  ['no QE identity', IDENTITY, { status: 404 }],
  ['a QE identity over the limit', IDENTITY, { body: 'x'.repeat(600_000) }],
  ['a PCK list that is none', PCK_CRL, { body: 'hello' }],
  ['an empty PCK list', PCK_CRL, { body: '' }],
  ['a root list that is none', ROOT_CRL, { body: 'abcdef' }],
  ['a root list that is cut short', ROOT_CRL, 'cut-short'],
];
for (const [what, path, answer] of badPcs) {
  test(`a PCCS that gives ${what} gives nothing`, async () => {
    serve();
    server.answers.set(path, answer);
    const source = pcsSource(server.client({ clock }), server.url);
    await assert.rejects(source.findDcap(quote, NOW));
  });
}

test('a chip is asked for by its id and its TCB, and comes with its authority', async () => {
  serve();
  const source = kdsSource(server.client({ clock }), server.url);
  assert.deepEqual(await source.findSnpKeys(report, NOW), [
    { endorsementKey: vcek, authority: amd.ask.der },
  ]);
  const id = Buffer.from(chipId).toString('hex');
  const path = `/vcek/v1/Genoa/${id}?blSPL=3&teeSPL=0&snpSPL=8&ucodeSPL=115`;
  assert.deepEqual(server.asked, [path, '/vcek/v1/Genoa/cert_chain']);
});

test("the root's list is asked for by product", async () => {
  serve();
  const source = kdsSource(server.client({ clock }), `${server.url}/`);
  assert.deepEqual(await source.findSnpCrls(report, NOW), [crl]);
  assert.deepEqual(server.asked, ['/vcek/v1/Genoa/crl']);
});

test('a chip that the service does not know is no fault', async () => {
  server.answers.clear();
  const source = kdsSource(server.client({ clock }), server.url);
  assert.deepEqual(await source.findSnpKeys(report, NOW), []);
  assert.deepEqual(await source.findSnpCrls(report, NOW), []);
});

const badKds: readonly [string, 'vcek' | 'authority' | 'crl', Answer][] = [
  ['a key that is no certificate', 'vcek', { body: 'hello' }],
  ['a key over the limit', 'vcek', { body: 'x'.repeat(20_000) }],
  ['a chain that is no PEM', 'authority', { body: 'hello' }],
  ['an empty chain', 'authority', { body: '' }],
  ['a list that is none', 'crl', { body: 'hello' }],
  ['a refusal for asking too often', 'vcek', { status: 429 }],
];
for (const [what, kind, answer] of badKds) {
  test(`a KDS that gives ${what} gives nothing`, async () => {
    serve();
    const ref = snpEndorsementsFor(report).find((each) => each.kind === kind);
    server.answers.set(ref?.id ?? '', answer);
    const source = kdsSource(server.client({ clock }), server.url);
    await assert.rejects(
      kind === 'crl' ? source.findSnpCrls(report, NOW) : source.findSnpKeys(report, NOW),
    );
  });
}

test('neither vendor is asked about what the other one makes', async () => {
  serve();
  const client = server.client({ clock });
  assert.deepEqual(await kdsSource(client, server.url).findDcap(quote, NOW), []);
  assert.deepEqual(await pcsSource(client, server.url).findSnpKeys(report, NOW), []);
  assert.deepEqual(await pcsSource(client, server.url).findSnpCrls(report, NOW), []);
  assert.deepEqual(server.asked, []);
});

test('a service that is held back says so, and does not count as "has no such thing"', async () => {
  const client: VendorGet = {
    get: () => Promise.reject(new VendorFault('held-back', 'example: not asked')),
  };
  await assert.rejects(kdsSource(client, 'https://example').findSnpKeys(report, NOW), VendorFault);
});
