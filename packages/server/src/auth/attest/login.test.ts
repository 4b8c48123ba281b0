import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { formatDcapEndorsements } from '@vouchsafe/verifier';
import { DcapCa, mintDcapCollateral } from '@vouchsafe/verifier/testing';
import { keyAt } from '../../framework/storage.js';
import { dataOf } from '../../framework/testing/call.js';
import {
  base64url,
  COLLATERAL_TYPE,
  ca,
  DAY_MS,
  fresh,
  hex,
  MR_TD,
  NOW,
  newKey,
  type Outcome,
  PCRS,
  PLAIN,
  Scene,
  SNP_TYPE,
  spkiOf,
  TDX_TYPE,
  type Twist,
  tlsConnection,
} from './testing/scene.js';

let scene: Scene;
before(async () => {
  scene = await Scene.create();
});

function refusal(outcome: Outcome) {
  assert.equal(outcome.kind, 'refused');
  return outcome;
}

for (const format of ['tdx', 'snp', 'nitro'] as const) {
  test(`a ${format} workload that is as its role says gets a token for its key alone`, async () => {
    const key = newKey();
    const outcome = await scene.login({ format, key });
    assert.equal(outcome.kind, 'accepted');
    const { auth } = outcome.response;
    const data = dataOf(outcome.response);
    const { spkiSha256 } = auth?.boundKey ?? { spkiSha256: '' };
    const { createHash } = await import('node:crypto');
    assert.equal(spkiSha256, createHash('sha256').update(spkiOf(key)).digest('base64url'));
    assert.deepEqual(auth?.policies, ['web']);
    const attestation = data.attestation as Record<string, unknown>;
    assert.equal(attestation.status, 'affirming');
    const decision = await scene.read(`decision/${attestation.decision_id}`);
    assert.equal(decision?.outcome, 'accepted');
    assert.equal(decision?.genuine, true);
    assert.equal(decision?.role, 'web');
    assert.equal(decision?.binding, 'key');
    assert.ok(Object.keys(decision?.endorsementAges as object).length > 0);
  });
}

test('a workload on the connection that its evidence is bound to gets the level "exporter"', async () => {
  const connection = tlsConnection('a');
  const outcome = await scene.login({ exporterOf: connection }, connection);
  assert.equal(outcome.kind, 'accepted');
  assert.equal(outcome.response.auth?.metadata.binding, 'exporter');
});

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};
const strangers = DcapCa.create({ now: new Date(NOW) });
const other = newKey();

