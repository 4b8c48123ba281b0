// Envelopes that others made: what Veraison's library writes, and a certificate of a dstack guest.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { checkBinding } from '../binding.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { decodeHex, encodeHex } from '../encoding/hex.js';
import { parsePem } from '../encoding/pem.js';
import type { EvidenceErrorCode } from '../errors.js';
import { verifyChain } from '../pki/chain.js';
import { spkiOf } from '../pki/raw-key.js';
import { nodeProvider } from '../provider-node.js';
import { webProvider } from '../provider-web.js';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { good, now } from '../testing/dcap-scene.test.js';
import { derOctetString } from '../testing/der-writer.js';
import {
  certificate,
  hash,
  spki as ownSpki,
  quoteFor,
  spkiOf as spkiOfKey,
} from '../testing/ra-tls-scene.test.js';
import { verifyEvidence } from '../verify.js';
import { type Cmw, cmwRecords, parseCmw } from './cmw.js';
import { openEnvelope } from './open-envelope.js';
import { readRaTlsCertificate } from './ra-tls.js';

const read = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../vectors/${name}`, import.meta.url)));
const encode = (text: string) => new TextEncoder().encode(text);
const invalid = (code: EvidenceErrorCode) => ({ name: 'EvidenceError', code });

interface VeraisonVectors {
  readonly x509: Readonly<Record<'json' | 'cbor', string>>;
  readonly read: readonly (readonly [string, string | number, number | null])[];
  readonly refused: readonly string[];
}

describe('wrappers of Veraison', () => {
  const vectors = JSON.parse(
    new TextDecoder().decode(read('veraison-cmw.json')),
  ) as VeraisonVectors;
  const bytesOf = (wrapper: string) =>
    /^[[{]/.test(wrapper) ? encode(wrapper) : decodeHex(wrapper.replaceAll(' ', ''));

  for (const [wrapper, type, indicator] of vectors.read) {
    it(`${wrapper} is read`, () => {
      const value = decodeHex('deadbeef');
      assert.deepEqual(parseCmw(bytesOf(wrapper)), { kind: 'record', type, value, indicator });
    });
  }

  for (const wrapper of vectors.refused) {
    it(`refuses ${wrapper}`, () => {
      assert.throws(() => parseCmw(bytesOf(wrapper)), invalid('malformed'));
    });
  }

  for (const [kind, value] of Object.entries(vectors.x509)) {
    it(`its X.509 extension with ${kind} is read, to the last record`, async () => {
      const der = certificate({ oid: '1.3.6.1.5.5.7.1.35', value: decodeHex(value) });
      const { profile, content } = await readRaTlsCertificate(der, nodeProvider);
      assert.equal(profile, 'cmw');
      assert.ok(content.kind === 'cmw');
      assert.deepEqual(outline(content.cmw), [
        ['application/eat-ucs+cbor', '827818', 3],
        ['application/eat-ucs+cbor', 'a10a', null],
        ['application/eat-ucs+json', encodeHex(encode('{"eat_nonce": ...}')), 8],
      ]);
      await assert.rejects(openEnvelope(der, nodeProvider), invalid('unsupported-format'));
    });
  }
});

/** Records in the order of their types and values. */
function outline(cmw: Cmw): unknown[] {
  const rows = cmwRecords(cmw).map((each) => [each.type, encodeHex(each.value), each.indicator]);
  return rows.sort((a, b) => (String(a) < String(b) ? -1 : 1));
}

const guest = read('dstack-guest.pem');
const [guestDer = new Uint8Array()] = parsePem(new TextDecoder().decode(guest), {
  label: 'CERTIFICATE',
  blocksMax: 1,
  bytesMax: 32_768,
});
/** About when the guest had its quote made. */
const captured = new Date('2026-09-14');
/** Version, kind and length of the quote, in front of it. */
const head = decodeHex('0000394e04000200');

/** The certificate with these bytes in the place of the head's first ones. */
function withHead(...bytes: number[]): Uint8Array {
  const changed = Buffer.from(guestDer);
  const at = changed.indexOf(head);
  assert.ok(at > 0);
  changed.set(bytes, at);
  return new Uint8Array(changed);
}

describe('a certificate of a dstack guest', () => {
  for (const [name, provider] of [
    ['node:crypto', nodeProvider],
    ['WebCrypto', webProvider],
  ] as const) {
    it(`is evidence for its key, which Intel's root vouches for, by ${name}`, async () => {
      const { evidence, envelope, binding } = await openEnvelope(guest, provider);
      assert.equal(envelope, 'dstack');
      assert.ok(evidence.format === 'tdx-dcap');
      const { quote, report, pckChain } = evidence;
      assert.equal(checkBinding(report.reportData, binding), 'checked');
      assert.equal(
        encodeHex(report.mrTd),
        'c757a8fb1e8322b4bfe59fdc4be74f131b00e23806297fbbfa84fd2d6f79a81fb3f9d741bab70f9a084cd7dfd2cdfa1d',
      );
      const { leaf } = await verifyChain({
        chain: pckChain,
        trustedRoots: pinnedIntelRoots,
        revocation: { kind: 'not-checked' },
        now: captured,
        provider,
      });
      const pck = leaf.publicKey.spki;
      const { qeReport, qeReportSignature, attestationKey, signature, signedPart } = quote;
      const isSigned = (spki: Uint8Array, by: Uint8Array, data: Uint8Array) =>
        provider.verify('ecdsa-p256-sha256', spki, by, data);
      assert.ok(await isSigned(pck, qeReportSignature, qeReport.raw));
      assert.ok(await isSigned(spkiOf('p256', attestationKey), signature, signedPart));
      const digest = await provider.digest('sha256', concatBytes(attestationKey, quote.qeAuthData));
      assert.ok(equalBytes(qeReport.reportData.subarray(0, 32), digest));
    });
  }

  it('is refused with the collateral of a testing CA, even if that is trusted as well', async () => {
    const { evidence, binding } = await openEnvelope(guest, nodeProvider);
    const endorsements = mintDcapCollateral(good, { now: captured });
    const input = { evidence, endorsements, expectedBinding: binding, provider: nodeProvider };
    for (const roots of [pinnedIntelRoots, [...pinnedIntelRoots, ...good.roots]]) {
      const verified = verifyEvidence({ ...input, roots, now: captured });
      await assert.rejects(verified, invalid('crl-missing'));
    }
  });

  it('is refused for another key', async () => {
    const stranger = spkiOfKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey);
    const changed = Buffer.from(guestDer);
    changed.set(stranger, changed.indexOf(stranger.subarray(0, 27)));
    const { evidence, binding } = await openEnvelope(new Uint8Array(changed), nodeProvider);
    assert.ok(evidence.format === 'tdx-dcap');
    const { reportData } = evidence.report;
    assert.throws(() => checkBinding(reportData, binding), invalid('binding-mismatch'));
  });

  for (const [what, code, bytes] of [
    ['whose attestation is in MessagePack', 'unsupported-format', withHead(0x83)],
    ['of a later version', 'unsupported-format', withHead(1)],
    ['of a guest on other hardware', 'unsupported-format', withHead(0, 1)],
    ['whose quote has its length in one byte', 'malformed', withHead(0, 0, 0x38)],
    ['whose quote has its length in four bytes', 'malformed', withHead(0, 0, 0x3a)],
    ['whose quote has its length as a big number', 'malformed', withHead(0, 0, 0x3b)],
    ['whose quote is longer than what is there', 'malformed', withHead(0, 0, 0xfd, 0xff)],
    ['whose quote is shorter', 'malformed', withHead(0, 0, 0x39, 0x40)],
    ['whose quote has nothing in it', 'unsupported-format', withHead(0, 0, 1, 0)],
  ] as const) {
    it(`is refused ${what}`, async () => {
      await assert.rejects(openEnvelope(bytes, nodeProvider), invalid(code));
    });
  }

  it('is refused when cut at any length', async () => {
    for (let length = 1; length < guestDer.length; length += 31) {
      const cut = guestDer.subarray(0, length);
      await assert.rejects(openEnvelope(cut, nodeProvider), invalid('malformed'), `${length}`);
    }
  });
});

