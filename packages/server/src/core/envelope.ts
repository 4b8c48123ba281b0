// The body that every enveloped answer has. Used by http/ to answer and by wrapping to store the answer verbatim.
import type { IssuedToken } from '../framework/backend.js';
import { encodeJson } from '../framework/json/encode.js';
import { type JsonValue, RawJson } from '../framework/json/value.js';
import type { ApiResult, WrapResult } from './request.js';

const QUOTE = 0x22;

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
  const data = result.wrapped === null ? (result.response?.data ?? null) : null;
  const envelope: Record<string, JsonValue> = {
    ...(result.response?.legacyTopLevel && data !== null ? data : {}),
    request_id: result.requestId,
    lease_id: result.lease?.id ?? '',
    renewable: result.lease?.renewable ?? false,
    lease_duration: result.lease?.ttlSeconds ?? result.response?.leaseDurationSeconds ?? 0,
    data,
    wrap_info: result.wrapped === null ? null : encodeWrapInfo(result.wrapped, copies),
    warnings: result.warnings.length > 0 ? result.warnings : null,
    auth: result.auth === null || result.wrapped !== null ? null : encodeAuth(result.auth, copies),
    mount_type: result.mountType,
  };
  const encoded = encodeJson(envelope);
  for (const copy of copies) copy.fill(0);
  return encoded;
}
