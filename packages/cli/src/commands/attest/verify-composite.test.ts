// `attest verify` and `attest show` over composite evidence: genuine parts and minted ones, what lies beside each, and
// compositions that are none; and over a certificate that a quote was not made for.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createTokenIssuer, earPayload, mintToken } from '@vouchsafe/verifier/testing';
import {
  codesOf,
  judge,
  put,
  raTlsCertificate,
  skip,
  vector,
  verify,
} from '../../testing/evidence.js';
import { runVouchsafe } from '../../testing/stub-server.js';
import type { Verdict } from './judge-evidence.js';

interface CompositeVerdict extends Omit<Verdict, 'faults' | 'claims'> {
  readonly claims: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly faults: readonly {
    readonly code: string;
    readonly message: string;
    readonly part: string | null;
  }[];
  readonly parts: Readonly<Record<string, { readonly verdict: string; readonly genuine: boolean }>>;
}

/** Exit code, verdict, and `PART CODE` of each fault. */
async function judgeComposite(args: readonly string[], evidence: unknown, prefix = '') {
  const file = put('composite.json', `${prefix}${JSON.stringify(evidence)}\n`);
  const { code, out, err } = await verify('-format=json', ...args, file);
  assert.equal(err, '');
  const verdict = JSON.parse(out) as CompositeVerdict;
  for (const { message, part } of verdict.faults) {
    if (part !== null) assert.ok(message.startsWith(`${part}: `), message);
  }
  return { code, verdict, faults: verdict.faults.map(({ code, part }) => `${part} ${code}`) };
}

type Wrapped = readonly unknown[];
const record = (format: string, bytes: Uint8Array): Wrapped => [
  `application/vnd.vouchsafe.${format}`,
  Buffer.from(bytes).toString('base64url'),
];

const at = '-at=2025-12-25T13:15:38Z';
const issuedAt = Date.parse(at.slice(4)) / 1000 - 10;
const issuer = createTokenIssuer('ES256');
const token = mintToken(
  issuer,
  earPayload(
    { issuer: 'i', binding: new Uint8Array(64).fill(7), issuedAt, expiresAt: issuedAt + 300 },
    'ietf',
  ),
);
const ear = record('ear', Buffer.from(token));
const keys = put('jwks', issuer.jwks);
const chain = (part: string) => `-certs=${part}=${vector('gpu/nvtrust/hopper-cert-chain.pem')}`;
const forEar = [at, `-jwks=${keys}`, '-issuer=i'];

const reportBytes = () =>
  Buffer.from(readFileSync(vector('gpu/nvtrust/hopper-spdm-report.hex'), 'utf8').trim(), 'hex');
const gpu = () => record('nvidia-gpu', reportBytes());
const nitro = (name: string) => record('aws-nitro', readFileSync(vector(`nitro/dstack/${name}`)));
const quotePath = 'tdx/phala-dcap-qvl/tdx-v4-production';
const td = () => record('tdx-dcap', readFileSync(vector(`${quotePath}.quote`)));
const forTd = () => [
  `-collateral=${vector(`${quotePath}.collateral.json`)}`,
  '-at=2025-07-04T10:16:31Z',
];

