// RATS Conceptual Message Wrappers (draft-ietf-rats-msg-wrap-23): records, tags and collections in JSON and
// CBOR, to a tree. Trusts nothing: a wrapper says what is in it and proves nothing.

import { decodeBase64Url } from '../encoding/base64.js';
import { type CborItem, type CborLimits, parseCbor } from '../encoding/cbor.js';
import { cborArray, cborBytes, cborInteger, cborMap, cborText } from '../encoding/cbor-fields.js';
import { type JsonLimits, parseStrictJson } from '../encoding/strict-json.js';
import { EvidenceError } from '../errors.js';

/** Bits of a record's indicator (section 3.1): what kinds of message the record says it holds. */
export const cmwIndicator = {
  referenceValues: 1,
  endorsements: 2,
  evidence: 4,
  attestationResults: 8,
  appraisalPolicy: 16,
} as const;

export interface CmwRecord {
  readonly kind: 'record';
  /** A media type, or (in CBOR) the number of a CoAP content format. */
  readonly type: string | number;
  readonly value: Uint8Array;
  /** Bits of `cmwIndicator`, or null if the record leaves it to the type. */
  readonly indicator: number | null;
}

export interface CmwCollection {
  readonly kind: 'collection';
  /** `__cmwc_t`: a URI or an OID, or null. */
  readonly type: string | null;
  /** Labels are unique. At least one. */
  readonly items: ReadonlyMap<string | bigint, Cmw>;
}

export type Cmw = CmwRecord | CmwCollection;

const depthMax = 4;
const itemsMax = 32;
const valueBytesMax = 524_288;
const cborLimits: CborLimits = {
  bytesMax: 1_048_576,
  itemsMax: 512,
  // A collection is a map of maps; a record in it adds one level.
  depthMax: depthMax + 1,
  indefiniteMaps: 'refused',
};
const jsonLimits: JsonLimits = {
  charactersMax: 1_398_104,
  depthMax: depthMax + 1,
  valuesMax: 512,
};
const collectionTypeKey = '__cmwc_t';
const labelLength = { min: 1, max: 128 };
const typeLength = { min: 3, max: 255 };
const indicatorBounds = { min: 1, max: 31 };
const contentFormats = { min: 0, max: 65_535 };

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `CMW: ${why}`);
}

