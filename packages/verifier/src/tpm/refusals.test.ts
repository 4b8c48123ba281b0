// A good quote, and everything that can be wrong with one.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy } from '../appraise/policy.js';
import { concatBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { webProvider } from '../provider-web.js';
import { extendAll, writeAgileLog, writeImaBinary } from '../testing/event-log.js';
import { assertRefusesCleanly, mutationsOf, randomBytes } from '../testing/mutation.test.js';
import { flipBit } from '../testing/snp-scene.js';
import {
  createSoftwareAk,
  pcrSelection,
  somePcrs,
  type TpmKeyKind,
  u16be,
  u32be,
} from '../testing/tpm.js';
import { activatedFor } from '../testing/tpm-credential-scene.js';
import {
  akCa,
  akOf,
  binding,
  playTpm,
  refusesTpm,
  stageTpm,
  type TpmScene,
  tpmNow,
} from '../testing/tpm-scene.js';
import { parseAttestationKey } from './attestation-key.js';
import { parseTpmEvidence } from './parse.js';
import { nameOf } from './public-area.js';
import { verifyTpmQuote } from './verify.js';

const kinds: readonly TpmKeyKind[] = ['rsassa', 'rsapss', 'ecdsa-p256', 'ecdsa-p384'];
const pcrs = somePcrs('sha256', [0, 1, 2, 3, 4, 5, 6, 7]);

describe('a TPM quote', () => {
  for (const kind of kinds) {
    for (const [name, provider] of [
      ['node', nodeProvider],
      ['web', webProvider],
    ] as const) {
      it(`by a key for ${kind} is verified (${name})`, async () => {
        const claims = await playTpm({ ak: akOf(kind), input: { provider } });
        assert.equal(claims.binding, 'checked');
        assert.equal(claims.values.pcr_selection, 'sha256:0,1,2,3,4,5,6,7');
        assert.equal(claims.values.pcr7, '07'.repeat(32));
        assert.equal(claims.values.ak_provenance, 'certificate');
        assert.equal(claims.values.revocation_checked, true);
        assert.equal(claims.values.tpm_reset_count, 7);
        assert.equal(claims.values.memory_protected, false);
        assert.equal(claims.endorsementAges.crl, 86_400);
      });
    }
  }

  it('affirms nothing about memory', async () => {
    const policy = parseAppraisalPolicy({ name: 'p', formats: { 'tpm2-quote': {} } });
    const { trustVector, trustReasons } = appraise(await playTpm({}), policy, []);
    assert.equal(trustVector.runtime_opaque, 0);
    assert.equal(trustReasons.runtime_opaque, 'not appraised');
    assert.equal(trustVector.hardware, 2);
  });

  for (const bank of ['sha1', 'sha384', 'sha512'] as const) {
    it(`of the ${bank} bank is verified`, async () => {
      const values = somePcrs(bank, [0, 7, 23]);
      const claims = await playTpm({ quote: { bank, pcrs: values } });
      assert.equal(claims.values.pcr_selection, `${bank}:0,7,23`);
    });
  }

  it('by a key whose TPM activated a credential needs no certificate', async () => {
    const { publicArea } = akOf('rsassa');
    const credential = await activatedFor(publicArea, tpmNow);
    const provenance = { kind: 'credential', credential } as const;
    const claims = await playTpm({
      ak: akOf('rsassa'),
      provenance,
      container: { akCertificates: [] },
    });
    assert.equal(claims.values.ak_provenance, 'credential');
    const name = await nameOf(parseAttestationKey(publicArea), nodeProvider);
    assert.equal(claims.values.ak_name, encodeHex(name));
    await refusesTpm('attestation-key-unproven', { ak: akOf('ecdsa-p256'), provenance });
  });

  it('brings its logs with it', async () => {
    const events = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
      index,
      type: 4,
      data: new Uint8Array(4),
    }));
    const entry = { template: 'ima-ng', fileDigest: new Uint8Array(32), path: '/x' } as const;
    const imaLog = writeImaBinary([entry]);
    const eventLog = writeAgileLog(events, ['sha256']);
    const values = extendAll(events, 'sha256');
    const claims = await playTpm({ quote: { pcrs: values }, container: { eventLog } });
    assert.equal(claims.values.event_log_events, 8);
    await refusesTpm('event-log-mismatch', { container: { eventLog } });
    await refusesTpm('event-log-mismatch', {
      quote: { pcrs: values },
      container: { eventLog, imaLog },
    });
  });
});