/** Refusals that leave a record, by what the workload (or somebody in its place) does. */
const refusals: readonly [string, Twist, string][] = [
  ['evidence for another role', { boundRole: 'db' }, 'proof-invalid'],
  ['evidence for another mount', { boundMount: 'auth/other/' }, 'proof-invalid'],
  ['evidence for another server', { boundIdentity: new Uint8Array(32) }, 'proof-invalid'],
  ['evidence for another challenge', { boundChallenge: new Uint8Array(32) }, 'proof-invalid'],
  ['evidence for another key', { boundKey: other }, 'proof-invalid'],
  ['a proof by another key', { proofKey: other }, 'proof-invalid'],
  ['a proof over something else', { proofOver: new Uint8Array(64) }, 'proof-invalid'],
  ['a proof of 63 bytes', { body: { proof: base64url(new Uint8Array(63)) } }, 'proof-invalid'],
  ['no proof', { body: { proof: '' } }, 'proof-invalid'],
  ['a proof of zeros', { body: { proof: base64url(new Uint8Array(64)) } }, 'proof-invalid'],
  ['report data of zeros', { reportData: () => new Uint8Array(64) }, 'binding-mismatch'],
  [
    'report data whose first half is right',
    { reportData: (right) => Uint8Array.from(right).fill(0, 32) },
    'binding-mismatch',
  ],
  [
    'report data that differs in its last bit',
    { reportData: (right) => flip(right, 63) },
    'binding-mismatch',
  ],
  [
    'SNP report data that differs in one bit',
    { format: 'snp', reportData: (right) => flip(right, 0) },
    'binding-mismatch',
  ],
  ['a quote cut short', { evidence: (right) => right.subarray(0, -1) }, 'malformed'],
  ['half a quote', { evidence: (right) => right.subarray(0, 2000) }, 'malformed'],
  ['no quote at all', { evidence: () => new Uint8Array() }, 'malformed'],
  [
    'a quote with something behind it',
    { evidence: (right) => Buffer.concat([right, Buffer.from('x')]) },
    'trailing-data',
  ],
  [
    'a quote with a changed measurement',
    { evidence: (right) => flip(right, 200) },
    'signature-invalid',
  ],
  ['a quote of another vendor', { quoteCa: strangers }, 'chain-untrusted'],
  [
    'a QE report that vouches for another key',
    { quote: { qeReport: { reportData: new Uint8Array(64) } } },
    'signature-invalid',
  ],
  ['a QE report by another key', { quote: { pckKey: other } }, 'signature-invalid'],
  [
    'an SNP report in a TDX wrapper',
    { format: 'snp', body: { evidence: [TDX_TYPE, base64url(new Uint8Array(1184))] } },
    'unsupported-version',
  ],
  [
    'a quote in an SNP wrapper',
    { body: { evidence: [SNP_TYPE, base64url(new Uint8Array(4000))] } },
    'trailing-data',
  ],
  [
    'an SNP report with a changed bit',
    { format: 'snp', evidence: (r) => flip(r, 0x90) },
    'signature-invalid',
  ],
  ['an SNP report cut short', { format: 'snp', evidence: (r) => r.subarray(0, 1183) }, 'malformed'],
  [
    'an SNP report without its certificates',
    { format: 'snp', body: { endorsements: [] } },
    'collateral-missing',
  ],
  [
    'a level that this connection does not have',
    { body: { binding: 'exporter' } },
    'exporter-unavailable',
  ],
  ['a role that there is not', { role: 'nobody' }, 'role-unknown'],
  ['a debug TD', { td: { tdAttributes: Uint8Array.of(1, 0, 0, 0x10, 0, 0, 0, 0) } }, 'debug'],
  ['another measurement', { td: { mrTd: new Uint8Array(48) } }, 'reference-mismatch'],
  [
    'another SNP measurement',
    { format: 'snp', snp: { measurement: new Uint8Array(48) } },
    'reference-mismatch',
  ],
  ['a debug SNP guest', { format: 'snp', snp: { policy: 0xb0000n } }, 'debug'],
  [
    'an SNP guest with a migration agent allowed and debug',
    { format: 'snp', snp: { policy: 0xf0000n } },
    'debug',
  ],
  [
    'a Nitro document whose user data differ in one bit',
    { format: 'nitro', reportData: (right) => flip(right, 63) },
    'binding-mismatch',
  ],
  [
    'a Nitro document that binds in its nonce',
    { format: 'nitro', reportData: () => new Uint8Array(), nitro: { nonce: new Uint8Array(64) } },
    'binding-mismatch',
  ],
  [
    'a Nitro document with a changed bit in its signature',
    { format: 'nitro', evidence: (document) => flip(document, document.length - 1) },
    'signature-invalid',
  ],
  [
    'a Nitro document of four hours ago',
    { format: 'nitro', nitro: { timestamp: new Date(NOW - 4 * 3_600_000) } },
    'certificate-expired',
  ],
  [
    'an enclave in debug mode',
    {
      format: 'nitro',
      nitro: { pcrs: new Map([...PCRS].map(([at]) => [at, new Uint8Array(48)])) },
    },
    'debug',
  ],
  [
    'the TPM of an instance in place of an enclave',
    { format: 'nitro', nitro: { kind: 'nitrotpm' } },
    'document-kind',
  ],
  ['SNP evidence from below the paravisor', { format: 'snp', snp: { vmpl: 1 } }, 'vmpl'],
  [
    'a service TD that may change it',
    { td: { mrServiceTd: new Uint8Array(48).fill(1) } },
    'service-td',
  ],
  [
    'attributes that nobody knows',
    { td: { tdAttributes: Uint8Array.of(0, 0, 0, 0x10, 0, 0x80, 0, 0) } },
    'reserved-attributes',
  ],
  [
    'an old TDX module',
    { td: { teeTcbSvn: Uint8Array.of(2, 1, 2, ...new Uint8Array(13)) } },
    'tcb-status',
  ],
  [
    'a TDX module that no level fits',
    { td: { teeTcbSvn: Uint8Array.of(1, 1, 2, ...new Uint8Array(13)) } },
    'tcb-no-matching-level',
  ],
  [
    'a quoting enclave that is not the genuine one',
    { quote: { qeReport: { isvProdId: 7 } } },
    'qe-identity-mismatch',
  ],
];

for (const [what, twist, code] of refusals) {
  test(`${what} is refused: ${code}`, async () => {
    const { error, code: seen, decision } = refusal(await scene.login(twist));
    assert.equal(seen, code);
    assert.equal(error.kind, 'permission-denied');
    assert.match(
      error.message,
      new RegExp(`^attestation refused: ${code} \\(decision [0-9a-f-]+\\)$`),
    );
    assert.equal(decision?.outcome, 'refused');
    assert.equal(decision?.code, code);
    assert.equal(decision?.role, twist.role ?? 'web');
    assert.notEqual(decision?.message, '');
  });
}

