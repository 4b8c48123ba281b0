// Evidence in X.509 certificates: Gramine's own extension, dstack's, TCG DICE tagged evidence as the CCC's
// Interoperable RA-TLS fills it, and CMW. Says what REPORT_DATA must be for this key; vouches for nothing else
// in the certificate, which its holder wrote.

import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { type CborItem, type CborLimits, parseCbor } from '../encoding/cbor.js';
import { cborArray, cborBytes, cborInteger, cborMap } from '../encoding/cbor-fields.js';
import { DerReader, derTag } from '../encoding/der.js';
import { EvidenceError } from '../errors.js';
import { type Extensions, parseCertificate } from '../pki/certificate.js';
import type { CryptoProvider, DigestAlgorithm } from '../provider.js';
import type { ExpectedBinding } from '../types.js';
import { type Cmw, parseCmw } from './cmw.js';
import { findDstackQuote } from './dstack-extension.js';

/** Which extension the evidence was taken from. */
export type RaTlsProfile = 'tcg-tagged-evidence' | 'cmw' | 'gramine-legacy' | 'dstack';

/** What a certificate carries. Nothing in it is trusted. */
export interface RaTlsCertificate {
  readonly profile: RaTlsProfile;
  /** A quote, or a wrapper with whatever is in it. */
  readonly content:
    | { readonly kind: 'quote'; readonly quote: Uint8Array }
    | { readonly kind: 'cmw'; readonly cmw: Cmw };
  /**
   * What the evidence must be bound to, so that it speaks of the key in this certificate. CMW defines
   * none: there it is 'not-checked', and such claims never appraise as affirming.
   */
  readonly binding: ExpectedBinding;
}

const oids = {
  /** tcg-dice-tagged-evidence, today tcg-dice-conceptual-message-wrapper. */
  tcg: '2.23.133.5.4.9',
  cmw: '1.3.6.1.5.5.7.1.35',
  gramine: '1.2.840.113741.1337.6',
  /** What Gramine writes: tag and length of the above went into the OID by mistake. */
  gramineAsWritten: '0.6.9.42.840.113741.1337.6',
} as const;

/** Interoperable RA-TLS: a quote, and two kinds of local reports. */
const quoteTag = 60_000n;
const reportTags: readonly bigint[] = [60_001n, 60_002n];

const limits: CborLimits = {
  bytesMax: 65_536,
  itemsMax: 64,
  depthMax: 3,
  indefiniteMaps: 'refused',
};
const quoteBytes = { min: 1, max: 32_768 };
/** What dstack hashes in front of a certificate's key. */
const dstackTag = new TextEncoder().encode('ratls-cert:');
const claimsBytes = { min: 1, max: 4_096 };
const claimCount = { min: 1, max: 16 };

/** IANA's Named Information Hash Algorithm Registry, those that the CCC demands. */
const hashes: Readonly<Record<number, DigestAlgorithm>> = { 1: 'sha256', 7: 'sha384', 8: 'sha512' };

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `RA-TLS certificate: ${why}`);
}

/** REPORT_DATA that begins with a SHA-256 digest: the other 32 bytes are zero. */
function padded(digest: Uint8Array): Uint8Array {
  return concatBytes(digest, new Uint8Array(64 - digest.length));
}

/** The claim `pubkey-hash`: [algorithm, digest of the SubjectPublicKeyInfo], in a byte string. */
async function checkKeyHash(
  claims: Uint8Array,
  spki: Uint8Array,
  provider: CryptoProvider,
): Promise<void> {
  const map = parseCbor(claims, 'RA-TLS claims', limits);
  const entries = cborMap(map, 'RA-TLS claims', claimCount);
  const found = entries.find(({ key }) => key === 'pubkey-hash');
  if (found === undefined) throw malformed('no pubkey-hash in the claims');
  // Further claims may be there (a nonce, or somebody's own): they are bound, and mean nothing here.
  for (const { key, value } of entries) {
    if (typeof key !== 'string') throw malformed('claim without a name');
    cborBytes(value, `RA-TLS claim ${key}`, { min: 0, max: claimsBytes.max });
  }
  const raw = cborBytes(found.value, 'RA-TLS pubkey-hash', { min: 1, max: 128 });
  const entry = parseCbor(raw, 'RA-TLS pubkey-hash', limits);
  const [id, digest] = cborArray(entry, 'RA-TLS pubkey-hash', { min: 2, max: 2 });
  if (!id || !digest) throw malformed('pubkey-hash of two members');
  const number = cborInteger(id, 'RA-TLS hash algorithm', { min: 0, max: 255 });
  const algorithm = hashes[number];
  if (algorithm === undefined) {
    throw new EvidenceError('unsupported-algorithm', `RA-TLS hash algorithm ${number}`);
  }
  const seen = cborBytes(digest, 'RA-TLS key digest', { min: 32, max: 64 });
  if (!equalBytes(seen, await provider.digest(algorithm, spki))) {
    throw new EvidenceError('binding-mismatch', 'RA-TLS claims: for another key');
  }
}

