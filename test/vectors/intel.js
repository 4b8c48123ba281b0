// The files of Intel's formats that are no evidence by themselves, and the bad ones. Each check names the files that it
// opens: sentence, files, what is done with them.
import assert from 'node:assert/strict';
import { parseCertificate, pinnedIntelRoots, splitSignedDocument } from '@vouchsafe/verifier';
import { show } from './command.js';
import { bytesOf, evidenceIn, jsonOf, open, put, textOf } from './folder.js';
import {
  good,
  hexOf,
  isPinned,
  pemsOf,
  refusesCollateral,
  refusesFile,
  sameTexts,
} from './reading.js';

const flashbots = 'tdx/flashbots-attested-tls/tdx-v4-gcp-2026';
const automata = 'tdx/automata';
const sample = 'bad/intel-qvl-sample';

const twin = (path) => [
  'is the same in YAML as in JSON',
  [`${path}.yaml`, `${path}.json`],
  () => sameTexts(`${path}.yaml`, jsonOf(`${path}.json`)),
];

/** The single files are what the collateral in one file holds. */
const parts = (collateral, tcbInfo, qeIdentity, rootCrl, pckCrl) => [
  'the single files are what its collateral holds',
  [collateral, tcbInfo, qeIdentity, rootCrl, pckCrl].filter((path) => path !== null),
  () => {
    const whole = jsonOf(collateral);
    const { text, signature } = splitSignedDocument(textOf(tcbInfo), 'tcbInfo');
    assert.equal(whole.tcb_info, text);
    assert.equal(whole.tcb_info_signature, Buffer.from(signature).toString('hex'));
    if (qeIdentity !== null)
      assert.equal(
        whole.qe_identity,
        splitSignedDocument(textOf(qeIdentity), 'enclaveIdentity').text,
      );
    if (rootCrl !== null) assert.equal(whole.root_ca_crl, hexOf(rootCrl));
    if (pckCrl !== null) assert.equal(whole.pck_crl, hexOf(pckCrl));
  },
];

const numbers = (path, tcbInfo) => [
  'has the evaluation number of the TCB info beside it among Intel’s',
  [path, tcbInfo],
  () => {
    const { tcbEvalNumbers } = jsonOf(path).tcbEvaluationDataNumbers;
    const { tcbEvaluationDataNumber } = jsonOf(tcbInfo).tcbInfo;
    const listed = tcbEvalNumbers.map((each) => each.tcbEvaluationDataNumber);
    assert.ok(listed.includes(tcbEvaluationDataNumber), `${tcbEvaluationDataNumber} of ${listed}`);
  },
];

/** One piece of Intel's sample, made under a look-alike of the root, in place of the genuine one. */
const lookAlike = (tee) => {
  const path = (name) => `${sample}/${tee}/${name}`;
  const instead = (name, change, code) => [
    `is refused in place of the genuine one: ${code}`,
    [path(name), ...good],
    () => refusesCollateral(change(), code),
  ];
  const signed = (name, member, text, signature) => () => {
    const split = splitSignedDocument(textOf(path(name)), member);
    return { [text]: split.text, [signature]: Buffer.from(split.signature).toString('hex') };
  };
  const tcbChain = () => ({ tcb_info_issuer_chain: textOf(path('tcbSignChain.pem')) });
  const crl = (name, member) => () => ({ [member]: hexOf(path(name)) });
  // One of the samples puts the root first, so that what is taken for a root is none of ours.
  const order = tee === 'sgx' ? 'chain-untrusted' : 'chain-invalid';
  const qe = ['enclaveIdentity', 'qe_identity', 'qe_identity_signature'];
  return [
    [
      'a sample that is no quote: its certification data is not what its type says',
      [path('quote.dat')],
      () => refusesFile(path('quote.dat'), 'malformed'),
    ],
    [
      'the root has the name of Intel’s and another key',
      [path('trustedRootCaCert.pem')],
      () => {
        const [der] = pemsOf(path('trustedRootCaCert.pem'));
        const genuine = parseCertificate(pinnedIntelRoots[0].der);
        const { subject, publicKey } = parseCertificate(der);
        assert.equal(subject.text, genuine.subject.text);
        assert.notDeepEqual(publicKey.spki, genuine.publicKey.spki);
      },
    ],
    instead(
      'trustedRootCaCert.pem',
      () => ({ pck_crl_issuer_chain: textOf(path('trustedRootCaCert.pem')) }),
      'chain-untrusted',
    ),
    instead(
      'pckSignChain.pem',
      () => ({ pck_crl_issuer_chain: textOf(path('pckSignChain.pem')) }),
      order,
    ),
    instead('tcbSignChain.pem', tcbChain, order),
    instead(
      'tcbInfo.json',
      signed('tcbInfo.json', 'tcbInfo', 'tcb_info', 'tcb_info_signature'),
      'signature-invalid',
    ),
    instead('qeIdentity.json', signed('qeIdentity.json', ...qe), 'signature-invalid'),
    ...(tee === 'sgx'
      ? [instead('qveIdentity.json', signed('qveIdentity.json', ...qe), 'signature-invalid')]
      : []),
    instead('rootCaCrl.der', crl('rootCaCrl.der', 'root_ca_crl'), 'crl-invalid'),
    instead('intermediateCaCrl.der', crl('intermediateCaCrl.der', 'pck_crl'), 'crl-missing'),
    instead(
      'pckCert.pem',
      () => ({ pck_crl_issuer_chain: textOf(path('pckCert.pem')) }),
      'chain-untrusted',
    ),
  ];
};