describe('composite evidence', { skip }, () => {
  test('is accepted with what lies beside each part, and reported part by part', async () => {
    const args = [...forEar, chain('gpu0')];
    const { code, verdict } = await judgeComposite(args, { lead: ear, gpu0: gpu() });
    assert.deepEqual(verdict.faults, []);
    assert.deepEqual([code, verdict.verdict, verdict.genuine], [0, 'accepted', true]);
    assert.equal(verdict.format, 'composite');
    assert.equal(verdict.claims.gpu0?.driver_version, '550.90.07');
    assert.deepEqual(verdict.parts.gpu0, {
      verdict: 'accepted',
      genuine: true,
      format: 'nvidia-gpu',
      tcb_status: null,
      advisories: [],
      debug: false,
    });
    assert.deepEqual(Object.keys(verdict.parts), ['lead', 'gpu0']);
  });

  test('tells people by part, and what was not checked', async () => {
    const file = put('composite.json', JSON.stringify({ lead: ear, gpu0: gpu() }));
    const { code, out } = await verify(...forEar, chain('gpu0'), file);
    assert.equal(code, 0);
    assert.match(out, /Part +Verdict +Genuine/);
    assert.match(out, /gpu0: not checked: revocation/);
    assert.match(out, /not checked: whether the parts are of one session/);
    assert.match(out, /gpu0\.driver_version +550\.90\.07/);
  });

  test('takes what names the lead, and what names nobody, for the lead', async () => {
    const args = [at, `-jwks=lead=${keys}`, '-issuer=lead=i', chain('gpu0')];
    assert.equal((await judgeComposite(args, { lead: ear, gpu0: gpu() })).code, 0);
  });

  test('is shown part by part without being verified', async () => {
    const file = put('composite.json', JSON.stringify({ lead: td(), gpu0: gpu() }));
    const { code, out } = await runVouchsafe(['attest', 'show', '-format=json', file]);
    assert.equal(code, 0);
    const shown = JSON.parse(out) as {
      verified: boolean;
      format: string;
      parts: Record<string, { format: string; fields: Record<string, unknown> }>;
    };
    assert.deepEqual([shown.verified, shown.format], [false, 'composite']);
    assert.equal(shown.parts.lead?.format, 'tdx-dcap');
    assert.equal(shown.parts.lead?.fields.quoteVersion, 4);
    assert.equal(shown.parts.gpu0?.format, 'nvidia-gpu');
  });
});

function flipped(): Wrapped {
  const bytes = reportBytes();
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  return record('nvidia-gpu', bytes);
}

type Row = readonly [
  sentence: string,
  exit: 3 | 4,
  faults: readonly string[],
  args: () => readonly string[],
  evidence: () => unknown,
  prefix?: string,
];
const forTwo = () => [...forEar, chain('gpu0'), chain('gpu1')];
const forGpu = () => [...forEar, chain('gpu0')];
const rows: readonly Row[] = [
  [
    'a GPU of another session than the TD’s',
    3,
    ['gpu0 binding-mismatch'],
    () => [...forTd(), chain('gpu0')],
    () => ({ lead: td(), gpu0: gpu() }),
  ],
  [
    'one GPU as two',
    3,
    ['null submodule-mismatch'],
    forTwo,
    () => ({ lead: ear, gpu0: gpu(), gpu1: gpu() }),
  ],
  [
    'an enclave in debug mode in the lead',
    3,
    ['lead debug', 'gpu0 binding-mismatch'],
    () => ['-at=2025-12-25T08:20:47Z', chain('gpu0')],
    () => ({ lead: nitro('nitro-debug-mode.cose'), gpu0: gpu() }),
  ],
  [
    'a document that has expired in the lead',
    4,
    ['lead certificate-expired'],
    () => ['-at=2025-12-26T13:15:38Z', chain('gpu0')],
    () => ({ lead: nitro('nitro-production-1.cose'), gpu0: gpu() }),
  ],
  [
    'a GPU’s report with one bit changed',
    4,
    ['gpu0 signature-invalid'],
    forGpu,
    () => ({ lead: ear, gpu0: flipped() }),
  ],
  [
    'a GPU without its chain',
    4,
    ['gpu0 chain-invalid'],
    () => forEar,
    () => ({ lead: ear, gpu0: gpu() }),
  ],
  [
    'a GPU whose chain was given to another',
    4,
    ['gpu0 chain-invalid', 'gpu1 chain-invalid'],
    () => [...forEar, `-certs=${vector('gpu/nvtrust/hopper-cert-chain.pem')}`],
    () => ({ lead: ear, gpu0: gpu(), gpu1: gpu() }),
  ],
  [
    'faults of every part at once',
    4,
    ['lead signature-invalid', 'gpu0 signature-invalid'],
    () => [at, `-jwks=${put('jwks', createTokenIssuer('ES256').jwks)}`, '-issuer=i', chain('gpu0')],
    () => ({ lead: ear, gpu0: flipped() }),
  ],
  [
    'a TD without collateral',
    4,
    ['lead collateral-missing'],
    () => ['-at=2025-07-04T10:16:31Z', chain('gpu0')],
    () => ({ lead: td(), gpu0: gpu() }),
  ],
  ['a lead alone', 4, ['null submodule-mismatch'], () => forEar, () => ({ lead: ear })],
  [
    'a lead alone, behind white space',
    4,
    ['null submodule-mismatch'],
    () => forEar,
    () => ({ lead: ear }),
    ' \n',
  ],
  [
    'a GPU in the lead',
    4,
    ['null submodule-mismatch'],
    forGpu,
    () => ({ lead: gpu(), gpu0: gpu() }),
  ],
  [
    'a label that is no name',
    4,
    ['null submodule-mismatch'],
    forGpu,
    () => ({ lead: ear, GPU: gpu() }),
  ],
  [
    'seventeen parts',
    4,
    ['null submodule-mismatch'],
    forGpu,
    () =>
      Object.fromEntries([
        ['lead', ear],
        ...Array.from({ length: 16 }, (_, index) => [`gpu${index}`, gpu()]),
      ]),
  ],
  [
    'a collection in a collection',
    4,
    ['gpus malformed'],
    forGpu,
    () => ({ lead: ear, gpus: { gpu0: gpu() } }),
  ],
  [
    'a record that is no evidence',
    4,
    ['gpu0 malformed'],
    forGpu,
    () => ({ lead: ear, gpu0: [...gpu(), 2] }),
  ],
  [
    'a part of an unknown type',
    4,
    ['gpu0 unsupported-format'],
    forGpu,
    () => ({ lead: ear, gpu0: ['application/octet-stream', 'AAAA'] }),
  ],
  [
    'a part under another format’s type',
    4,
    ['gpu0 unsupported-version'],
    forGpu,
    () => ({ lead: ear, gpu0: record('tdx-dcap', reportBytes()) }),
  ],
];