const refusals: Readonly<Record<string, readonly [string, EvidenceErrorCode, TpmScene][]>> = {
  'the quote': [
    [
      'with another magic: any program could have written it',
      'malformed',
      { quote: { magic: 0xff544348 } },
    ],
    ['that is a certification of a key', 'unsupported-format', { quote: { type: 0x8017 } }],
    ['that is a statement about time', 'unsupported-format', { quote: { type: 0x8019 } }],
    ['with a byte behind it', 'trailing-data', { quote: { trailing: Uint8Array.of(0) } }],
    ['with a flag of 2', 'malformed', { quote: { safe: 2 } }],
    ['with extra data of 67 bytes', 'malformed', { quote: { extraData: new Uint8Array(67) } }],
    ['about no bank', 'pcr-selection', { quote: { selection: u32be(0) } }],
    [
      'about two banks',
      'pcr-selection',
      {
        quote: {
          selection: concatBytes(
            u32be(2),
            pcrSelection('sha256', [0]).subarray(4),
            pcrSelection('sha1', [0]).subarray(4),
          ),
        },
      },
    ],
    ['about no PCR', 'pcr-selection', { quote: { selection: pcrSelection('sha256', []) } }],
    [
      'about a bank of SM3',
      'unsupported-algorithm',
      { quote: { selection: concatBytes(u32be(1), u16be(0x12), Uint8Array.of(3, 1, 0, 0)) } },
    ],
    [
      'with a selection of four bytes',
      'malformed',
      { quote: { selection: concatBytes(u32be(1), u16be(0xb), Uint8Array.of(4, 1, 0, 0, 0)) } },
    ],
    [
      'changed after it was signed',
      'signature-invalid',
      { spoilQuote: (quote) => flipBit(quote, 8 * 60) },
    ],
    ['by another key', 'signature-invalid', { signer: createSoftwareAk({ kind: 'ecdsa-p256' }) }],
    ['by a key of another kind', 'signature-invalid', { signer: akOf('rsassa') }],
    [
      'signed by PSS with a key for PKCS #1',
      'signature-invalid',
      { ak: akOf('rsassa'), signer: { ...akOf('rsassa'), kind: 'rsapss' } },
    ],
  ],
  'the signature': [
    [
      'with a bit flipped',
      'signature-invalid',
      { spoilSignature: (bytes) => flipBit(bytes, 8 * 20) },
    ],
    [
      'of SHA-1',
      'unsupported-algorithm',
      { spoilSignature: (bytes) => concatBytes(bytes.subarray(0, 2), u16be(4), bytes.subarray(4)) },
    ],
    [
      'of an unknown scheme',
      'unsupported-algorithm',
      { spoilSignature: (bytes) => concatBytes(u16be(0x1a), bytes.subarray(2)) },
    ],
    [
      'with a byte behind it',
      'trailing-data',
      { spoilSignature: (bytes) => concatBytes(bytes, Uint8Array.of(0)) },
    ],
    ['cut short', 'malformed', { spoilSignature: (bytes) => bytes.subarray(0, -1) }],
    [
      'of zeros',
      'signature-invalid',
      {
        spoilSignature: (bytes) =>
          bytes.map((byte, index) => (index < 6 || (index > 37 && index < 40) ? byte : 0)),
      },
    ],
    [
      'with numbers longer than the curve',
      'signature-invalid',
      {
        spoilSignature: (bytes) =>
          concatBytes(bytes.subarray(0, 4), u16be(33), Uint8Array.of(1), bytes.subarray(6)),
      },
    ],
  ],
  'PCR values': [
    [
      'that were not quoted',
      'pcr-mismatch',
      { container: { pcrs: new Map([...pcrs, [7, new Uint8Array(32)]]) } },
    ],
    [
      'of one PCR more',
      'pcr-mismatch',
      { container: { pcrs: new Map([...pcrs, [8, new Uint8Array(32)]]) } },
    ],
    ['of one PCR less', 'pcr-mismatch', { container: { pcrs: new Map([...pcrs].slice(1)) } }],
    [
      'under another index',
      'pcr-mismatch',
      { container: { pcrs: new Map([...pcrs].map(([pcr, value]) => [pcr + 1, value])) } },
    ],
    [
      'of another length',
      'pcr-mismatch',
      { container: { pcrs: new Map([...pcrs, [0, new Uint8Array(20)]]) } },
    ],
    [
      'hashed by another hash than the signature',
      'pcr-mismatch',
      { quote: { digestHash: 'sha384' } },
    ],
    ['hashed in descending order', 'pcr-mismatch', { quote: { pcrDigest: new Uint8Array(32) } }],
  ],
  'the binding': [
    ['of another session', 'binding-mismatch', { input: { expectedBinding: flipBit(binding, 0) } }],
    ['that is the 64 bytes, not their hash', 'binding-mismatch', { quote: { extraData: binding } }],
    ['that is empty', 'binding-mismatch', { quote: { extraData: new Uint8Array() } }],
    ['that nobody expects', 'input-invalid', { input: { expectedBinding: undefined as never } }],
    [
      'that is expected to be 32 bytes',
      'input-invalid',
      { input: { expectedBinding: new Uint8Array(32) } },
    ],
  ],
  'a container': [
    ['of another type', 'malformed', { container: { type: 'tpm2' } }],
    ['without a quote', 'malformed', { spoil: ({ quote: _, ...rest }) => rest }],
    [
      'with a member nobody knows',
      'malformed',
      { spoil: (all) => ({ ...all, skip_checks: true }) },
    ],
    ['with PCR 24', 'malformed', { spoil: (all) => ({ ...all, pcrs: { 24: '00' } }) }],
    ['with PCRs as a list', 'malformed', { spoil: (all) => ({ ...all, pcrs: [] }) }],
    [
      'with a PCR that is not hex',
      'malformed',
      { spoil: (all) => ({ ...all, pcrs: { 0: 'zz' } }) },
    ],
    [
      'with seven certificates',
      'malformed',
      { container: { akCertificates: new Array(7).fill(akCa().root.der) } },
    ],
    [
      'with a certificate that is none',
      'malformed',
      { container: { akCertificates: [Uint8Array.of(1)] } },
    ],
    ['with a log that is none', 'malformed', { container: { eventLog: Uint8Array.of(1) } }],
  ],
};

