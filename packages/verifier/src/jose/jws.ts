// Compact JWS (RFC 7515 section 7.1) to its parts: strict, bounded, and trusting nothing. What the header
// says of keys is only read where verify-token.ts has an anchor for it. Must never accept a form that
// another reader could understand differently.

import { decodeBase64, decodeBase64Url } from '../encoding/base64.js';
import { type JsonLimits, type JsonObject, parseStrictJson } from '../encoding/strict-json.js';
import { decodeUtf8 } from '../encoding/utf8.js';
import { EvidenceError } from '../errors.js';

/** Parts of a token, NOT verified. */
export interface Jws {
  readonly header: JoseHeader;
  readonly payload: JsonObject;
  /** What the signature covers: header and payload as they were sent. */
  readonly signingInput: Uint8Array;
  readonly signature: Uint8Array;
}

/** The header members that are acted on. `jwk`, `jku` and `x5u` are never looked at. */
export interface JoseHeader {
  readonly alg: string;
  readonly kid: string | null;
  readonly typ: string | null;
  /** DER certificates, leaf first; they prove nothing until they lead to a pinned root. */
  readonly x5c: readonly Uint8Array[] | null;
}

/** Characters of a compact token. Tokens with a chain in the header are some 11,000 long. */
export const tokenCharactersMax = 131_072;
const headerCharactersMax = 65_536;
const shortTextMax = 1024;
const chainLengthMax = 8;
const payloadLimits = { charactersMax: tokenCharactersMax, depthMax: 12, valuesMax: 8192 };
const headerLimits = { charactersMax: headerCharactersMax, depthMax: 3, valuesMax: 64 };

/**
 * Members that change what the other parts mean: extensions that must be understood (`crit`), another
 * payload encoding (`b64`, RFC 7797), compression and encryption. None is understood here.
 */
const refusedMembers = ['crit', 'b64', 'zip', 'enc'] as const;

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `token: ${why}`);
}

/** Whether these bytes could be a compact JWS: three runs of base64url between two dots. */
export function looksLikeJws(bytes: Uint8Array): boolean {
  if (bytes.length > tokenCharactersMax || bytes[0] !== 0x65 || bytes[1] !== 0x79) return false;
  return bytes.reduce((dots, byte) => (byte === 0x2e ? dots + 1 : dots), 0) === 2;
}

function readObject(segment: string, what: string, limits: JsonLimits): JsonObject {
  const text = decodeUtf8(decodeBase64Url(segment));
  const { value } = parseStrictJson(text, `token ${what}`, limits);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`${what} is not an object`);
  }
  return value as JsonObject;
}

function findShortText(header: JsonObject, name: string): string | null {
  const value = header[name];
  if (value === undefined) return null;
  if (typeof value !== 'string' || value === '' || value.length > shortTextMax) {
    throw malformed(`header member ${name} is not a short string`);
  }
  return value;
}

/** RFC 7515 section 4.1.6: base64, not base64url. */
function readChain(header: JsonObject): readonly Uint8Array[] | null {
  const value = header.x5c;
  if (value === undefined) return null;
  if (!Array.isArray(value) || value.length === 0 || value.length > chainLengthMax) {
    throw malformed(`header member x5c: want 1 to ${chainLengthMax} certificates`);
  }
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw malformed('header member x5c: want strings');
    return decodeBase64(item);
  });
}

function readHeader(segment: string): JoseHeader {
  const header = readObject(segment, 'header', headerLimits);
  for (const name of refusedMembers) {
    if (Object.hasOwn(header, name)) {
      throw new EvidenceError('header-not-allowed', `token: header member ${name}`);
    }
  }
  const alg = findShortText(header, 'alg');
  if (alg === null) throw malformed('header without alg');
  return {
    alg,
    kid: findShortText(header, 'kid'),
    typ: findShortText(header, 'typ'),
    x5c: readChain(header),
  };
}

/**
 * Reads a compact JWS whose payload is a JSON object (RFC 7519). An empty signature is left to the
 * check of `alg`, which refuses `none`.
 * @throws EvidenceError 'malformed' | 'header-not-allowed'
 */
export function parseJws(text: string): Jws {
  if (text.length > tokenCharactersMax) throw malformed('too long');
  const [first, second, third, ...rest] = text.split('.', 4);
  if (first === undefined || second === undefined || third === undefined || rest.length > 0) {
    throw malformed('want three parts between two dots');
  }
  if (first.length > headerCharactersMax) throw malformed('header too long');
  return {
    header: readHeader(first),
    payload: readObject(second, 'payload', payloadLimits),
    signingInput: new TextEncoder().encode(text.slice(0, first.length + 1 + second.length)),
    signature: decodeBase64Url(third),
  };
}