describe('certificates as dstack makes them', () => {
  const oids = { attestation: '1.3.6.1.4.1.62397.1.8', quote: '1.3.6.1.4.1.62397.1.1' } as const;
  const bound = hash('sha512', concatBytes(encode('ratls-cert:'), ownSpki));
  const scale = (quote: Uint8Array, ...rest: number[]) => {
    const length = (quote.length << 2) | 1;
    return derOctetString(Uint8Array.of(0, 0, length & 0xff, length >> 8, ...quote, ...rest));
  };
  const verify = async (der: Uint8Array) => {
    const { evidence, envelope, binding } = await openEnvelope(der, nodeProvider);
    const claims = await verifyEvidence({
      evidence,
      endorsements: mintDcapCollateral(good, { now }),
      roots: good.roots,
      expectedBinding: binding,
      now,
      provider: nodeProvider,
    });
    return [envelope, claims.binding];
  };
  const quote = quoteFor(bound);
  const bare = { oid: oids.quote, value: derOctetString(quote) };

  for (const [what, der] of [
    ['an attestation', certificate({ oid: oids.attestation, value: scale(quote, 0, 7) })],
    ['a bare quote, as older guests have it', certificate(bare)],
    ['both', certificate(bare, { oid: oids.attestation, value: scale(quote) })],
  ] as const) {
    it(`are evidence for their key with ${what}`, async () => {
      assert.deepEqual(await verify(der), ['dstack', 'checked']);
    });
  }

  const plain = hash('sha512', ownSpki);
  for (const [what, code, value] of [
    ['a quote bound to the bare key', 'binding-mismatch', derOctetString(quoteFor(plain))],
    ['a quote bound to nothing', 'binding-mismatch', derOctetString(quoteFor(new Uint8Array(64)))],
    ['a quote without an OCTET STRING', 'malformed', quote],
    ['bytes behind the OCTET STRING', 'trailing-data', concatBytes(bare.value, new Uint8Array(1))],
    ['an attestation in its place', 'unsupported-format', scale(quote)],
    ['no bytes', 'malformed', new Uint8Array()],
  ] as const) {
    it(`are refused with ${what}`, async () => {
      await assert.rejects(verify(certificate({ oid: oids.quote, value })), invalid(code));
    });
  }

  it('are refused for a bad attestation although there is a good quote as well', async () => {
    const bad = { oid: oids.attestation, value: scale(quoteFor(plain)) };
    await assert.rejects(verify(certificate(bare, bad)), invalid('binding-mismatch'));
    const none = { oid: oids.attestation, value: derOctetString(new Uint8Array()) };
    await assert.rejects(verify(certificate(bare, none)), invalid('malformed'));
  });
});
