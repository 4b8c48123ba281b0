// Documents that AWS signed, and one that it did not.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { webProvider } from '../provider-web.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { ExpectedBinding, VerifiedClaims } from '../types.js';
import { parseNitroDocument } from './parse.js';
import { pinnedNitroRoots } from './roots.js';
import { verifyNitroDocument } from './verify.js';

const unbound: ExpectedBinding = { binding: 'not-checked' };

async function verify(
  document: Uint8Array,
  at: string,
  expectedBinding = unbound,
  provider = nodeProvider,
): Promise<VerifiedClaims> {
  return verifyNitroDocument({
    evidence: parseNitroDocument(document),
    endorsements: { format: 'aws-nitro' },
    roots: pinnedNitroRoots,
    expectedBinding,
    now: new Date(at),
    provider,
  });
}

async function refuses(code: string, work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** File, time of the document, debug, and the beginnings of claims; null is a claim that is not there. */
const vectors: readonly (readonly [string, string, boolean, Record<string, string | null>])[] = [
  [
    'dstack/nitro-production-1',
    '2025-12-25T13:15:37.578Z',
    false,
    {
      module_id: 'i-0827e799ec9232d44-enc019b55a68bd2ed4b',
      pcr0: '5cb702954321',
      pcr1: '0343b056cd84',
      pcr2: '743ea12db9ab',
      pcr4: '7b3574ad9b7e',
      user_data: '0000000000000000',
      nonce: null,
    },
  ],
  [
    'dstack/nitro-production-2',
    '2025-12-25T16:04:19.346Z',
    false,
    {
      instance_id: 'i-0827e799ec9232d44',
      pcr0: 'eb7d0dab08ff',
      pcr2: 'd7b0a76788c1',
      user_data: 'e3b0c44298fc1c14',
      public_key: null,
    },
  ],
  [
    'dstack/nitro-debug-mode',
    '2025-12-25T08:20:46.577Z',
    true,
    { pcr0: '000000000000', pcr4: '19f6d013fa4d' },
  ],
  [
    'eternis/nitro-debug-with-nonce',
    '2024-09-09T19:49:12.400Z',
    true,
    { pcr3: '671ca1e328f7', pcr4: 'd352cfa31b8d', user_data: '1220c682bc6c814a' },
  ],
  [
    'evervault/nitro-production-2022',
    '2022-10-13T08:58:02.136Z',
    false,
    {
      pcr0: 'f4d48b81a460',
      pcr3: '4a9329d69c83',
      pcr8: '8790eb3cce6c',
      nonce: 'cb3dc2eb76c0c134',
      user_data: null,
    },
  ],
  [
    'evervault/nitro-debug-2022',
    '2022-10-12T13:50:06.081Z',
    true,
    { pcr4: '615fa5b1a883', user_data: '68656c6c6f2c2077' },
  ],
  [
    'evervault/nitro-debug-2023-with-nonce',
    '2023-09-18T15:03:30.860Z',
    true,
    { pcr3: '4a9329d69c83', user_data: '3059301306072a86', nonce: 'bba6bfd51866d2e4' },
  ],
  [
    'evervault/nitro-production-2023',
    '2023-01-18T13:07:19.280Z',
    false,
    {
      pcr0: 'd265a83faa7b',
      pcr8: '97c5395a83c0',
      user_data: '3076301006072a86',
      nonce: '20c7790006cf23c5',
    },
  ],
];

describe('documents that AWS signed', { skip: skipWithoutVectors }, () => {
  for (const [file, at, debug, claims] of vectors) {
    const read = () => readVector(`nitro/${file}.cose`);

    test(`${file} verifies at its own time, in both providers`, async () => {
      for (const provider of [nodeProvider, webProvider]) {
        const { values, ...found } = await verify(read(), at, unbound, provider);
        assert.equal(found.debug, debug);
        assert.deepEqual({ ...found.endorsementAges }, { document: 0 });
        assert.equal(values.document_kind, 'enclave');
        assert.equal(values.timestamp, at);
        for (const [name, value] of Object.entries(claims)) {
          const seen = values[name];
          assert.ok(value === null ? seen === undefined : String(seen).startsWith(value), name);
        }
      }
    });

    test(`${file} is refused an hour before, three hours after, and today`, async () => {
      const time = new Date(at).getTime();
      const shifted = (hours: number) => new Date(time + hours * 3_600_000).toISOString();
      await refuses('certificate-not-yet-valid', () => verify(read(), shifted(-1)));
      await refuses('certificate-expired', () => verify(read(), shifted(3.1)));
      await refuses('certificate-expired', () => verify(read(), '2026-11-22T00:00:00Z'));
    });

    test(`${file} with bytes changed all over is refused`, async () => {
      const document = read();
      for (let index = 0; index < document.length; index += 97) {
        const changed = document.slice();
        changed[index] = (changed[index] ?? 0) ^ 1;
        await assert.rejects(
          async () => verify(changed, at),
          (error) => error instanceof EvidenceError,
          `byte ${index}`,
        );
      }
    });
  }

  test('user data of 64 bytes is what binds', async () => {
    const [file, at] = vectors[1] ?? ['', ''];
    const document = readVector(`nitro/${file}.cose`);
    const userData = parseNitroDocument(document).userData ?? new Uint8Array();
    assert.equal((await verify(document, at, userData)).binding, 'checked');
    const other = userData.slice();
    other[63] = (other[63] ?? 0) ^ 1;
    await refuses('binding-mismatch', () => verify(document, at, other));
  });

  test('a document with a nonce and no user data is bound to nobody', async () => {
    const [file, at] = vectors[4] ?? ['', ''];
    const document = readVector(`nitro/${file}.cose`);
    const nonce = parseNitroDocument(document).nonce ?? new Uint8Array();
    await refuses('binding-mismatch', () => verify(document, at, nonce.subarray(0, 64)));
  });

  test('a document whose signature AWS did not make is refused, though its chain is genuine', async () => {
    const document = readVector('bad/eternis/nitro-bad-signature.cose');
    await refuses('signature-invalid', () => verify(document, '2024-07-23T21:29:41Z'));
  });

  test('the registers that were published for a release are those of its document', async () => {
    const published = (file: string): Record<string, string> =>
      JSON.parse(new TextDecoder().decode(readVector(file)));
    const [file, at] = vectors[7] ?? ['', ''];
    const { values } = await verify(readVector(`nitro/${file}.cose`), at);
    const textOf = (value: unknown) => JSON.stringify(value).toLowerCase();
    const good = textOf(published('nitro/evervault/expected-pcrs-production-2023.json'));
    const bad = textOf(published('bad/evervault/nitro-wrong-pcrs-expected.json'));
    for (const name of ['pcr0', 'pcr1', 'pcr2', 'pcr8']) {
      assert.ok(good.includes(String(values[name])), name);
      assert.ok(!bad.includes(String(values[name])), name);
    }
  });

  test('the pinned root is the one whose fingerprint AWS publishes', async () => {
    const [root] = pinnedNitroRoots;
    assert.ok(root?.kind === 'certificate');
    const digest = encodeHex(await nodeProvider.digest('sha256', root.der));
    assert.equal(digest, '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b');
  });
});
