// From a record to the line a device writes. Default-deny: every string of data and every token is hashed, except names
// that the mount was tuned to leave legible. Legible otherwise, because auditors need it and nothing secret may be put
// there: display names, policies, login metadata, ids, paths, addresses, lease ids, warnings and error texts.
import type { RawField } from '../framework/field.js';
import { encodeJson } from '../framework/json/encode.js';
import { compactJson } from '../framework/json/tree.js';
import { type JsonValue, RawJson } from '../framework/json/value.js';
import type { Hasher } from './hasher.js';
import type { RecordOptions } from './options.js';
import type {
  AuditAuth,
  AuditMount,
  AuditRequest,
  AuditRequestRecord,
  AuditResponse,
  AuditResponseRecord,
  AuditWrap,
} from './record.js';

/** Audited headers: name (lower case) → whether the value is hashed. */
export type HeaderRules = ReadonlyMap<string, { readonly hmac: boolean }>;

const DEPTH_MAX = 64;
type Members = Record<string, JsonValue>;

/** Members that say nothing are left out, as Vault does. */
function put(members: Members, name: string, value: JsonValue): void {
  if (value === '' || value === 0 || value === null || value === false) return;
  if (Array.isArray(value) && value.length === 0) return;
  members[name] = value;
}

function formatTime(time: number): string {
  return new Date(time).toISOString().replace(/Z$/, '000000Z');
}

/** Writes records for one device. */
export class Formatter {
  readonly #hasher: Hasher;
  readonly #options: RecordOptions;
  /** Copies made for the line being written; wiped when it is done. */
  #copies: Buffer[] = [];

  constructor(hasher: Hasher, options: RecordOptions) {
    this.#hasher = hasher;
    this.#options = options;
  }

  /** One line, new line included; the caller owns and wipes it. */
  requestLine(record: AuditRequestRecord, headers: HeaderRules): Buffer {
    return this.#line(this.#members('request', record, headers));
  }

  /** As requestLine. */
  responseLine(record: AuditResponseRecord, headers: HeaderRules): Buffer {
    const members = this.#members('response', record, headers);
    if (record.response !== null) {
      members.response = this.#response(record.response, record.request);
    }
    return this.#line(members);
  }

