// What the command says of every genuine or bad file of the other formats. Rows are data: evidence, time, what lies
// beside it, exit code, first fault.

const snp = (report, key, at, exit, fault = null) => [
  `snp/${report}`,
  at,
  { certs: [`snp/${key}`] },
  exit,
  fault,
];
const june = '2025-06-01T00:00:00Z';
const january = '2026-01-01T00:00:00Z';

export const snpRows = [
  snp('trustee/snp-v2-milan.report', 'trustee/snp-v2-milan.vcek.der', june, 0),
  snp('trustee/snp-v3-milan-vlek.report', 'trustee/snp-v3-milan-vlek.vlek.der', june, 0),
  snp('oak/snp-v3-milan.report', 'oak/snp-v3-milan.vcek.der', june, 0),
  snp('oak/snp-v5-genoa.report', 'oak/snp-v5-genoa.vcek.der', january, 0),
  snp('oak/snp-v5-turin.report', 'oak/snp-v5-turin.vcek.der', january, 0),
  snp('virtee-sev/snp-v2-milan.report.hex', 'virtee-sev/snp-v2-milan.vcek.der', june, 0),
  snp(
    'confidential-sidecar/snp-v2-milan-aci.report',
    'confidential-sidecar/snp-v2-milan-aci.vcek-chain.pem',
    june,
    0,
  ),
  snp(
    'go-sev-guest/snp-v2-milan-debug.report',
    'go-sev-guest/snp-v2-milan-debug.vcek.der',
    june,
    3,
    'debug',
  ),
  [
    'snp/go-sev-guest/snp-v2-milan-debug.report',
    june,
    {
      certs: [
        'snp/go-sev-guest/snp-v2-milan-debug.vcek.der',
        'snp/go-sev-guest/milan-vcek-chain.pem',
      ],
    },
    3,
    'debug',
  ],
  [
    'snp/trustee/snp-v3-milan-vlek.report',
    june,
    { certs: ['snp/trustee/snp-v3-milan-vlek.vlek.der', 'snp/go-sev-guest/milan-vlek-chain.pem'] },
    0,
    null,
  ],
  // Mix-ups.
  snp('trustee/snp-v2-milan.report', 'virtee-sev/snp-v2-milan.vcek.der', june, 4, 'chip-mismatch'),
  snp('oak/snp-v5-turin.report', 'virtee-sev/turin-only.vcek.der', january, 4, 'tcb-mismatch'),
  snp('oak/snp-v5-genoa.report', 'oak/snp-v5-turin.vcek.der', january, 4, 'product-mismatch'),
  snp(
    'trustee/snp-v3-milan-vlek.report',
    'trustee/snp-v3-milan-vlek.vlek.der',
    '2026-06-01T00:00:00Z',
    4,
    'certificate-expired',
  ),
  // Altered.
  ...['legacy', 'new'].map((name) => [
    'snp/trustee/snp-v2-milan.report',
    june,
    { certs: [`bad/trustee/snp-vcek-corrupted-${name}.der`] },
    4,
    'chain-invalid',
  ]),
];

const nitro = (file, at, exit, fault = null) => [file, at, {}, exit, fault];
export const nitroRows = [
  nitro('nitro/dstack/nitro-production-1.cose', '2025-12-25T13:15:38Z', 0),
  nitro('nitro/dstack/nitro-production-2.cose', '2025-12-25T16:04:20Z', 0),
  nitro('nitro/dstack/nitro-debug-mode.cose', '2025-12-25T08:20:47Z', 3, 'debug'),
  nitro('nitro/eternis/nitro-debug-with-nonce.cose', '2024-09-09T19:49:13Z', 3, 'debug'),
  nitro('nitro/evervault/nitro-production-2022.cose', '2022-10-13T08:58:03Z', 0),
  nitro('nitro/evervault/nitro-debug-2022.cose', '2022-10-12T13:50:07Z', 3, 'debug'),
  nitro('nitro/evervault/nitro-debug-2023-with-nonce.cose', '2023-09-18T15:03:31Z', 3, 'debug'),
  nitro('nitro/evervault/nitro-production-2023.cose', '2023-01-18T13:07:20Z', 0),
  nitro(
    'nitro/evervault/nitro-production-2023.cose',
    '2023-01-18T16:07:17Z',
    4,
    'certificate-expired',
  ),
  nitro('bad/eternis/nitro-bad-signature.cose', '2024-07-23T21:29:41Z', 4, 'signature-invalid'),
];