/** RFC 9193 section 2, without what nobody sends: names and parameters of a media type. */
const mediaType =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(?: *; *[!#$%&'*+.^_`|~A-Za-z0-9-]+=(?:[!#$%&'*+.^_`|~A-Za-z0-9-]+|"(?:[ !#-[\]-~]|\\[ -~])*"))*$/;

function checkMediaType(type: string): string {
  if (type.length <= typeLength.max && mediaType.test(type)) return type;
  throw malformed('want a media type');
}

/** An absolute URI, or an OID in dotted form (section 3.3). */
function checkCollectionType(type: string): string {
  const uri = /^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$/.test(type);
  const oid = /^[0-2](?:\.(?:0|[1-9][0-9]*))+$/.test(type);
  if (type.length <= typeLength.max && (uri || oid)) return type;
  throw malformed(`${collectionTypeKey}: want an absolute URI or an OID`);
}

function checkDepth(depth: number): void {
  if (depth > depthMax) throw malformed('nested too deeply');
}

/** A record of JSON whose value is still text: for callers with limits and decoders of their own. */
export interface CmwJsonRecord {
  readonly type: string;
  /** Said to be base64url without padding; not checked. */
  readonly value: string;
  readonly indicator: number | null;
}

/**
 * The record [type, value] or [type, value, indicator] of parsed JSON; null if it is not one.
 * Does not decode the value.
 */
export function findCmwJsonRecord(json: unknown): CmwJsonRecord | null {
  if (!Array.isArray(json) || json.length < 2 || json.length > 3) return null;
  const [type, value, indicator = null] = json as readonly unknown[];
  if (typeof type !== 'string' || type.length > typeLength.max || !mediaType.test(type))
    return null;
  if (typeof value !== 'string') return null;
  if (json.length === 2) return { type, value, indicator: null };
  const { min, max } = indicatorBounds;
  const known = typeof indicator === 'number' && Number.isInteger(indicator);
  return known && indicator >= min && indicator <= max ? { type, value, indicator } : null;
}

function fromJson(json: unknown, depth: number): Cmw {
  checkDepth(depth);
  if (Array.isArray(json)) {
    const record = findCmwJsonRecord(json);
    if (record === null) throw malformed('want [media type, base64url] or with an indicator');
    const value = decodeBase64Url(record.value);
    if (value.length > valueBytesMax) throw malformed(`value of more than ${valueBytesMax} bytes`);
    return { kind: 'record', type: record.type, value, indicator: record.indicator };
  }
  if (typeof json !== 'object' || json === null) throw malformed('want a record or a collection');
  return collection(
    Object.entries(json).map(([key, value]: [string, unknown]) => ({
      key,
      text: () => {
        if (typeof value !== 'string') throw malformed(`${collectionTypeKey}: want text`);
        return value;
      },
      read: () => fromJson(value, depth + 1),
    })),
  );
}

interface CollectionEntry {
  readonly key: string | bigint;
  readonly text: () => string;
  readonly read: () => Cmw;
}

function collection(entries: readonly CollectionEntry[]): CmwCollection {
  const items = new Map<string | bigint, Cmw>();
  let type: string | null = null;
  for (const { key, text, read } of entries) {
    if (key === collectionTypeKey) {
      type = checkCollectionType(text());
      continue;
    }
    if (typeof key === 'string' && (key.length < labelLength.min || key.length > labelLength.max)) {
      throw malformed('label of no or too many characters');
    }
    if (items.size >= itemsMax) throw malformed(`more than ${itemsMax} items`);
    items.set(key, read());
  }
  if (items.size === 0) throw malformed('empty collection');
  return { kind: 'collection', type, items };
}

/** RFC 9277 appendix B, backwards: the content format that a tag number stands for. */
function contentFormatOf(tag: bigint): number {
  const offset = Number(tag - 0x63740101n);
  const format = Math.floor(offset / 256) * 255 + (offset % 256);
  const inRange = tag >= 1_668_546_817n && tag <= 1_668_612_095n;
  // Tag numbers never end in a zero byte: the 256th of each row stands for nothing.
  if (!inRange || offset % 256 === 255) throw malformed(`tag ${tag} is no content format's`);
  return format;
}

function recordFromCbor(item: CborItem): CmwRecord {
  const [type, value, indicator] = cborArray(item, 'CMW record', { min: 2, max: 3 });
  if (!type || !value) throw malformed('want two or three members');
  return {
    kind: 'record',
    type:
      type.type === 'text'
        ? checkMediaType(cborText(type, 'CMW type', typeLength))
        : cborInteger(type, 'CMW type', contentFormats),
    value: cborBytes(value, 'CMW value', { min: 0, max: valueBytesMax }),
    indicator: indicator ? cborInteger(indicator, 'CMW indicator', indicatorBounds) : null,
  };
}

function fromCbor(item: CborItem, depth: number): Cmw {
  checkDepth(depth);
  if (item.type === 'array') return recordFromCbor(item);
  if (item.type === 'tag') {
    const value = cborBytes(item.content, 'CMW tag', { min: 0, max: valueBytesMax });
    return { kind: 'record', type: contentFormatOf(item.tag), value, indicator: null };
  }
  const entries = cborMap(item, 'CMW collection', { min: 1, max: itemsMax + 1 });
  return collection(
    entries.map(({ key, value }) => ({
      key,
      text: () => cborText(value, `CMW ${collectionTypeKey}`, typeLength),
      read: () => fromCbor(value, depth + 1),
    })),
  );
}

/** Whether bytes begin like a wrapper, by the look-ahead of section 3.4. A guess: parsing decides. */
export function looksLikeCmw(bytes: Uint8Array): boolean {
  const [first = 0] = bytes;
  return isJson(first) || first === 0x82 || first === 0x83 || first === 0xda || isMap(first);
}

const isJson = (first: number) => first === 0x5b || first === 0x7b;
const isMap = (first: number) => first >= 0xa0 && first <= 0xbb;

/**
 * Reads exactly one wrapper, at most 4 collections deep. JSON is told from CBOR by the first byte.
 * @throws EvidenceError 'malformed' | 'trailing-data'
 */
export function parseCmw(bytes: Uint8Array): Cmw {
  if (!looksLikeCmw(bytes)) throw malformed('want a record, a tag or a collection');
  if (!isJson(bytes[0] ?? 0)) return fromCbor(parseCbor(bytes, 'CMW', cborLimits), 1);
  if (bytes.length > jsonLimits.charactersMax) throw malformed('too long');
  return fromJson(parseStrictJson(decodeUtf8(bytes), 'CMW', jsonLimits).value, 1);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed('not UTF-8');
  }
}

/** Every record of the tree, in its order. */
export function cmwRecords(cmw: Cmw): readonly CmwRecord[] {
  return cmw.kind === 'record' ? [cmw] : [...cmw.items.values()].flatMap(cmwRecords);
}