const mockYaml = 'bad/flashbots-attested-tls/tdx-mock-collateral.yaml';
const mockChain = 'bad/flashbots-attested-tls/tdx-mock-pck-chain.pem';
const wrongLeaf = 'bad/oasis-core/tcb-signing-chain-wrong-leaf.pem';

export const intelChecks = [
  [
    'is the pinned root',
    ['roots/intel-sgx-root-ca.der'],
    () => isPinned(pinnedIntelRoots, bytesOf('roots/intel-sgx-root-ca.der')),
  ],
  twin(`${flashbots}-01.collateral`),
  twin(`${flashbots}-06.collateral`),
  [
    'names the firmware’s measurement, which the quote has',
    [`${flashbots}-06-firmware.yaml`, `${flashbots}-06.quote`],
    async () => {
      const { fields } = await show(put(evidenceIn(`${flashbots}-06.quote`)));
      sameTexts(`${flashbots}-06-firmware.yaml`, fields.mrTd);
    },
  ],
  [
    'says of the quote what another parser found',
    ['tdx/trustee/tdx-v4-debug-claims-expected.json', 'tdx/trustee/tdx-v4-debug.quote'],
    async () => {
      const { body } = jsonOf('tdx/trustee/tdx-v4-debug-claims-expected.json').quote;
      const { fields } = await show(open('tdx/trustee/tdx-v4-debug.quote'));
      const spelled = (name) => name.replaceAll('_', '').toLowerCase();
      const seen = new Map(Object.entries(fields).map(([name, value]) => [spelled(name), value]));
      seen.set('tcbsvn', seen.get('teetcbsvn'));
      for (const [name, value] of Object.entries(body))
        assert.equal(seen.get(spelled(name)), value, name);
    },
  ],
  parts(
    `${automata}/tdx-v4-production-00806f050000.collateral.json`,
    `${automata}/tdx-tcb-info-00806f050000-2025-07.json`,
    `${automata}/td-qe-identity-2025-07.json`,
    `${automata}/root-ca-crl-2025-03.der`,
    `${automata}/pck-platform-crl-2025-07.der`,
  ),
  parts(
    `${automata}/tdx-v5-alibaba.collateral.json`,
    `${automata}/tdx-tcb-info-90c06f000000-2025-06.json`,
    `${automata}/td-qe-identity-2025-06.json`,
    `${automata}/root-ca-crl-2025-03.der`,
    null,
  ),
  parts(
    'tdx/go-tdx-guest/tdx-v5-production.collateral.json',
    'tdx/go-tdx-guest/tdx-tcb-info-90c06f000000-2026-02.json',
    null,
    null,
    null,
  ),
  numbers(
    'sgx/automata/sgx-tcb-evaluation-numbers-2025-08.json',
    'sgx/automata/sgx-tcb-info-v3-00606a000000-2025-08.json',
  ),
  numbers(
    `${automata}/tdx-tcb-evaluation-numbers-2025-06.json`,
    `${automata}/tdx-tcb-info-90c06f000000-2025-06.json`,
  ),
  ...lookAlike('sgx'),
  ...lookAlike('tdx'),
  [
    'a genuine CA in place of the signer of TCB info is refused',
    [wrongLeaf, ...good],
    () => refusesCollateral({ tcb_info_issuer_chain: textOf(wrongLeaf) }, 'chain-invalid'),
  ],
  [
    'a mock chain leads to nobody who is trusted',
    [mockChain, ...good],
    () => refusesCollateral({ pck_crl_issuer_chain: textOf(mockChain) }, 'chain-untrusted'),
  ],
  [
    'collateral of a mock root is refused',
    [mockYaml, ...good],
    () => {
      const [chain] = textOf(mockYaml).match(/(?<=pck_crl_issuer_chain: \|\n)(?: +.*\n)+/);
      return refusesCollateral(
        { pck_crl_issuer_chain: chain.replace(/^ +/gm, '') },
        'chain-untrusted',
      );
    },
  ],
];