const maa = {
  jwks: 'jwt/teaclave-maa/maa-jwks.json',
  issuer: 'https://sharedeus.eus.attest.azure.net',
};
const space = {
  'issuer-root': 'roots/gcp-confidential-space-root.pem',
  issuer: 'https://confidentialcomputing.googleapis.com',
  audience: 'z08381475938604996746',
};
const spaceToken = 'jwt/oak-confidential-space/confidential-space-pki.jwt';
/** Tokens whose keys nobody published: read, and refused by any other issuer's keys. */
const strangers = { ...maa, jwks: 'jwt/azure-samples/maa-sample-certs-response.json' };
export const tokenRows = [
  ['jwt/teaclave-maa/maa-sgx.jwt', '2023-09-26T15:00:00Z', maa, 0, null],
  ['jwt/teaclave-maa/maa-sgx.jwt', '2023-09-26T15:00:00Z', strangers, 4, 'key-unknown'],
  [
    'jwt/teaclave-maa/maa-sgx.jwt',
    '2023-09-26T15:00:00Z',
    { ...maa, issuer: 'https://other.attest.azure.net' },
    4,
    'issuer-untrusted',
  ],
  ['jwt/teaclave-maa/maa-sgx.jwt', '2023-09-27T15:00:00Z', maa, 4, 'token-expired'],
  [spaceToken, '2025-09-05T08:18:20Z', space, 0, null],
  [spaceToken, '2025-09-05T08:18:20Z', { ...space, audience: 'x' }, 4, 'audience-mismatch'],
  [
    spaceToken,
    '2025-09-05T08:18:20Z',
    { ...space, 'issuer-root': 'roots/nvidia-device-identity-root.pem' },
    4,
    'chain-untrusted',
  ],
  [spaceToken, '2025-09-05T09:24:10Z', space, 4, 'token-expired'],
  [
    'jwt/azure-samples/maa-sevsnp.jwt',
    '2022-06-01T00:00:00Z',
    { ...maa, issuer: 'https://sharedweu.weu.test.attest.azure.net' },
    4,
    'key-unknown',
  ],
  ...['ita-sgx', 'ita-tdx'].map((name) => [
    `jwt/intel-trust-authority/${name}.jwt`,
    '2024-01-01T00:00:00Z',
    { ...maa, issuer: 'Intel Trust Authority' },
    4,
    'key-unknown',
  ]),
  [
    'jwt/intel-trust-authority/ita-client-sample.jwt',
    '2023-01-01T00:00:00Z',
    { ...maa, issuer: 'AS Attestation Token Issuer' },
    4,
    'key-unknown',
  ],
];

const report = 'gpu/nvtrust/hopper-spdm-report.hex';
export const gpuRows = [
  [report, june, { certs: ['gpu/nvtrust/hopper-cert-chain.pem'] }, 0, null],
  ...[2, 3, 4].map((number) => [
    report,
    june,
    { certs: [`bad/trustee/nvidia-hopper-chain-case${number}.pem`] },
    4,
    'chain-invalid',
  ]),
];

const azure = (name, extra) => [
  `tpm/trustee/azure-snp-vtpm-${name}.evidence.json`,
  january,
  {},
  0,
  null,
  extra,
];
const flashbots = 'tpm/flashbots-attested-tls/azure-tdx-vtpm';
const challenge = '6368616c6c656e6765';
/** With the nonce and the PCR 0 that README.md of the vectors states. */
export const azureRows = [
  azure('milan-v0', { extra_data: challenge, pcr0: /^e15c4479.*dced$/ }),
  azure('milan-v1', { extra_data: challenge, pcr0: /^e15c4479.*dced$/ }),
  azure('milan-v2-userdata', { extra_data: /^982f5c6e.*19ef$/, pcr0: /^84275b2f.*a6a7$/ }),
  azure('genoa', { extra_data: /^0218488b.*950f$/, pcr0: /^afd689d0.*3338$/ }),
  [
    'tpm/trustee/azure-tdx-vtpm-v1.evidence.json',
    '2025-07-22T09:13:34Z',
    { collateral: 'tdx/automata/tdx-v4-production-00806f050000.collateral.json' },
    3,
    'tcb-status',
    { extra_data: challenge },
  ],
  ...[
    ['2026-06', '2026-06-23T11:56:35Z'],
    ['2025-12', '2026-03-05T10:50:03Z'],
  ].map(([date, at]) => [
    `${flashbots}-${date}.evidence.json`,
    at,
    { collateral: `${flashbots}-${date}.collateral.json` },
    0,
    null,
    { extra_data: '00'.repeat(32) },
  ]),
  [`${flashbots}-2026-06.evidence.json`, '2026-06-23T11:56:35Z', {}, 4, 'collateral-missing'],
];
