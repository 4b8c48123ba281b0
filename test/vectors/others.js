// The files of the other formats that no verdict of the command needs: roots, parts, containers of others, decoded
// results. Each check names the files that it opens.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import {
  amdCertificates,
  findFormat,
  parseAttestationKey,
  parseCertificate,
  parseEvidence,
  parseJwks,
  pinnedNitroRoots,
  pinnedNvidiaRoots,
  pinnedVtpmRoots,
} from '@vouchsafe/verifier';
import { tpmContainer } from '@vouchsafe/verifier/testing';
import { root } from '../../tools/setup.js';
import { judge, show } from './command.js';
import { bytesOf, evidenceIn, factsOf, jsonOf, open, put, textOf } from './folder.js';
import { fieldsOf, includes, isPinned, pemsOf, sameTexts, sha256 } from './reading.js';

const load = (path) => import(join(root, 'packages/verifier/dist', path));
const { parseHclReport } = await load('azure/hcl-report.js');
const { parseRuntimeData } = await load('azure/runtime-data.js');
const { parseTpmAttest, parseTpmSignature } = await load('tpm/attest.js');
const { checkQuoteSignature } = await load('tpm/quote.js');
const { parsePublicKey } = await load('pki/algorithm.js');
const { nodeProvider } = await load('provider-node.js');

const fromBase64 = (text) => new Uint8Array(Buffer.from(text, 'base64'));
const derOf = (path) => (bytesOf(path)[0] === 0x30 ? bytesOf(path) : pemsOf(path)[0]);

const amd = (product, signer, path) => [
  'is the authority and the root that are built in',
  [path],
  () => {
    const [authority, ark] = pemsOf(path);
    assert.deepEqual(authority, amdCertificates[product][signer]);
    assert.deepEqual(ark, amdCertificates[product].ark);
  },
];
const products = ['milan', 'genoa', 'turin'].flatMap((product) => [
  amd(product, 'ask', `roots/amd-ark-ask-${product}.pem`),
  amd(product, 'asvk', `roots/amd-ark-asvk-${product}-vlek.pem`),
]);

/** Each is signed by the next; the last is pinned. */
const leadsTo = (roots, ...paths) => [
  'leads to a pinned root',
  paths,
  () => {
    const chain = paths.map((path) => new X509Certificate(Buffer.from(derOf(path))));
    for (const [index, certificate] of chain.entries()) {
      const issuer = chain[index + 1] ?? certificate;
      assert.ok(certificate.verify(issuer.publicKey), paths[index]);
      assert.equal(parseCertificate(derOf(paths[index])).raw.length, certificate.raw.length);
    }
    isPinned(roots, Buffer.from(derOf(paths[paths.length - 1])));
  },
];
const gce = (name, intermediate) =>
  leadsTo(
    pinnedVtpmRoots,
    `tpm/go-tpm-tools/gce-ak-${name}-sign.pem`,
    `roots/gcp-vtpm-${intermediate}.crt`,
    name.startsWith('pca')
      ? 'roots/gcp-vtpm-gcp-ek-ak-ca-root.crt'
      : 'roots/gcp-vtpm-tpm-ek-root-1.cer',
  );

const oak = (name) => [
  'holds the report that lies beside it, and is none that is known',
  [`snp/oak/${name}.evidence.binarypb`, `snp/oak/${name}.report`],
  () => {
    const whole = bytesOf(`snp/oak/${name}.evidence.binarypb`);
    includes(whole, bytesOf(`snp/oak/${name}.report`));
    assert.equal(findFormat(whole), null);
  },
];

const hcl = (path, hardware) => [
  `is an HCL report of ${hardware}, with a key in its runtime data`,
  [path],
  () => {
    const report = parseHclReport(bytesOf(path));
    assert.equal(report.hardware, hardware);
    assert.equal(parseRuntimeData(report.runtimeData).attestationKey.kind, 'rsa');
  },
];

const pcrFile = (path, exit) => [
  exit === 0 ? 'are the PCRs of the document' : 'are PCRs that the document must not meet',
  [path, 'nitro/evervault/nitro-production-2023.cose'],
  async () => {
    const { pcrs } = jsonOf(path);
    const require = Object.fromEntries(Object.entries(pcrs).map(([pcr, value]) => [pcr, [value]]));
    const policy = put(JSON.stringify({ name: 'pcrs', formats: { 'aws-nitro': { require } } }));
    const document = open('nitro/evervault/nitro-production-2023.cose');
    const verdict = await judge(`-policy=${policy}`, '-at=2023-01-18T13:07:20Z', document);
    assert.equal(verdict.exit, exit);
  },
];