const malformed: readonly [string, Record<string, unknown>, string][] = [
  ['no role', { role: '' }, 'role-missing'],
  ['a role name with a path in it', { role: '../x' }, 'role-name'],
  ['no evidence', { evidence: undefined }, 'evidence-missing'],
  ['evidence that is null', { evidence: null }, 'cmw-invalid'],
  ['evidence that is text', { evidence: 'aGk' }, 'cmw-invalid'],
  ['evidence that is a CBOR tag in an object', { evidence: { a: 1 } }, 'cmw-invalid'],
  ['a record of one part', { evidence: [TDX_TYPE] }, 'cmw-invalid'],
  ['a record of four parts', { evidence: [TDX_TYPE, 'aGk', 4, 1] }, 'cmw-invalid'],
  ['a record that says it is no evidence', { evidence: [TDX_TYPE, 'aGk', 8] }, 'cmw-invalid'],
  ['a record whose indicator is no number', { evidence: [TDX_TYPE, 'aGk', '4'] }, 'cmw-invalid'],
  ['a record whose type is a number', { evidence: [1, 'aGk'] }, 'cmw-invalid'],
  ['a record with padding', { evidence: [TDX_TYPE, 'aGk='] }, 'field-invalid'],
  ['evidence of an unknown type', { evidence: ['text/plain', 'aGk'] }, 'evidence-type-unknown'],
  ['evidence of a type of all objects', { evidence: ['toString', 'aGk'] }, 'cmw-invalid'],
  ['evidence whose type is no media type', { evidence: ['tdx/dcap/v4', 'aGk'] }, 'cmw-invalid'],
  ['evidence said to be endorsements', { evidence: [TDX_TYPE, 'aGk', 2] }, 'cmw-invalid'],
  ['evidence with an indicator of 0', { evidence: [TDX_TYPE, 'aGk', 0] }, 'cmw-invalid'],
  [
    'evidence over the limit',
    { evidence: [TDX_TYPE, base64url(new Uint8Array(64 * 1024 + 1))] },
    'field-invalid',
  ],
  [
    'nine endorsements',
    { endorsements: new Array(9).fill([COLLATERAL_TYPE, 'aGk']) },
    'cmw-invalid',
  ],
  [
    'an endorsement over the limit',
    { endorsements: [[COLLATERAL_TYPE, base64url(new Uint8Array(512 * 1024 + 1))]] },
    'field-invalid',
  ],
  ['endorsements that are no list', { endorsements: { a: 1 } }, 'cmw-invalid'],
  ['a key of 90 bytes', { public_key: base64url(new Uint8Array(90)) }, 'public-key-invalid'],
  [
    'a key that is no point',
    { public_key: base64url(spkiOf(other).fill(1, 30)) },
    'public-key-invalid',
  ],
  ['a key over the limit', { public_key: base64url(new Uint8Array(129)) }, 'field-invalid'],
  ['a proof over the limit', { proof: base64url(new Uint8Array(65)) }, 'field-invalid'],
  ['a challenge over the limit', { challenge: base64url(new Uint8Array(65)) }, 'field-invalid'],
  ['a challenge in another alphabet', { challenge: '+/+/' }, 'field-invalid'],
  ['a binding of another name', { binding: 'none' }, 'field-invalid'],
];

for (const [what, body, code] of malformed) {
  test(`${what} is a mistake of the caller, and costs no challenge: ${code}`, async () => {
    const right = await scene.request();
    const { error, code: seen, decision } = refusal(await scene.send({ ...right, ...body }));
    assert.equal(error.kind, 'invalid-request');
    assert.equal(seen, code);
    assert.equal(decision, null);
    assert.equal((await scene.send(right)).kind, 'accepted');
  });
}

test('evidence that is bound to one connection is worth nothing on another', async () => {
  const mine = tlsConnection('mine');
  assert.equal(
    refusal(await scene.login({ exporterOf: mine }, tlsConnection('theirs'))).code,
    'proof-invalid',
  );
  assert.equal(
    refusal(await scene.login({ exporterOf: mine }, PLAIN)).code,
    'exporter-unavailable',
  );
  const body = { binding: 'key' };
  assert.equal(refusal(await scene.login({ exporterOf: mine, body }, mine)).code, 'proof-invalid');
});

test('a caller without genuine evidence cannot tell a role from none', async () => {
  const shapes: string[] = [];
  for (const role of ['web', 'nobody']) {
    const given = await scene.challenge(role);
    for (const twist of [
      { proofKey: other },
      { quoteCa: strangers },
      { format: 'snp' as const, body: { endorsements: [] } },
    ]) {
      const { error } = refusal(await scene.login({ role, ...twist }));
      shapes.push(error.message.replace(/[0-9a-f-]{30,}/, 'ID'));
    }
    assert.deepEqual(Object.keys(given).sort(), Object.keys(await scene.challenge()).sort());
  }
  assert.deepEqual(shapes.slice(0, 3), shapes.slice(3));
});

