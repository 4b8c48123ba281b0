// What the command says of each genuine Intel quote and its collateral, as README.md and facts.json of the vectors state
// it. Rows are data: the reasons stand in those documents.

const gcp = 'tdx/flashbots-attested-tls/tdx-v4-gcp-2026';
const automata = 'tdx/automata';
const february = 'tdx/go-tdx-guest/tdx-v5-production.collateral.json';
const phala = 'tdx/phala-dcap-qvl/tdx-v4-production.collateral.json';
const phalaSgx = 'sgx/phala-dcap-qvl/sgx-v3-production.collateral.json';
const oasisChain = 'sgx/oasis-core/tcb-signing-chain.pem';
const of2023 = {
  tcbInfo: 'tdx/go-tdx-guest/tdx-tcb-info-50806f000000-2023-06.json',
  qeIdentity: 'tdx/go-tdx-guest/td-qe-identity-2023-06.json',
  tcbChain: oasisChain,
  rootCrl: 'tdx/go-tdx-guest/root-ca-crl-2023-04.der',
  pckCrl: 'tdx/go-tdx-guest/pck-platform-crl-2023-06.der',
};
const iceLake2025 = {
  tcbInfo: 'sgx/automata/sgx-tcb-info-v3-00606a000000-2025-08.json',
  qeIdentity: 'sgx/automata/sgx-qe-identity-2025-08.json',
  tcbChain: phalaSgx,
  rootCrl: 'tdx/automata/root-ca-crl-2025-03.der',
  pckCrl: 'sgx/automata/pck-platform-crl-2025-08.der',
};
const withoutCrls = { rootCrl: null, pckCrl: null };

/**
 * Name of the set in facts.json, collateral, exit code, first fault. The quote, the time, the TCB status and the
 * advisories are those of facts.json; where a set lacks revocation lists, a strict verifier comes to no status.
 */
export const sets = [
  ['sgx-phala-2025-06', phalaSgx, 3, 'tcb-status'],
  [
    'sgx-oasis-2022-12',
    {
      tcbInfo: 'sgx/oasis-core/sgx-tcb-info-v3-00606a000000.json',
      qeIdentity: 'sgx/oasis-core/sgx-qe-identity-v2.json',
      tcbChain: oasisChain,
      ...withoutCrls,
    },
    4,
    'crl-missing',
  ],
  ['sgx-automata-2025-08', iceLake2025, 3, 'tcb-status'],
  [
    'sgx-automata-debug-2025-05',
    {
      tcbInfo: 'sgx/automata/sgx-tcb-info-v3-00a067110000-2025-05.json',
      qeIdentity: null,
      tcbChain: phalaSgx,
      ...withoutCrls,
    },
    4,
    'crl-missing',
  ],
  ['tdx4-phala-2025-06', phala, 0, null],
  ['tdx4-tdx-v4-tappd-old-svn', phala, 3, 'tcb-no-matching-level'],
  ['tdx4-tdx-v4-dstack-old-svn', phala, 3, 'tcb-no-matching-level'],
  [
    'tdx5-phala-azure-2026-02',
    'tdx/phala-dcap-qvl/tdx-v5-azure-no-matching-tcb.collateral.json',
    3,
    'tcb-no-matching-level',
  ],
  ['tdx4-go-tdx-guest-2023-07', of2023, 3, 'tcb-no-matching-level'],
  ['tdx5-go-tdx-guest-2026-02', february, 0, null],
  [
    'tdx4-oasis-2024-09',
    {
      tcbInfo: 'tdx/oasis-core/tdx-tcb-info-c0806f000000-2024-09.json',
      qeIdentity: 'tdx/oasis-core/td-qe-identity-2024-09.json',
      tcbChain: oasisChain,
      ...withoutCrls,
    },
    4,
    'crl-missing',
  ],
  ['tdx4-trustee-debug-2023-07', of2023, 3, 'debug'],
  [
    'tdx4-trustee-00a06d080000-2025-11',
    {
      tcbInfo: 'tdx/trustee/tdx-tcb-info-00a06d080000-2025-10.json',
      qeIdentity: 'tdx/trustee/td-qe-identity-2025-10.json',
      tcbChain: phala,
      ...withoutCrls,
    },
    4,
    'crl-missing',
  ],
  ['tdx-v4-gcp-2026-01', `${gcp}-01.collateral.json`, 0, null],
  ['tdx-v4-gcp-2026-06', `${gcp}-06.collateral.json`, 0, null],
  [
    'tdx4-automata-outofdate-2025-07',
    `${automata}/tdx-v4-production-00806f050000.collateral.json`,
    3,
    'tcb-status',
  ],
  ['tdx5-alibaba-2025-06', `${automata}/tdx-v5-alibaba.collateral.json`, 0, null],
  ['tdx5-alibaba-2026-02', february, 3, 'tcb-status'],
];

/**
 * The same for quotes of no set: path, time, collateral, exit code, first fault. Each is genuine; no collateral that
 * is held fits its time, so it is shown with what is nearest, or refused for want of any.
 */
export const quotes = [
  // Two dumps whose TCB info ran out before their revocation lists began: no time is good.
  ...['coffee-lake', 'ice-lake'].flatMap((name) => {
    const quote = `sgx/microsoft-ravl/sgx-v3-debug-${name}`;
    const collateral = `${quote}.collateral.json`;
    return [
      [`${quote}.quote`, '2021-04-25T00:00:00Z', collateral, 4, 'certificate-not-yet-valid'],
      [`${quote}.quote`, '2022-08-20T00:00:00Z', collateral, 4, 'collateral-expired'],
      [`${quote}.att.json`, '2022-08-20T00:00:00Z', collateral, 4, 'collateral-expired'],
      [`${quote}-open-enclave.att.json`, '2022-08-20T00:00:00Z', null, 4, 'trailing-data'],
    ];
  }),
  ...['debug', 'release', 'prodid', 'securityversion'].flatMap((name) =>
    ['intel-sdk', 'open-enclave'].map((sdk) => [
      `sgx/azure-samples/sgx-v3-${name}-${sdk}.json`,
      '2023-06-01T00:00:00Z',
      'sgx/microsoft-ravl/sgx-v3-debug-coffee-lake.collateral.json',
      4,
      'crl-expired',
    ]),
  ),
  [
    'sgx/oasis-core/sgx-v3-cert-type-3-encrypted-ppid.quote',
    '2025-07-04T10:28:44Z',
    phalaSgx,
    4,
    'collateral-missing',
  ],
  ['sgx/trustee/sgx-v3-debug-occlum.quote', '2025-08-30T05:09:06Z', iceLake2025, 3, 'debug'],
  [
    'tdx/trustee/tdx-v5-production.quote',
    '2026-02-25T00:45:50Z',
    february,
    3,
    'tcb-no-matching-level',
  ],
  [
    'tdx/oasis-core/tdx-v4-trailing-bytes.quote',
    '2024-09-17T07:06:34Z',
    null,
    4,
    'collateral-missing',
  ],
  ['tdx/dstack/tdx-v4-with-event-log.json', '2026-02-25T00:45:50Z', february, 0, null],
  [
    'eventlog/go-tdx-guest/tdx-v4-gce-cos113.quote',
    '2025-07-22T09:13:34Z',
    `${automata}/tdx-v4-production-00806f050000.collateral.json`,
    0,
    null,
  ],
];