const intermediate2 = 'roots/gcp-vtpm-tpm-ek-intermediate-2.crt';
/** go-tpm-tools' attest.Attestation: AK, quotes of three banks, log, certificate of the AK. */
const gceAttestation = (name, extraData) => {
  const path = `tpm/go-tpm-tools/gce-cos-85-${name}.attestation.pb`;
  const one = (bytes, id) =>
    fieldsOf(bytes).find((field) => field.id === id)?.bytes ?? new Uint8Array();
  return [
    'key, quotes of three banks, PCRs and log hold, once its key’s issuer is given',
    [path, intermediate2],
    async () => {
      const all = bytesOf(path);
      const quotes = fieldsOf(all).filter(({ id }) => id === 2);
      assert.equal(quotes.length, 3);
      for (const { bytes } of quotes) {
        const values = fieldsOf(one(bytes, 3)).filter(({ id }) => id === 2);
        const pcrs = values.map(({ bytes: entry }) => [
          fieldsOf(entry).find(({ id }) => id === 1)?.value ?? 0,
          one(entry, 2),
        ]);
        const container = tpmContainer({
          quote: one(bytes, 1),
          signature: one(bytes, 2),
          akPublic: one(all, 1),
          pcrs: new Map(pcrs),
          akCertificates: [one(all, 6)],
          eventLog: one(all, 3),
        });
        const evidence = put(JSON.stringify(container));
        const at = '-at=2024-01-01T00:00:00Z';
        const { exit, claims } = await judge(at, `-certs=${open(intermediate2)}`, evidence);
        assert.deepEqual([exit, claims.extra_data], [0, extraData]);
        const without = await judge(at, evidence);
        assert.deepEqual([without.exit, without.faults[0].code], [4, 'chain-untrusted']);
      }
    },
  ];
};

const loose = (name) => `tpm/trustee/azure-snp-loose-${name}`;
/** The parts as an Azure container; `quote` is hex of message and signature. */
const looseContainer = (message, signature, pcrs) =>
  put(
    JSON.stringify({
      version: 1,
      hcl_report: Buffer.from(bytesOf(loose('hcl-report.bin'))).toString('base64url'),
      tpm_quote: { message, signature, pcrs },
      vcek: Buffer.from(pemsOf(loose('vcek.pem'))[0]).toString('base64'),
    }),
  );
const at2026 = '-at=2026-01-01T00:00:00Z';
const nras = 'jwt/nvidia-nras';
const maaKeys = 'jwt/azure-samples/maa-sample-certs-response.json';
const azureTdx = 'tpm/flashbots-attested-tls/azure-tdx-vtpm';
const generic = 'tpm/trustee/tpm-quote-generic.evidence.json';
const aci = 'snp/confidential-sidecar/snp-v2-milan-aci';
const cce = 'snp/confidential-sidecar/cce-policy.base64';
const certificate2023 = 'nitro/evervault/nitro-in-tls-certificate-production-2023.crt.der';
const notEvidence = (path, code) => [
  `is no evidence: ${code}`,
  [path],
  async () => {
    const { exit, faults } = await judge(at2026, open(path));
    assert.deepEqual([exit, faults[0].code], [4, code]);
  },
];

