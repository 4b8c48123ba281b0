// Genuine quotes and certificates of keys, from Google's, Microsoft's and other TPMs.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeBase64 } from '../encoding/base64.js';
import { decodeHex, encodeHex } from '../encoding/hex.js';
import type { Bank } from '../eventlog/event-log.js';
import { parsePublicKey } from '../pki/algorithm.js';
import { type Certificate, parseCertificate, parseCertificatesPem } from '../pki/certificate.js';
import { nodeProvider } from '../provider-node.js';
import { tpmContainer } from '../testing/tpm.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { VerifiedClaims } from '../types.js';
import { gceInstanceClaims, verifyAkCertificate } from './ak-certificate.js';
import { parseTpmAttest, parseTpmSignature } from './attest.js';
import { parseAttestationKey } from './attestation-key.js';
import { parseTpmEvidence } from './parse.js';
import { checkPcrDigest, checkQuoteSignature } from './quote.js';
import { pinnedVtpmRoots } from './roots.js';
import { type TpmEndorsements, verifyTpmQuote } from './verify.js';

const text = (path: string) => new TextDecoder().decode(readVector(path));
const fromBase64 = (value: string) => new Uint8Array(Buffer.from(value, 'base64'));

function varint(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0, index = at; ; shift += 7, index += 1) {
    const byte = bytes[index] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, index + 1];
  }
}

/** Fields of a protocol buffer: numbers and byte strings. */
function fieldsOf(bytes: Uint8Array): { id: number; value: number; bytes: Uint8Array }[] {
  const fields: { id: number; value: number; bytes: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [key, start] = varint(bytes, at);
    const [value, next] = varint(bytes, start);
    const isBytes = (key & 7) === 2;
    fields.push({
      id: key >> 3,
      value,
      bytes: isBytes ? bytes.subarray(next, next + value) : bytes,
    });
    at = isBytes ? next + value : next;
  }
  return fields;
}

const one = (bytes: Uint8Array, id: number) =>
  fieldsOf(bytes).find((field) => field.id === id)?.bytes ?? new Uint8Array();
const banks: Readonly<Record<number, Bank>> = { 4: 'sha1', 11: 'sha256', 12: 'sha384' };

/** go-tpm-tools' attest.Attestation as our containers, one for each bank. */
function gceContainers(path: string): Map<Bank, Record<string, unknown>> {
  const all = readVector(path);
  const containers = new Map<Bank, Record<string, unknown>>();
  for (const { bytes } of fieldsOf(all).filter(({ id }) => id === 2)) {
    const values = one(bytes, 3);
    const bank = banks[fieldsOf(values).find(({ id }) => id === 1)?.value ?? 0];
    assert.ok(bank);
    const pcrs = fieldsOf(values)
      .filter(({ id }) => id === 2)
      .map((entry): [number, Uint8Array] => {
        const parts = fieldsOf(entry.bytes);
        return [parts.find(({ id }) => id === 1)?.value ?? 0, one(entry.bytes, 2)];
      });
    const container = tpmContainer({
      quote: one(bytes, 1),
      signature: one(bytes, 2),
      akPublic: one(all, 1),
      pcrs: new Map(pcrs),
      akCertificates: [one(all, 6), parseIntermediate('gcp-vtpm-tpm-ek-intermediate-2.crt').raw],
      eventLog: one(all, 3),
    });
    containers.set(bank, container);
  }
  return containers;
}

function parseIntermediate(name: string): Certificate {
  const bytes = readVector(`roots/${name}`);
  return bytes[0] === 0x30
    ? parseCertificate(bytes)
    : (parseCertificatesPem(bytes)[0] as Certificate);
}

const unchecked: TpmEndorsements = {
  format: 'tpm2-quote',
  provenance: { kind: 'certificate', intermediates: [], revocation: { kind: 'not-checked' } },
};

async function verifyContainer(container: object, now = '2024-01-01'): Promise<VerifiedClaims> {
  const bytes = new TextEncoder().encode(JSON.stringify(container));
  return verifyTpmQuote({
    evidence: parseTpmEvidence(bytes),
    endorsements: unchecked,
    roots: pinnedVtpmRoots,
    expectedBinding: { binding: 'not-checked' },
    now: new Date(`${now}T00:00:00Z`),
    provider: nodeProvider,
  });
}