for (const [what, rows] of Object.entries(refusals)) {
  describe(`refuses ${what}`, () => {
    for (const [name, code, scene] of rows) it(name, () => refusesTpm(code, scene));
  });
}

describe('refuses', () => {
  it('a member that is there twice', () => {
    const text = new TextDecoder().decode(stageTpm({}).bytes);
    const twice = text.replace('{', '{"type":"tpm2-quote",');
    assert.throws(() => parseTpmEvidence(new TextEncoder().encode(twice)), { code: 'malformed' });
  });

  it('every beginning of quote, signature and key', async () => {
    for (const part of ['quote', 'signature', 'ak_public'] as const) {
      const { bytes } = stageTpm({});
      const container = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, string>;
      const whole = Buffer.from(container[part] ?? '', 'base64');
      for (let length = 0; length < whole.length; length += 1) {
        const cut = { ...container, [part]: whole.subarray(0, length).toString('base64') };
        const text = new TextEncoder().encode(JSON.stringify(cut));
        assert.throws(() => parseTpmEvidence(text), EvidenceError, `${part} of ${length} bytes`);
      }
    }
  });

  it('every bit flipped in quote, signature and key', async () => {
    for (const part of ['quote', 'signature', 'ak_public'] as const) {
      const { bytes, input } = stageTpm({});
      const container = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, string>;
      const whole = new Uint8Array(Buffer.from(container[part] ?? '', 'base64'));
      for (let bit = 0; bit < 8 * whole.length; bit += part === 'ak_public' ? 1 : 3) {
        const changed = Buffer.from(flipBit(whole, bit)).toString('base64');
        const text = new TextEncoder().encode(JSON.stringify({ ...container, [part]: changed }));
        const outcome = (async () =>
          verifyTpmQuote({ evidence: parseTpmEvidence(text), ...input }))();
        // What the certificate does not vouch for in the key is its Name, which no proof here is about.
        const free = part === 'ak_public' && bit >= 16 && bit < 64;
        if (free) await outcome.catch((error) => assert.ok(error instanceof EvidenceError));
        else await assert.rejects(outcome, EvidenceError, `${part} bit ${bit}`);
      }
    }
  });

  it('anything without crashing', () => {
    const { bytes } = stageTpm({});
    assertRefusesCleanly(fc.oneof(randomBytes, mutationsOf(bytes)), parseTpmEvidence, 3_000);
    const area = akOf('ecdsa-p256').publicArea;
    assertRefusesCleanly(mutationsOf(area), parseAttestationKey);
  });
});
