// A concise reference integrity manifest (draft-ietf-rats-corim-11): unsigned, or signed by somebody whose key the caller
// has. Who may vouch for what is the caller's to decide: a signature here only says whose words these are.

import { parseCoseSign1, verifyCoseSign1 } from '../cose/sign1.js';
import { copyBytes } from '../encoding/bytes.js';
import { type CborItem, type CborLimits, parseCbor } from '../encoding/cbor.js';
import { cborArray, cborBytes } from '../encoding/cbor-fields.js';
import { EvidenceError } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import { type Comid, checkEntities, parseComid } from './comid.js';
import {
  checkValidity,
  entryOf,
  findTagged,
  malformed,
  oidText,
  readMembers,
  readText,
  requireMember,
  unsupported,
} from './fields.js';

const bytesMax = 4 * 1024 * 1024;
const limits: CborLimits = {
  bytesMax,
  itemsMax: 200_000,
  depthMax: 16,
  indefiniteMaps: 'refused',
};
const tags = { corim: 501n, comid: 506n, cose: 18n, uri: 32n, oid: 111n } as const;
const tagsMax = 64;
const contentType = 'application/rim+cbor';
/** Algorithm, content type, key id, CoRIM's own, certificates and their thumbprint. */
const headerLabels = { all: [1n, 3n, 4n, 8n, 33n, 34n], contentType: 3n, meta: 8n } as const;
const algorithms = ['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'EdDSA'] as const;

/** Whose words are taken: of one of these keys (DER SubjectPublicKeyInfo), or of nobody in particular. */
export type CorimTrust =
  | { readonly kind: 'signed'; readonly spkis: readonly Uint8Array[] }
  | { readonly kind: 'unsigned' };

export interface ReadCorimInput {
  readonly bytes: Uint8Array;
  readonly trust: CorimTrust;
  readonly now: Date;
  readonly provider: CryptoProvider;
}

export interface Corim {
  /** 'oid:…' or a URI; null: CoRIM as it is, without a profile. */
  readonly profile: string | null;
  readonly comids: readonly Comid[];
}

/** The manifest's bytes, after the signature over them was checked. */
async function openSigned(bytes: Uint8Array, input: ReadCorimInput): Promise<Uint8Array> {
  const { trust, provider, now } = input;
  if (trust.kind !== 'signed') {
    throw new EvidenceError('input-invalid', 'CoRIM: signed, but no key of a signer was given');
  }
  const message = parseCoseSign1(bytes, 'CoRIM', { ...limits, payloadBytesMax: bytesMax });
  const header = message.protectedHeader;
  for (const { key } of header) {
    if (!headerLabels.all.some((label) => label === key)) throw unsupported(`header ${key}`);
  }
  const type = entryOf(header, headerLabels.contentType);
  const meta = entryOf(header, headerLabels.meta);
  if (type === undefined || readText(type, 'content type') !== contentType) {
    throw unsupported(`content type, want ${contentType}`);
  }
  if (meta === undefined) throw malformed('no word about the signer');
  await checkSignedBy(message, trust.spkis, provider);
  const metaBytes = cborBytes(meta, 'signer', { min: 1, max: 4096 });
  const members = readMembers(parseCbor(metaBytes, 'CoRIM signer', limits), 'signer', [0, 1]);
  readMembers(requireMember(members, 0, 'signer'), 'signer', [0, 1]);
  const validity = members.get(1);
  if (validity !== undefined) checkValidity(validity, 'validity of the signature', now);
  return message.payload;
}

/** @throws EvidenceError 'signature-invalid' if none of the keys made it; the first key's own error if all are unfit */
async function checkSignedBy(
  message: ReturnType<typeof parseCoseSign1>,
  spkis: readonly Uint8Array[],
  provider: CryptoProvider,
): Promise<void> {
  let first: unknown = new EvidenceError('input-invalid', 'CoRIM: no key of a signer was given');
  for (const [index, spki] of spkis.entries()) {
    try {
      await verifyCoseSign1({ message, spki, externalAad: new Uint8Array(), algorithms, provider });
      return;
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      if (index === 0 || error.code === 'signature-invalid') first = error;
    }
  }
  throw first;
}

function readProfile(item: CborItem): string {
  const oid = findTagged(item, tags.oid);
  if (oid !== null) return `oid:${oidText(cborBytes(oid, 'profile', { min: 1, max: 64 }))}`;
  return readText(findTagged(item, tags.uri) ?? item, 'profile');
}

function readTag(item: CborItem): Comid {
  const comid = findTagged(item, tags.comid);
  if (comid === null) throw unsupported('tag that is no CoMID');
  return parseComid(cborBytes(comid, 'CoMID', { min: 1, max: bytesMax }), limits);
}

/**
 * Reads a manifest, whole or not at all. Dependent manifests are refused, as are SWID tags and tag lists.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-format' | 'input-invalid' if `trust` does not fit
 *   the document | 'signature-invalid' | 'unsupported-algorithm' | 'public-key-invalid' |
 *   'collateral-not-yet-valid' | 'collateral-expired'
 */
export async function readCorim(input: ReadCorimInput): Promise<Corim> {
  if (Number.isNaN(input.now.getTime())) throw new EvidenceError('input-invalid', 'now: no time');
  const bytes = copyBytes(input.bytes);
  const outer = parseCbor(bytes, 'CoRIM', limits);
  const isSigned = outer.type === 'array' || findTagged(outer, tags.cose) !== null;
  if (!isSigned && input.trust.kind === 'signed') {
    throw new EvidenceError('input-invalid', 'CoRIM: not signed, but a signature is asked for');
  }
  const document = isSigned ? parseCbor(await openSigned(bytes, input), 'CoRIM', limits) : outer;
  const content = findTagged(document, tags.corim);
  if (content === null) throw unsupported('no CoRIM');
  const members = readMembers(content, 'CoRIM', [0, 1, 3, 4, 5]);
  requireMember(members, 0, 'CoRIM');
  const validity = members.get(4);
  if (validity !== undefined) checkValidity(validity, 'validity', input.now);
  checkEntities(members.get(5));
  const profile = members.get(3);
  const comids = cborArray(requireMember(members, 1, 'CoRIM'), 'tags', { min: 1, max: tagsMax });
  return {
    profile: profile === undefined ? null : readProfile(profile),
    comids: comids.map(readTag),
  };
}