export const otherChecks = [
  ...products,
  amd('milan', 'ask', 'snp/go-sev-guest/milan-vcek-chain.pem'),
  amd('milan', 'asvk', 'snp/go-sev-guest/milan-vlek-chain.pem'),
  amd('turin', 'ask', 'snp/virtee-sev/turin-vcek-chain.pem'),
  leadsTo(pinnedNitroRoots, 'roots/aws-nitro-root-g1.pem'),
  leadsTo(pinnedNvidiaRoots, 'roots/nvidia-device-identity-root.pem'),
  leadsTo(pinnedVtpmRoots, intermediate2, 'roots/gcp-vtpm-tpm-ek-root-1.cer'),
  leadsTo(pinnedVtpmRoots, 'roots/azure-virtual-tpm-root-2023.pem'),
  leadsTo(
    pinnedVtpmRoots,
    'roots/azure-global-virtual-tpm-ca-03.pem',
    'roots/azure-virtual-tpm-root-2023.pem',
  ),
  [
    'is a root of Microsoft’s that certifies devices, and nobody whom we trust about a TPM',
    ['roots/azure-microsoft-rsa-devices-root-2021.pem'],
    () => {
      const [der] = pemsOf('roots/azure-microsoft-rsa-devices-root-2021.pem');
      const certificate = new X509Certificate(Buffer.from(der));
      assert.ok(certificate.verify(certificate.publicKey));
      assert.throws(() => isPinned(pinnedVtpmRoots, Buffer.from(der)));
    },
  ],
  gce('pca-tpm-rsa', 'gcp-ek-ak-ca-intermediate-v3'),
  gce('pca-tpm-ecc', 'gcp-ek-ak-ca-intermediate-v3'),
  gce('uca-tpm-rsa', 'tpm-ek-intermediate-3'),
  gce('uca-tpm-ecc', 'tpm-ek-intermediate-3'),
  oak('snp-v3-milan'),
  oak('snp-v5-genoa'),
  oak('snp-v5-turin'),
  [
    'the host’s answer holds the certificates that lie beside it',
    [`${aci}.host-amd-certificate.json`, `${aci}.vcek-chain.pem`],
    () => {
      const { vcekCert, certificateChain } = jsonOf(`${aci}.host-amd-certificate.json`);
      const dense = (text) => text.replace(/\s+/g, '');
      assert.equal(dense(vcekCert + certificateChain), dense(textOf(`${aci}.vcek-chain.pem`)));
    },
  ],
  [
    'is what HOST_DATA is the digest of',
    [cce, `${aci}.report`],
    async () => {
      const digest = sha256(Buffer.from(textOf(cce), 'base64'));
      assert.equal(digest, factsOf(cce).sha256);
      assert.equal((await show(open(`${aci}.report`))).fields.hostData, digest);
    },
  ],
  [
    'an attestation with its endorsements is accepted by both of them',
    ['snp/microsoft-ravl/snp-v2-milan.att.json'],
    async () => {
      const { endorsements } = jsonOf('snp/microsoft-ravl/snp-v2-milan.att.json');
      const certs = put(Buffer.from(endorsements, 'base64'));
      const report = put(evidenceIn('snp/microsoft-ravl/snp-v2-milan.att.json'));
      const verdict = await judge('-at=2025-06-01T00:00:00Z', `-certs=${certs}`, report);
      assert.equal(verdict.exit, 0);
    },
  ],
  notEvidence('snp/confidential-sidecar/uvm-reference-info.cose', 'unsupported-format'),
  pcrFile('nitro/evervault/expected-pcrs-production-2023.json', 0),
  pcrFile('bad/evervault/nitro-wrong-pcrs-expected.json', 3),
  [
    'names the document beside it in its subject’s other names, where no standard has evidence',
    [certificate2023, 'nitro/evervault/nitro-production-2023.cose'],
    async () => {
      const document = bytesOf('nitro/evervault/nitro-production-2023.cose');
      const text = Buffer.from(bytesOf(certificate2023)).toString('latin1');
      assert.ok(text.includes(Buffer.from(document).toString('hex').slice(0, 60)));
      const { exit, faults } = await judge('-at=2023-01-18T13:07:20Z', open(certificate2023));
      assert.deepEqual([exit, faults[0].code], [4, 'unsupported-format']);
    },
  ],
  gceAttestation('nonce9009', '9009'),
  gceAttestation('no-nonce', ''),
  [
    'a bare quote: its signature holds under the key beside it, and no key’s certificate is there',
    [generic],
    async () => {
      const { ak_public, tpm_quote } = jsonOf(generic);
      const attest = parseTpmAttest(fromBase64(tpm_quote.message));
      const signature = parseTpmSignature(fromBase64(tpm_quote.signature));
      const key = parsePublicKey(fromBase64(ak_public));
      await checkQuoteSignature(attest, signature, key, nodeProvider);
      const seen = Buffer.from(attest.extraData).toString('hex');
      assert.equal(seen, factsOf(generic).extra_data);
      assert.throws(() => parseEvidence(bytesOf(generic), 'detect'), { name: 'EvidenceError' });
    },
  ],
  [
    'a signature over SHA-1 is refused',
    ['tpm/go-attestation/windows-gce-shielded-vm.json'],
    () => {
      const { AK, Quote } = jsonOf('tpm/go-attestation/windows-gce-shielded-vm.json');
      const code = 'unsupported-algorithm';
      assert.equal(parseTpmAttest(fromBase64(Quote.Quote)).bank, 'sha1');
      assert.throws(() => parseTpmSignature(fromBase64(Quote.Signature)), { code });
      assert.throws(() => parseAttestationKey(fromBase64(AK.Public)), { code });
    },
  ],
  hcl('tpm/azure-cvm-tooling/hcl-report-snp.bin', 'snp'),
  hcl('tpm/azure-cvm-tooling/hcl-report-tdx.bin', 'tdx'),
  hcl('tpm/flashbots-attested-tls/azure-tdx-hcl-report.bin', 'tdx'),
  [
    'is an RSA key',
    ['tpm/azure-cvm-tooling/akpub.pem'],
    () => {
      const body = textOf('tpm/azure-cvm-tooling/akpub.pem').replace(/-----[^-]+-----/g, '');
      assert.equal(parsePublicKey(fromBase64(body)).kind, 'rsa');
    },
  ],
  [
    'is the runtime data of an HCL report, alone',
    ['tpm/azure-cvm-tooling/var-data.bin'],
    () => {
      const { attestationKey } = parseRuntimeData(bytesOf('tpm/azure-cvm-tooling/var-data.bin'));
      assert.equal(attestationKey.kind, 'rsa');
    },
  ],
  notEvidence('tpm/azure-cvm-tooling/quote.bin', 'unsupported-format'),
  [
    'report, quote and endorsement key of one machine hold together',
    [loose('hcl-report.bin'), loose('vcek.pem'), loose('tpm-quote-v1.json')],
    async () => {
      const { message, signature, pcrs } = jsonOf(loose('tpm-quote-v1.json'));
      const { exit } = await judge(at2026, looseContainer(message, signature, pcrs));
      assert.equal(exit, 0);
    },
  ],
  [
    'the report of one machine with the quote of another is refused',
    ['hcl-report.bin', 'vcek.pem', 'tpm-quote-v1.json', 'tpm-quote.msg', 'tpm-quote.sig'].map(
      loose,
    ),
    async () => {
      const hex = (name) => Buffer.from(bytesOf(loose(name))).toString('hex');
      const { pcrs } = jsonOf(loose('tpm-quote-v1.json'));
      const mixed = looseContainer(hex('tpm-quote.msg'), hex('tpm-quote.sig'), pcrs);
      const { exit, faults } = await judge(at2026, mixed);
      assert.deepEqual([exit, faults[0].code], [4, 'signature-invalid']);
    },
  ],
  ...['2026-06', '2025-12'].flatMap((date) =>
    ['evidence', 'collateral'].map((what) => [
      'is the same in YAML as in JSON',
      [`${azureTdx}-${date}.${what}.yaml`, `${azureTdx}-${date}.${what}.json`],
      () => {
        const value = jsonOf(`${azureTdx}-${date}.${what}.json`);
        sameTexts(`${azureTdx}-${date}.${what}.yaml`, value);
      },
    ]),
  ),
  [
    'an answer with keys is read as a key set',
    [maaKeys],
    () => assert.ok(parseJwks(textOf(maaKeys)) !== null),
  ],
  notEvidence('jwt/azure-samples/maa-sample-decoded-token.txt', 'malformed'),
  ...['overall-claims-remote', 'detached-claims-remote', 'overall-granular-claims-remote'].map(
    (name) => notEvidence(`${nras}/${name}.json`, 'malformed'),
  ),
  [
    'a result that nobody signed is read and refused',
    ['jwt/dstack-nvidia/nvat-local-verifier-h100.json', 'jwt/teaclave-maa/maa-jwks.json'],
    async () => {
      const { detached_eat } = jsonOf('jwt/dstack-nvidia/nvat-local-verifier-h100.json');
      const { exit, format, faults } = await judge(
        '-at=2026-07-16T16:00:00Z',
        `-jwks=${open('jwt/teaclave-maa/maa-jwks.json')}`,
        '-issuer=NVAT-LOCAL-VERIFIER',
        put(JSON.stringify(detached_eat)),
      );
      assert.deepEqual([exit, format, faults[0].code], [4, 'nvidia-nras', 'unsupported-algorithm']);
    },
  ],
];