test('a tampered measurement is recorded with the claim, what was expected and what was seen', async () => {
  const { decision } = refusal(await scene.login({ td: { mrTd: new Uint8Array(48).fill(9) } }));
  const [fault, ...rest] = decision?.faults as Record<string, string>[];
  assert.deepEqual(rest, []);
  assert.equal(fault?.claim, 'mrtd');
  assert.match(fault?.expected ?? '', new RegExp(hex(MR_TD)));
  assert.match(fault?.seen ?? '', /^(09)+$/);
  assert.equal(decision?.genuine, true);
  assert.equal((decision?.claims as Record<string, string>).mrtd, '09'.repeat(48));
});

test('every fault is recorded, the workload is told the first', async () => {
  const td = { mrTd: new Uint8Array(48), tdAttributes: Uint8Array.of(1, 0, 0, 0x10, 0, 0, 0, 0) };
  const { code, decision } = refusal(await scene.login({ td }));
  assert.equal(code, 'debug');
  const codes = (decision?.faults as { code: string }[]).map((fault) => fault.code);
  assert.deepEqual(codes, ['debug', 'reference-mismatch']);
});

test('collateral that the workload brings is used, and its age is on record', async () => {
  const bare = await Scene.create();
  bare.collateral = [];
  const old = mintDcapCollateral(ca, { now: new Date(NOW - 5000) });
  const record = [COLLATERAL_TYPE, base64url(Buffer.from(formatDcapEndorsements(old)))];
  const outcome = await bare.login({ body: { endorsements: [record, ['text/plain', 'aGk']] } });
  assert.equal(outcome.kind, 'accepted');
  const id = outcome.response.auth?.metadata.decision_id;
  const decision = await bare.read(`decision/${id}`);
  assert.equal(decision?.endorsementSource, 'offered');
  assert.equal((decision?.endorsementAges as Record<string, number>)['tcb-info'], 5);
  assert.deepEqual(decision?.attempts, [{ source: 'offered', outcome: 'verified' }]);
});

test('rubbish that the workload brings does not spoil what the server has', async () => {
  const record = [COLLATERAL_TYPE, base64url(Buffer.from('{"a":1}'))];
  assert.equal((await scene.login({ body: { endorsements: [record] } })).kind, 'accepted');
});

test('a verdict by fresh endorsements is final: an older list that does not know of it is not asked', async () => {
  const revoking = await Scene.create();
  const revoked = [{ serial: 0x5104, date: new Date(NOW - 1000) }];
  revoking.collateral = [mintDcapCollateral(ca, { now: new Date(NOW), pckCrl: { revoked } })];
  const record = [
    COLLATERAL_TYPE,
    base64url(
      Buffer.from(formatDcapEndorsements(mintDcapCollateral(ca, { now: new Date(NOW - DAY_MS) }))),
    ),
  ];
  const { code, decision } = refusal(await revoking.login({ body: { endorsements: [record] } }));
  assert.equal(code, 'certificate-revoked');
  assert.deepEqual(decision?.attempts, [{ source: 'own', outcome: 'certificate-revoked' }]);
});

test('stale endorsements of the server let fresher ones of the workload have their say', async () => {
  const stale = await Scene.create();
  stale.collateral = [mintDcapCollateral(ca, { now: new Date(NOW - 40 * DAY_MS) })];
  const record = [COLLATERAL_TYPE, base64url(Buffer.from(formatDcapEndorsements(fresh)))];
  assert.equal((await stale.login({ body: { endorsements: [record] } })).kind, 'accepted');
  const { code, decision } = refusal(await stale.login());
  assert.equal(code, 'crl-expired');
  assert.deepEqual(decision?.attempts, [{ source: 'own', outcome: 'crl-expired' }]);
});

test('an internal fault is no refusal: it stays one, and leaves a record without its text', async () => {
  const broken = await Scene.create();
  const body = await broken.request();
  const { storage } = broken;
  const get = storage.get.bind(storage);
  storage.get = async (at) => {
    if (keyAt(at).startsWith('role/')) throw new Error('the secret is hunter2');
    return await get(at);
  };
  await assert.rejects(broken.send(body), /hunter2/);
  storage.get = get;
  const keys = (await broken.read('decision/', 'list'))?.keys as string[];
  const decision = await broken.read(`decision/${keys[0]}`);
  assert.equal(decision?.code, 'internal');
  assert.doesNotMatch(JSON.stringify(decision), /hunter2/);
});

test('when the record can not be written nothing is released', async () => {
  const broken = await Scene.create();
  const body = await broken.request();
  const commit = broken.storage.commit.bind(broken.storage);
  broken.storage.commit = async (writes, expectations) => {
    if (writes.some((write) => 'put' in write && write.put.startsWith('decision'))) {
      throw new Error('disk full');
    }
    await commit(writes, expectations);
  };
  await assert.rejects(broken.send(body), /disk full/);
});
