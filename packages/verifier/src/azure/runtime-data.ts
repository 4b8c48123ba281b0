// The JSON that Azure's paravisor has the hardware vouch for: the keys of its virtual TPM and how the
// VM is configured. Must never be believed before its bytes were found to be the hashed ones.

import { decodeBase64Url } from '../encoding/base64.js';
import { encodeHex } from '../encoding/hex.js';
import { readHexBytes, readList, readString } from '../encoding/json-members.js';
import { type Json, type JsonObject, parseStrictJson } from '../encoding/strict-json.js';
import { decodeUtf8 } from '../encoding/utf8.js';
import { EvidenceError } from '../errors.js';
import type { StatedClaims } from '../join-claims.js';
import { type PublicKey, parsePublicKey, rsaSpki } from '../pki/algorithm.js';
import type { ClaimValue } from '../types.js';

export interface RuntimeData {
  /** With which the virtual TPM signs its quotes. */
  readonly attestationKey: PublicKey;
  /** What the guest wrote into NV index 0x01400002; null if the paravisor is older than that. */
  readonly userData: Uint8Array | null;
  readonly configuration: Readonly<Record<string, ClaimValue>>;
}

const limits = { charactersMax: 32_768, depthMax: 4, valuesMax: 256 };
const what = 'runtime data';
const attestationKeyId = 'HCLAkPub';
const keysMax = 16;
const keyCharactersMax = 1_500;
const userDataBytes = 64;

/** Members of vm-configuration that become claims, with their types. All others are left alone. */
const configurationClaims: Readonly<Record<string, readonly ['boolean' | 'string', string]>> = {
  'secure-boot': ['boolean', 'azure_secure_boot'],
  'console-enabled': ['boolean', 'azure_console_enabled'],
  'tpm-enabled': ['boolean', 'azure_tpm_enabled'],
  'tpm-persisted': ['boolean', 'azure_tpm_persisted'],
  'root-cert-thumbprint': ['string', 'azure_root_cert_thumbprint'],
  vmUniqueId: ['string', 'azure_vm_unique_id'],
};

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `${what}: ${why}`);
}

/** Microsoft may add members, and all are covered by the hash: unknown ones are no fault. */
function asObject(value: Json | undefined, name: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw malformed(`${name} is not an object`);
}

function readKey(jwk: JsonObject): PublicKey {
  if (jwk.kty !== 'RSA') throw new EvidenceError('unsupported-algorithm', `${what}: no RSA key`);
  const number = (name: 'n' | 'e'): Uint8Array => {
    const text = readString(jwk[name], `${what} ${name}`);
    if (text.length > keyCharactersMax) throw malformed('key is too long');
    return decodeBase64Url(text);
  };
  return parsePublicKey(rsaSpki(number('n'), number('e')));
}

function findAttestationKey(value: Json | undefined): PublicKey {
  const keys = readList(value, `${what} keys`, keysMax).map((key) => asObject(key, 'a key'));
  const found = keys.filter(({ kid }) => kid === attestationKeyId);
  const [key] = found;
  if (key === undefined || found.length > 1) {
    throw malformed(`${found.length} keys named ${attestationKeyId}, want one`);
  }
  return readKey(key);
}

function readConfiguration(value: Json | undefined): RuntimeData['configuration'] {
  const object = asObject(value, 'vm-configuration');
  const claims: Record<string, ClaimValue> = {};
  for (const [name, [type, claim]] of Object.entries(configurationClaims)) {
    const member = object[name];
    if (member === undefined) continue;
    if (typeof member !== type || String(member).length > 256) throw malformed(`${name}: type`);
    claims[claim] = member as string | boolean;
  }
  return claims;
}

/**
 * Reads the runtime data: strict JSON, no key twice, one attestation key.
 * @throws EvidenceError 'malformed' | 'unsupported-algorithm' | 'public-key-invalid'
 */
export function parseRuntimeData(bytes: Uint8Array): RuntimeData {
  const { value } = parseStrictJson(decodeUtf8(bytes), what, limits);
  const object = asObject(value, 'the whole');
  const userData = object['user-data'];
  const read = userData === undefined ? null : readHexBytes(userData, `${what} user-data`);
  if (read !== null && read.length !== userDataBytes) throw malformed('user-data is not 64 bytes');
  return {
    attestationKey: findAttestationKey(object.keys),
    userData: read,
    configuration: readConfiguration(object['vm-configuration']),
  };
}

/** What the runtime data says, as claims by name. */
export function runtimeClaims({ userData, configuration }: RuntimeData): StatedClaims {
  return {
    ...configuration,
    azure_user_data: userData === null ? null : encodeHex(userData),
  };
}