describe('composite evidence is refused, with the part named:', { skip }, () => {
  for (const [sentence, exit, faults, args, evidence, prefix] of rows) {
    test(sentence, async () => {
      const found = await judgeComposite(args(), evidence(), prefix);
      assert.deepEqual([found.code, found.faults], [exit, faults]);
      assert.deepEqual([found.verdict.verdict, found.verdict.genuine], ['refused', exit === 3]);
      assert.equal(found.verdict.format, 'composite');
    });
  }

  for (const [sentence, text] of [
    ['a label twice', () => `{"lead":${JSON.stringify(ear)},"lead":${JSON.stringify(ear)}}`],
    [
      'collections five deep',
      () => `{"lead":${JSON.stringify(ear)},"a":{"b":{"c":{"d":{"e":${JSON.stringify(ear)}}}}}}`,
    ],
  ] as const) {
    test(sentence, async () => {
      const { code, out } = await verify('-format=json', ...forGpu(), put('c.json', text()));
      assert.equal(code, 4);
      assert.equal((JSON.parse(out) as Verdict).faults[0]?.code, 'malformed');
    });
  }

  test('a flag for a part that is not there is a usage error', async () => {
    const file = put('composite.json', JSON.stringify({ lead: ear, gpu0: gpu() }));
    const { code, err } = await verify(...forEar, chain('gpu7'), file);
    assert.equal(code, 2);
    assert.match(err, /no part is named gpu7/);
  });
});

describe('a quote in an RA-TLS certificate', { skip }, () => {
  const quote = () => new Uint8Array(readFileSync(vector(`${quotePath}.quote`)));
  const judgeCertificate = (bytes: Uint8Array) =>
    judge(...forTd(), put('cert.der', raTlsCertificate('1.2.840.113741.1337.6', bytes)));

  test('made for another key is genuine and not acceptable, with its claims', async () => {
    const [code, verdict] = await judgeCertificate(quote());
    assert.deepEqual([code, verdict.verdict, verdict.genuine], [3, 'refused', true]);
    assert.deepEqual(codesOf(verdict), ['binding-mismatch']);
    assert.equal(verdict.tcb_status, 'UpToDate');
    assert.equal(typeof verdict.claims.mrtd, 'string');
  });

  for (const [sentence, position, fault] of [
    ['changed in its body', 200, 'signature-invalid'],
    ['changed in its report data', 48 + 520, 'signature-invalid'],
    ['of another version', 0, 'unsupported-format'],
  ] as const) {
    test(`${sentence} is not genuine, whatever it was made for`, async () => {
      const bytes = quote();
      bytes[position] = (bytes[position] ?? 0) ^ 1;
      const [code, verdict] = await judgeCertificate(bytes);
      assert.deepEqual([code, verdict.genuine], [4, false]);
      assert.equal(verdict.faults[0]?.code, fault);
    });
  }
});