describe('quotes of Google Compute Engine', { skip: skipWithoutVectors }, () => {
  const nonced = 'tpm/go-tpm-tools/gce-cos-85-nonce9009.attestation.pb';
  const plain = 'tpm/go-tpm-tools/gce-cos-85-no-nonce.attestation.pb';

  for (const [path, extraData] of [
    [nonced, '9009'],
    [plain, ''],
  ] as const) {
    for (const bank of ['sha1', 'sha256', 'sha384'] as const) {
      it(`${path}, ${bank}: key, quote, PCRs and log`, async () => {
        const container = gceContainers(path).get(bank);
        assert.ok(container);
        const { values, binding } = await verifyContainer(container);
        assert.equal(values.extra_data, extraData);
        assert.equal(values.pcr_bank, bank);
        assert.equal(values.event_log_bank, bank);
        assert.equal(values.ak_provenance, 'certificate');
        assert.equal(values.firmware_version, 'GCE Virtual Firmware v1');
        assert.equal(values.gce_confidential_technology, 1);
        assert.equal(typeof values.gce_instance_name, 'string');
        assert.equal(binding, 'not-checked');
      });
    }
  }

  it('refuses to put the parts of two of them together', async () => {
    const [a, b] = [gceContainers(nonced), gceContainers(plain)].map((all) => all.get('sha256'));
    const other = gceContainers(nonced).get('sha384');
    assert.ok(a && b && other);
    const mixed: readonly [object, string][] = [
      [{ ...a, signature: b.signature }, 'signature-invalid'],
      [{ ...a, quote: b.quote }, 'signature-invalid'],
      [{ ...a, pcrs: other.pcrs }, 'pcr-mismatch'],
      [{ ...a, quote: other.quote, signature: other.signature }, 'pcr-mismatch'],
      [{ ...a, ak_certificates: undefined }, 'attestation-key-unproven'],
    ];
    for (const [container, code] of mixed) {
      await assert.rejects(verifyContainer(container), { code });
    }
    await assert.rejects(verifyContainer(a, '2021-08-01'), { code: 'certificate-not-yet-valid' });
    await assert.rejects(verifyContainer(a, '2052-01-01'), { code: 'certificate-expired' });
  });
});

describe('certificates of keys', { skip: skipWithoutVectors }, () => {
  async function verified(chain: readonly Certificate[], now = '2026-06-01') {
    const [leaf] = chain;
    assert.ok(leaf);
    return verifyAkCertificate({
      chain,
      key: leaf.publicKey,
      roots: pinnedVtpmRoots,
      revocation: { kind: 'not-checked' },
      now: new Date(`${now}T00:00:00Z`),
      provider: nodeProvider,
    });
  }

  for (const [name, intermediate] of [
    ['pca-tpm-rsa', 'gcp-vtpm-gcp-ek-ak-ca-intermediate-v3.crt'],
    ['pca-tpm-ecc', 'gcp-vtpm-gcp-ek-ak-ca-intermediate-v3.crt'],
    ['uca-tpm-rsa', 'gcp-vtpm-tpm-ek-intermediate-3.crt'],
    ['uca-tpm-ecc', 'gcp-vtpm-tpm-ek-intermediate-3.crt'],
  ] as const) {
    it(`Google's ${name} leads to a pinned root and names an instance`, async () => {
      const leaf = parseCertificatesPem(readVector(`tpm/go-tpm-tools/gce-ak-${name}-sign.pem`));
      const { leaf: found } = await verified([...leaf, parseIntermediate(intermediate)]);
      const claims = gceInstanceClaims(found);
      assert.match(String(claims.gce_zone), /^[a-z]+-[a-z]+\d-[a-z]$/);
      assert.match(String(claims.gce_instance_id), /^\d{15,20}$/);
      await assert.rejects(verified(leaf), { code: 'chain-untrusted' });
    });
  }

  it("Azure's lead to a pinned root by the intermediates that came with them", async () => {
    const file = JSON.parse(
      text('tpm/flashbots-attested-tls/azure-tdx-vtpm-2026-06.evidence.json'),
    ) as {
      tpm_attestation: { ak_certificate_pem: string; ak_intermediate_certificates_pem: string[] };
    };
    const { ak_certificate_pem: leaf, ak_intermediate_certificates_pem: rest } =
      file.tpm_attestation;
    const chain = [leaf, ...rest].flatMap((pem) => parseCertificatesPem(pem));
    const { root } = await verified(chain, '2026-06-23');
    assert.match(root.subject.text, /Azure Virtual TPM Root/);
    await assert.rejects(verified(chain.slice(0, 1), '2026-06-23'), { code: 'chain-untrusted' });
  });
});

describe('other TPMs', { skip: skipWithoutVectors }, () => {
  it('a bare quote: signature and PCRs under the key that came with it', async () => {
    const file = JSON.parse(text('tpm/trustee/tpm-quote-generic.evidence.json')) as {
      ak_public: string;
      tpm_quote: { message: string; signature: string; pcrs: string[] };
    };
    const { message, signature, pcrs } = file.tpm_quote;
    const attest = parseTpmAttest(fromBase64(message));
    const key = parsePublicKey(decodeBase64(file.ak_public));
    await checkQuoteSignature(attest, parseTpmSignature(fromBase64(signature)), key, nodeProvider);
    const values = new Map(attest.pcrs.map((pcr) => [pcr, decodeHex(pcrs[pcr] ?? '')]));
    await checkPcrDigest(attest, values, 'sha256', nodeProvider);
    assert.match(encodeHex(attest.extraData), /^a04182b506878d4f/);
  });

  it('Windows on Google, SHA-1 PCRs: key, signature and PCRs', async () => {
    const file = JSON.parse(text('tpm/go-attestation/windows-gce-shielded-vm.json')) as {
      AK: { Public: string };
      Quote: { Quote: string; Signature: string };
      Log: { PCRs: { Index: number; Digest: string }[] };
    };
    const attest = parseTpmAttest(fromBase64(file.Quote.Quote));
    const outcome = () => parseTpmSignature(fromBase64(file.Quote.Signature));
    assert.equal(attest.bank, 'sha1');
    assert.equal(attest.pcrs.length, 24);
    // A signature over SHA-1, as Windows made them: refused, whatever else holds.
    assert.throws(outcome, { code: 'unsupported-algorithm' });
    assert.throws(() => parseAttestationKey(fromBase64(file.AK.Public)), {
      code: 'unsupported-algorithm',
    });
  });
});