async function openTagged(
  content: CborItem,
  spki: Uint8Array,
  provider: CryptoProvider,
): Promise<RaTlsCertificate> {
  const [first, second] = cborArray(content, 'RA-TLS evidence', { min: 2, max: 2 });
  if (!first || !second) throw malformed('evidence of two members');
  const quote = cborBytes(first, 'RA-TLS quote', quoteBytes);
  const claims = cborBytes(second, 'RA-TLS claims', claimsBytes);
  await checkKeyHash(claims, spki, provider);
  return {
    profile: 'tcg-tagged-evidence',
    content: { kind: 'quote', quote },
    binding: padded(await provider.digest('sha256', claims)),
  };
}

/** TCG's extension holds tagged CBOR of the CCC's, or a record or tag of CMW. */
async function openTcg(
  value: Uint8Array,
  spki: Uint8Array,
  provider: CryptoProvider,
): Promise<RaTlsCertificate> {
  const [first = 0] = value;
  // Major type 6; the tags of CMW have four bytes, those of the CCC two.
  if (first >> 5 !== 6 || first === 0xda) return openCmw(parseCmw(value), 'tcg-tagged-evidence');
  const item = parseCbor(value, 'RA-TLS evidence', limits);
  if (item.type === 'tag' && item.tag === quoteTag) {
    return await openTagged(item.content, spki, provider);
  }
  if (item.type === 'tag' && reportTags.includes(item.tag)) {
    throw new EvidenceError('unsupported-format', 'RA-TLS evidence: a report for the same machine');
  }
  throw new EvidenceError('unsupported-format', 'RA-TLS evidence: unknown tag');
}

function openCmw(cmw: Cmw, profile: RaTlsProfile): RaTlsCertificate {
  return { profile, content: { kind: 'cmw', cmw }, binding: { binding: 'not-checked' } };
}

/** CHOICE { json UTF8String, cbor OCTET STRING } (draft-ietf-rats-msg-wrap, section 4.4). */
function readCmwExtension(value: Uint8Array): Cmw {
  const reader = DerReader.open(value, 'CMW extension', {
    bytesMax: 65_536,
    elementsMax: 4,
    depthMax: 1,
  });
  const element = reader.next('wrapper');
  reader.end();
  const isJson = element.tag === derTag.utf8String;
  if (!isJson && element.tag !== derTag.octetString) throw malformed('CMW of neither kind');
  const [first = 0] = element.contents;
  if (isJson !== (first === 0x5b || first === 0x7b)) throw malformed('CMW of the other kind');
  return parseCmw(element.contents);
}

/** Both spellings may be there, with one and the same quote. */
function findLegacyQuote(extensions: Extensions): Uint8Array | null {
  const proper = extensions.get(oids.gramine)?.value ?? null;
  const written = extensions.get(oids.gramineAsWritten)?.value ?? null;
  if (proper !== null && written !== null && !equalBytes(proper, written)) {
    throw malformed('two quotes in the two spellings of one extension');
  }
  return proper ?? written;
}

/**
 * Reads one certificate (DER, at most 16 KiB) and finds its evidence: TCG's extension first, then CMW's,
 * then Gramine's own, then dstack's. Only one is looked at; when it is refused, no other one is tried. Neither the
 * certificate's signature nor its time is checked: nothing but its key is spoken for.
 * @throws EvidenceError 'unsupported-format' if there is none, 'binding-mismatch' if the claims beside the
 *   quote name another key, and what parsing throws
 */
export async function readRaTlsCertificate(
  der: Uint8Array,
  provider: CryptoProvider,
): Promise<RaTlsCertificate> {
  const { extensions, publicKey } = parseCertificate(der);
  const { spki } = publicKey;
  const tcg = extensions.get(oids.tcg);
  if (tcg !== undefined) return await openTcg(tcg.value, spki, provider);
  const cmw = extensions.get(oids.cmw);
  if (cmw !== undefined) return openCmw(readCmwExtension(cmw.value), 'cmw');
  const legacy = findLegacyQuote(extensions);
  if (legacy !== null) {
    if (legacy.length > quoteBytes.max) throw malformed('quote too long');
    return {
      profile: 'gramine-legacy',
      content: { kind: 'quote', quote: legacy },
      binding: padded(await provider.digest('sha256', spki)),
    };
  }
  const quote = findDstackQuote(extensions);
  if (quote === null) {
    throw new EvidenceError('unsupported-format', 'certificate: no evidence in it');
  }
  return {
    profile: 'dstack',
    content: { kind: 'quote', quote },
    binding: await provider.digest('sha512', concatBytes(dstackTag, spki)),
  };
}
