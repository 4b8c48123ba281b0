// JSON Web Key Sets (RFC 7517) that a caller pins, to keys. Everything here is the caller's own trust
// input, so what is wrong with it is said at once. Must never take a key that comes with a token.

import { decodeBase64, decodeBase64Url } from '../encoding/base64.js';
import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { type Json, type JsonObject, parseStrictJson } from '../encoding/strict-json.js';
import { EvidenceError } from '../errors.js';
import { type PublicKey, parsePublicKey, rsaSpki } from '../pki/algorithm.js';
import { parseCertificate } from '../pki/certificate.js';
import { coordinateBytes, curveNames, ecCurves, spkiOf } from '../pki/raw-key.js';

/** A key that tokens may be signed with. Certificates have only those of PublicKey. */
export type TokenKey =
  | PublicKey
  | { readonly kind: 'p521'; readonly spki: Uint8Array }
  | { readonly kind: 'ed25519'; readonly spki: Uint8Array };

/** One key of a set. */
export interface JwkEntry {
  readonly kid: string | null;
  /** The one algorithm it may be used with, if the set says so. */
  readonly alg: string | null;
  /** Null for a key of a kind that is not understood, or too weak: it verifies nothing. */
  readonly key: TokenKey | null;
}

/** Keys that a caller has pinned. Made by parseJwks. */
export interface KeySet {
  readonly keys: readonly JwkEntry[];
}

const limits = { charactersMax: 1_048_576, depthMax: 6, valuesMax: 16_384 };
const keysMax = 64;
const numberCharactersMax = 2048;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;
const ed25519Bytes = 32;

function invalid(why: string): EvidenceError {
  return new EvidenceError('input-invalid', `JWKS: ${why}`);
}

function objectOf(value: Json | undefined, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${what} is not an object`);
  }
  return value as JsonObject;
}

function findText(jwk: JsonObject, name: string): string | null {
  const value = jwk[name];
  if (value === undefined) return null;
  if (typeof value !== 'string' || value === '') throw invalid(`${name} is not a string`);
  return value;
}

function numberAt(jwk: JsonObject, name: string): Uint8Array {
  const text = findText(jwk, name);
  if (text === null || text.length > numberCharactersMax) throw invalid(`key without ${name}`);
  return decodeBase64Url(text);
}

/** RFC 7518 section 6.2: coordinates are as long as the curve's field, never shorter. */
function ecKey(jwk: JsonObject): TokenKey | null {
  const name = findText(jwk, 'crv');
  const curve = ecCurves.find((each) => curveNames[each] === name);
  if (curve === undefined) return null;
  const x = numberAt(jwk, 'x');
  const y = numberAt(jwk, 'y');
  if (x.length !== coordinateBytes[curve] || y.length !== coordinateBytes[curve]) {
    throw invalid('coordinate of the wrong length');
  }
  const spki = spkiOf(curve, concatBytes(x, y));
  return curve === 'p521' ? { kind: curve, spki } : parsePublicKey(spki);
}

/** RFC 8037 section 2. */
function okpKey(jwk: JsonObject): TokenKey | null {
  if (findText(jwk, 'crv') !== 'Ed25519') return null;
  const x = numberAt(jwk, 'x');
  if (x.length !== ed25519Bytes) throw invalid('public key of the wrong length');
  return { kind: 'ed25519', spki: spkiOf('ed25519', x) };
}

function rsaKey(jwk: JsonObject): PublicKey | null {
  if (jwk.n === undefined && jwk.e === undefined) return null;
  return parsePublicKey(rsaSpki(numberAt(jwk, 'n'), numberAt(jwk, 'e')));
}

/** The key of the first certificate: some issuers publish nothing else. Its chain is not looked at. */
function certifiedKey(jwk: JsonObject): PublicKey | null {
  const chain = jwk.x5c;
  if (chain === undefined) return null;
  const leaf = Array.isArray(chain) ? chain[0] : undefined;
  if (typeof leaf !== 'string') throw invalid('x5c is not a list of strings');
  return parseCertificate(decodeBase64(leaf)).publicKey;
}

function readKey(jwk: JsonObject): TokenKey | null {
  const kty = findText(jwk, 'kty');
  if (kty === 'OKP') return okpKey(jwk);
  if (kty !== 'EC' && kty !== 'RSA') return null;
  const stated = kty === 'EC' ? ecKey(jwk) : rsaKey(jwk);
  const certified = certifiedKey(jwk);
  if (stated !== null && certified !== null && !equalBytes(stated.spki, certified.spki)) {
    throw invalid('a key and its certificate differ');
  }
  return stated ?? certified;
}

/** A key that is weak or of an unknown kind is kept by name, so that its use is refused by name. */
function usableKey(jwk: JsonObject): TokenKey | null {
  try {
    return readKey(jwk);
  } catch (error) {
    const codes = ['public-key-invalid', 'unsupported-algorithm'];
    if (error instanceof EvidenceError && codes.includes(error.code)) return null;
    throw error;
  }
}

/** RFC 7517 sections 4.2 and 4.3: what it does not say, it may do. */
function mayVerify(jwk: JsonObject): boolean {
  const operations = jwk.key_ops;
  if (operations !== undefined && !Array.isArray(operations)) throw invalid('key_ops: want a list');
  return (
    (jwk.use === undefined || jwk.use === 'sig') &&
    (operations === undefined || operations.includes('verify'))
  );
}

function readEntry(value: Json): JwkEntry {
  const jwk = objectOf(value, 'key');
  if (jwk.kty === 'oct' || privateMembers.some((name) => Object.hasOwn(jwk, name))) {
    throw invalid('holds a private or a symmetric key');
  }
  return {
    kid: findText(jwk, 'kid'),
    alg: findText(jwk, 'alg'),
    key: mayVerify(jwk) ? usableKey(jwk) : null,
  };
}

/**
 * Reads a key set, or one key, as its issuer publishes it. Key ids must differ; keys of unknown kinds
 * are passed over (RFC 7517 section 5) and verify nothing; private keys are refused.
 * @throws EvidenceError 'malformed' | 'input-invalid'
 */
export function parseJwks(text: string): KeySet {
  const root = objectOf(parseStrictJson(text, 'JWKS', limits).value, 'text');
  const list = root.keys === undefined && root.kty !== undefined ? [root] : root.keys;
  if (!Array.isArray(list) || list.length === 0 || list.length > keysMax) {
    throw invalid(`want 1 to ${keysMax} keys`);
  }
  const keys = list.map(readEntry);
  const ids = keys.map(({ kid }) => kid);
  if (new Set(ids).size !== ids.length) throw invalid('two keys with one id');
  return Object.freeze({ keys: Object.freeze(keys) });
}

/**
 * The key that a token names. Without a name it is the set's only key, if that has none either.
 * @throws EvidenceError 'key-unknown' | 'public-key-invalid' | 'unsupported-algorithm'
 */
export function getKey(set: KeySet, kid: string | null, alg: string): TokenKey {
  const found = set.keys.find((entry) => entry.kid === kid);
  if (found === undefined || (kid === null && set.keys.length !== 1)) {
    throw new EvidenceError('key-unknown', 'token: signed with a key that is not pinned');
  }
  if (found.key === null) {
    throw new EvidenceError('public-key-invalid', 'token: its key is not one to verify with');
  }
  if (found.alg !== null && found.alg !== alg) {
    throw new EvidenceError('unsupported-algorithm', `token: its key is for ${found.alg}`);
  }
  return found.key;
}
