// The body that every enveloped answer has. Used by http/ to answer and by wrapping to store the answer verbatim.
import type { IssuedToken } from '../framework/backend.js';
import type { ByteWriter } from '../framework/json/byte-writer.js';
import { makeJson, writeJson } from '../framework/json/encode.js';
import { type JsonValue, RawJson } from '../framework/json/value.js';
import type { ApiResult, WrapResult } from './request.js';

const QUOTE = 0x22;

/** What most answers have between the request's id and `data`, and between `data` and the type of the mount. */
const NO_LEASE = Buffer.from('","lease_id":"","renewable":false,"lease_duration":0,"data":');
const NOTHING_ELSE = Buffer.from(',"wrap_info":null,"warnings":null,"auth":null,"mount_type":');

/** A token is base62, '.', '-' and '_': its bytes between quotes are JSON. The copy goes to `copies`, to be wiped. */
function quoted(bytes: Buffer, copies: Buffer[]): RawJson {
  const copy = Buffer.alloc(bytes.length + 2, QUOTE);
  bytes.copy(copy, 1);
  copies.push(copy);
  return new RawJson(copy);
}

function encodeAuth(auth: IssuedToken, copies: Buffer[]): JsonValue {
  return {
    client_token: quoted(auth.clientToken, copies),
    accessor: auth.accessor,
    policies: auth.policies,
    token_policies: auth.tokenPolicies,
    ...(auth.identityPolicies.length > 0 ? { identity_policies: auth.identityPolicies } : {}),
    metadata: Object.keys(auth.metadata).length > 0 ? auth.metadata : null,
    lease_duration: auth.leaseDurationSeconds,
    renewable: auth.renewable,
    entity_id: auth.entityId,
    token_type: auth.tokenType,
    orphan: auth.orphan,
    mfa_requirement: null,
    num_uses: auth.numUses,
  };
}

function encodeWrapInfo(wrapped: WrapResult, copies: Buffer[]): JsonValue {
  return {
    token: quoted(wrapped.token, copies),
    accessor: wrapped.accessor,
    ttl: wrapped.ttlSeconds,
    creation_time: new Date(wrapped.creationTime).toISOString().replace(/Z$/, '000000Z'),
    creation_path: wrapped.creationPath,
    ...(wrapped.wrappedAccessor === '' ? {} : { wrapped_accessor: wrapped.wrappedAccessor }),
  };
}

/**
 * The enveloped body: all eight keys always, `data` copied to the top level where the response asks for it.
 * A new buffer; the caller owns and wipes it.
 */
export function encodeEnvelope(result: ApiResult): Buffer {
  const copies: Buffer[] = [];
  try {
    return makeJson((out) => writeEnvelope(out, result, copies));
  } finally {
    for (const copy of copies) copy.fill(0);
  }
}

function writeEnvelope(out: ByteWriter, result: ApiResult, copies: Buffer[]): void {
  const { response, wrapped, auth, lease } = result;
  const data = wrapped === null ? (response?.data ?? null) : null;
  out.ascii('{');
  if (response?.legacyTopLevel && data !== null) writeTopLevel(out, data);
  out.ascii('"request_id":"');
  out.ascii(result.requestId);
  writeLease(out, lease, response?.leaseDurationSeconds ?? 0);
  writeJson(out, data);
  const { warnings } = result;
  if (wrapped === null && auth === null && warnings.length === 0) out.bytes(NOTHING_ELSE);
  else {
    out.ascii(',"wrap_info":');
    writeJson(out, wrapped === null ? null : encodeWrapInfo(wrapped, copies));
    out.ascii(',"warnings":');
    writeJson(out, warnings.length > 0 ? warnings : null);
    out.ascii(',"auth":');
    writeJson(out, auth === null || wrapped !== null ? null : encodeAuth(auth, copies));
    out.ascii(',"mount_type":');
  }
  out.string(result.mountType);
  out.ascii('}');
}

function writeLease(out: ByteWriter, lease: ApiResult['lease'], durationSeconds: number): void {
  if (lease === null && durationSeconds === 0) {
    out.bytes(NO_LEASE);
    return;
  }
  out.ascii('","lease_id":');
  out.string(lease?.id ?? '');
  out.ascii(',"renewable":');
  out.ascii(lease?.renewable === true ? 'true' : 'false');
  out.ascii(',"lease_duration":');
  out.ascii(String(lease?.ttlSeconds ?? durationSeconds));
  out.ascii(',"data":');
}

/** Members that the envelope has itself are its own, whatever the response calls its data. */
const ENVELOPE_NAMES: ReadonlySet<string> = new Set([
  'request_id',
  'lease_id',
  'renewable',
  'lease_duration',
  'data',
  'wrap_info',
  'warnings',
  'auth',
  'mount_type',
]);

function writeTopLevel(out: ByteWriter, data: Readonly<Record<string, JsonValue>>): void {
  for (const [name, value] of Object.entries(data)) {
    if (value === undefined || ENVELOPE_NAMES.has(name)) continue;
    out.string(name);
    out.ascii(':');
    writeJson(out, value);
    out.ascii(',');
  }
}