  #line(members: Members): Buffer {
    const json = encodeJson(members);
    const line = Buffer.concat([Buffer.from(this.#options.prefix), json, Buffer.from('\n')]);
    json.fill(0);
    for (const copy of this.#copies) copy.fill(0);
    this.#copies = [];
    return line;
  }

  #members(
    type: 'request' | 'response',
    record: AuditRequestRecord,
    headers: HeaderRules,
  ): Members {
    const members: Members = { time: formatTime(record.time), type };
    if (record.auth !== null) members.auth = this.#auth(record.auth);
    members.request = this.#request(record.request, headers);
    put(members, 'error', record.error);
    return members;
  }

  #token(token: Buffer | null, tokenId: string): JsonValue {
    if (token === null) return null;
    if (this.#options.logRaw) return token.toString('utf8');
    return this.#hasher.hashToken(token, tokenId);
  }

  #accessor(accessor: string): string {
    const isClear = accessor === '' || this.#options.logRaw || !this.#options.hmacAccessor;
    return isClear ? accessor : this.#hasher.hashAccessor(accessor);
  }

  #auth(auth: AuditAuth): JsonValue {
    const members: Members = {};
    put(members, 'client_token', this.#token(auth.clientToken, auth.tokenId));
    put(members, 'accessor', this.#accessor(auth.accessor));
    put(members, 'display_name', auth.displayName);
    put(members, 'policies', auth.policies);
    put(members, 'token_policies', auth.tokenPolicies);
    put(members, 'identity_policies', auth.identityPolicies);
    if (auth.policyResults !== null) {
      members.policy_results = {
        allowed: auth.policyResults.allowed,
        granting_policies: auth.policyResults.grantingPolicies.map((name) => ({
          name,
          namespace_id: 'root',
          type: 'acl',
        })),
      };
    }
    if (Object.keys(auth.metadata).length > 0) members.metadata = auth.metadata;
    put(members, 'remaining_uses', auth.remainingUses);
    put(members, 'entity_id', auth.entityId);
    put(members, 'token_type', auth.tokenType);
    put(members, 'token_ttl', auth.tokenTtlSeconds);
    if (auth.tokenIssueTime > 0) members.token_issue_time = formatTime(auth.tokenIssueTime);
    return members;
  }

  #mount(members: Members, mount: AuditMount | null): void {
    if (mount === null) return;
    members.mount_point = mount.path;
    members.mount_type = mount.type;
    members.mount_accessor = mount.accessor;
    members.mount_class = mount.class;
  }

  #request(request: AuditRequest, rules: HeaderRules): JsonValue {
    const members: Members = { id: request.id };
    put(members, 'client_id', request.clientId);
    members.operation = request.operation;
    this.#mount(members, request.mount);
    put(members, 'client_token', this.#token(request.clientToken, request.tokenId));
    put(members, 'client_token_accessor', this.#accessor(request.accessor));
    members.namespace = { id: 'root' };
    members.path = request.path;
    if (request.data.size > 0) {
      const clear = request.mount?.nonHmacRequestKeys ?? [];
      const data: Members = Object.create(null) as Members;
      for (const [name, field] of request.data) {
        data[name] = this.#field(field, clear.includes(name));
      }
      members.data = data;
    }
    put(members, 'remote_address', request.remoteAddress);
    put(members, 'remote_port', request.remotePort);
    put(members, 'wrap_ttl', request.wrapTtlSeconds);
    const headers = this.#headers(request.headers, rules);
    if (headers !== null) members.headers = headers;
    return members;
  }

  #headers(headers: ReadonlyMap<string, string>, rules: HeaderRules): JsonValue {
    const found: Members = Object.create(null) as Members;
    let isEmpty = true;
    for (const [name, { hmac }] of rules) {
      const value = headers.get(name);
      if (value === undefined) continue;
      isEmpty = false;
      found[name] = [hmac && !this.#options.logRaw ? this.#hasher.hash(value) : value];
    }
    return isEmpty ? null : found;
  }

  #field(field: RawField, isClear: boolean): JsonValue {
    return this.#value(field.value, isClear || this.#options.logRaw, 0);
  }

  /** Numbers, booleans and null stay legible; every string is hashed unless `isClear`. */
  #value(value: JsonValue, isClear: boolean, depth: number): JsonValue {
    if (depth > DEPTH_MAX) throw new TypeError('audited value is nested too deeply');
    if (value instanceof RawJson) {
      const copy = isClear ? compactJson(value) : this.#hasher.hashRaw(value);
      this.#copies.push(copy.bytes);
      return copy;
    }
    if (typeof value === 'string') return isClear ? value : this.#hasher.hash(value);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) {
      return (value as readonly JsonValue[]).map((item) => this.#value(item, isClear, depth + 1));
    }
    const members: Members = Object.create(null) as Members;
    for (const [name, member] of Object.entries(value as Readonly<Record<string, JsonValue>>)) {
      members[name] = this.#value(member, isClear, depth + 1);
    }
    return members;
  }

  #response(response: AuditResponse, request: AuditRequest): JsonValue {
    const members: Members = {};
    if (response.auth !== null) members.auth = this.#auth(response.auth);
    this.#mount(members, request.mount);
    if (response.leaseId !== '') members.secret = { lease_id: response.leaseId };
    const data = this.#responseData(response, request);
    if (data !== null) members.data = data;
    if (response.wrap !== null) members.wrap_info = this.#wrap(response.wrap);
    put(members, 'warnings', response.warnings);
    put(members, 'redirect', response.redirect);
    return members;
  }

  #responseData(response: AuditResponse, request: AuditRequest): JsonValue {
    const data: Members = Object.create(null) as Members;
    const clear = request.mount?.nonHmacResponseKeys ?? [];
    const isList = request.operation === 'list' || request.operation === 'scan';
    for (const [name, value] of Object.entries(response.data ?? {})) {
      const count = isList && this.#options.elideListResponses ? countOf(name, value) : null;
      data[name] = count ?? this.#value(value, clear.includes(name) || this.#options.logRaw, 0);
    }
    if (response.rawBody !== null) {
      data.http_raw_body = this.#options.logRaw
        ? response.rawBody.toString('utf8')
        : this.#hasher.hash(response.rawBody);
    }
    return response.data === null && response.rawBody === null ? null : data;
  }

  #wrap(wrap: AuditWrap): JsonValue {
    const members: Members = {};
    put(members, 'token', this.#token(wrap.token, ''));
    put(members, 'accessor', this.#accessor(wrap.accessor));
    members.ttl = wrap.ttlSeconds;
    members.creation_time = formatTime(wrap.creationTime);
    put(members, 'creation_path', wrap.creationPath);
    put(members, 'wrapped_accessor', this.#accessor(wrap.wrappedAccessor));
    return members;
  }
}

/** How many names a list answer has; null for what is no list. */
function countOf(name: string, value: JsonValue): number | null {
  if (name === 'keys' && Array.isArray(value)) return value.length;
  const isMap = typeof value === 'object' && value !== null && !(value instanceof RawJson);
  return name === 'key_info' && isMap ? Object.keys(value).length : null;
}
