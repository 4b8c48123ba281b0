// From a record to the line a device writes. Default-deny: every string of data and every token is hashed, except names
// that the mount was tuned to leave legible. Legible otherwise, because auditors need it and nothing secret may be put
// there: display names, policies, login metadata, ids, paths, addresses, lease ids, warnings and error texts.
import { ByteWriter } from '../framework/json/byte-writer.js';
import { writeItems, writeMap, writeObject } from '../framework/json/encode.js';
import { writeJsonCompact, writeJsonReplaced } from '../framework/json/rewrite.js';
import { type Identity, JsonText, type JsonValue, RawJson } from '../framework/json/value.js';
import { keptBytes } from '../framework/kept-bytes.js';
import type { Hasher } from './hasher.js';
import { MemberText } from './member-text.js';
import type { RecordOptions } from './options.js';
import type {
  AuditAuth,
  AuditRequest,
  AuditRequestRecord,
  AuditResponse,
  AuditResponseRecord,
  AuditWrap,
} from './record.js';
import { formatTime, SteadyTexts } from './steady-text.js';

/** Audited headers: name (lower case) → whether the value is hashed. */
export type HeaderRules = ReadonlyMap<string, { readonly hmac: boolean }>;

const DEPTH_MAX = 64;
/** Of what is said of one stored value. */
const REMEMBERED_BYTES_MAX = 2048;
/** Of what is kept from a request's line for its answer's. */
const DRAFT_BYTES_MAX = 16_384;

/** Writes records for one device, one at a time. */
export class Formatter {
  readonly #hasher: Hasher;
  readonly #options: RecordOptions;
  readonly #steady = new SteadyTexts();

  constructor(hasher: Hasher, options: RecordOptions) {
    this.#hasher = hasher;
    this.#options = options;
  }

  /** One line, new line included, into `out`; when it throws, a part of it is there. */
  requestLine(out: ByteWriter, record: AuditRequestRecord, headers: HeaderRules): void {
    this.#head(out, 'request', record.time);
    const start = out.length;
    this.#question(out, record, headers);
    const end = out.length;
    // Never with log_raw: tokens would be in it.
    if (!this.#options.logRaw && end - start <= DRAFT_BYTES_MAX) {
      const question = Buffer.from(out.view().subarray(start, end));
      record.request.drafts.keep(this, { auth: record.auth, question });
    }
    this.#end(out, record);
  }

  /** As requestLine. */
  responseLine(out: ByteWriter, record: AuditResponseRecord, headers: HeaderRules): void {
    const known = record.request.drafts.find(this);
    this.#head(out, 'response', record.time);
    if (known !== null && known.auth === record.auth) out.bytes(known.question);
    else this.#question(out, record, headers);
    this.#answer(out, record);
  }

  /** As requestLine and then responseLine. */
  bothLines(out: ByteWriter, record: AuditResponseRecord, headers: HeaderRules): void {
    this.#head(out, 'request', record.time);
    const start = out.length;
    this.#question(out, record, headers);
    const end = out.length;
    this.#end(out, record);
    this.#head(out, 'response', record.time);
    out.repeat(start, end);
    this.#answer(out, record);
  }

  #head(out: ByteWriter, type: 'request' | 'response', time: number): void {
    if (this.#options.prefix !== '') out.text(this.#options.prefix);
    out.bytes(this.#steady.head(type, time));
  }

  /** Who asks for what: what both lines say alike. */
  #question(out: ByteWriter, { auth, request }: AuditRequestRecord, headers: HeaderRules): void {
    if (auth !== null) {
      out.ascii('"auth":');
      this.#callerAuth(out, auth);
      out.ascii(',');
    }
    out.ascii('"request":{"id":"');
    out.ascii(request.id);
    out.ascii('","operation":"');
    out.ascii(request.operation);
    out.ascii('"');
    writeMore(out, this.#steady.mount(request.mount));
    this.#presented(out, request);
    if (request.path !== '') {
      out.ascii(',"path":');
      out.string(request.path);
    }
    writeMore(out, this.#steady.address(request.remoteAddress));
    if (request.remotePort !== 0) out.ascii(`,"remote_port":${request.remotePort}`);
    if (request.wrapTtlSeconds !== 0) out.ascii(`,"wrap_ttl":${request.wrapTtlSeconds}`);
    if (headers.size > 0) this.#headers(out, request.carrier.headers, headers);
    if (request.data.size > 0) this.#requestData(out, request);
    out.ascii('}');
  }

  /** What came of it, and the end of the line. */
  #answer(out: ByteWriter, record: AuditResponseRecord): void {
    if (record.response !== null) this.#response(out, record.response, record.request);
    this.#end(out, record);
  }

  #end(out: ByteWriter, record: AuditRequestRecord): void {
    if (record.error !== '') out.text(`,"error":${JSON.stringify(record.error)}`);
    out.ascii('}\n');
  }

  #token(token: Buffer | null, tokenId: string): string {
    if (token === null) return '';
    if (this.#options.logRaw) return token.toString('utf8');
    return this.#hasher.hashToken(token, tokenId);
  }

  #accessor(accessor: string): string {
    const isClear = accessor === '' || this.#options.logRaw || !this.#options.hmacAccessor;
    return isClear ? accessor : this.#hasher.hashAccessor(accessor);
  }

  #callerAuth(out: ByteWriter, auth: AuditAuth): void {
    if (this.#options.logRaw) out.text(this.#auth(auth));
    else out.bytes(this.#steady.auth(auth, (it) => this.#auth(it)));
  }

  #auth(auth: AuditAuth): string {
    const members = new MemberText()
      .string('client_token', this.#token(auth.clientToken, auth.tokenId))
      .string('accessor', this.#accessor(auth.accessor))
      .string('display_name', auth.displayName)
      .strings('policies', auth.policies)
      .strings('token_policies', auth.tokenPolicies)
      .strings('identity_policies', auth.identityPolicies);
    if (auth.policyResults !== null) {
      const { allowed, grantingPolicies } = auth.policyResults;
      const granting = grantingPolicies.map(({ name }) => ({
        name,
        namespace_id: 'root',
        type: 'acl',
      }));
      members.json(
        'policy_results',
        `{"allowed":${allowed},"granting_policies":${JSON.stringify(granting)}}`,
      );
    }
    if (Object.keys(auth.metadata).length > 0) {
      members.json('metadata', JSON.stringify(auth.metadata));
    }
    members
      .number('remaining_uses', auth.remainingUses)
      .string('entity_id', auth.entityId)
      .string('token_type', auth.tokenType)
      .number('token_ttl', auth.tokenTtlSeconds);
    if (auth.tokenIssueTime > 0) {
      members.string('token_issue_time', formatTime(auth.tokenIssueTime));
    }
    return members.object;
  }

  /** Members that say who asks, and which token the request came with. */
  #presented(out: ByteWriter, request: AuditRequest): void {
    const make = (): string =>
      new MemberText()
        .string('client_id', request.clientId)
        .string('client_token', this.#token(request.clientToken, request.tokenId))
        .string('client_token_accessor', this.#accessor(request.accessor))
        .json('namespace', '{"id":"root"}').members;
    if (this.#options.logRaw) out.text(`,${make()}`);
    else writeMore(out, this.#steady.token(request, make));
  }

  #requestData(out: ByteWriter, request: AuditRequest): void {
    out.ascii(',"data":');
    const clear = request.mount?.nonHmacRequestKeys ?? [];
    writeMap(out, request.data, (field, name) =>
      this.#value(out, field.value, clear.includes(name) || this.#options.logRaw, 0),
    );
  }

  #headers(out: ByteWriter, headers: ReadonlyMap<string, string>, rules: HeaderRules): void {
    const found: string[] = [];
    for (const [name, { hmac }] of rules) {
      const value = headers.get(name);
      if (value === undefined) continue;
      const shown = hmac && !this.#options.logRaw ? this.#hasher.hash(value) : value;
      found.push(`${JSON.stringify(name)}:[${JSON.stringify(shown)}]`);
    }
    if (found.length > 0) out.text(`,"headers":{${found.join(',')}}`);
  }

  /** Numbers, booleans and null stay legible; every string is hashed unless `isClear`. */
  #value(out: ByteWriter, value: JsonValue, isClear: boolean, depth: number): void {
    if (depth > DEPTH_MAX) throw new TypeError('audited value is nested too deeply');
    if (value instanceof RawJson) {
      if (isClear) writeJsonCompact(out, value);
      else if (value.identity !== null) out.bytes(this.#hashed(value, value.identity));
      else writeJsonReplaced(out, value, (utf8) => this.#hasher.hash(utf8));
    } else if (value instanceof JsonText) {
      if (isClear) out.bytes(value.bytes);
      else out.bytes(this.#hashedText(value));
    } else if (typeof value === 'string') {
      out.string(isClear ? value : this.#hasher.hash(value));
    } else if (value === null || typeof value !== 'object') {
      out.ascii(String(value));
    } else if (Array.isArray(value)) {
      writeItems(out, value as readonly JsonValue[], (item) =>
        this.#value(out, item, isClear, depth + 1),
      );
    } else {
      writeObject(out, value as Readonly<Record<string, JsonValue>>, (member) =>
        this.#value(out, member, isClear, depth + 1),
      );
    }
  }

  #hashedText({ bytes, identity }: JsonText): Buffer {
    return identity.find(this) ?? this.#hashed(new RawJson(bytes), identity);
  }

  /** Of bytes that are seen again and again; what is short is remembered. */
  #hashed(value: RawJson, identity: Identity): Buffer {
    const known = identity.find(this);
    if (known !== null) return known;
    const out = new ByteWriter(value.bytes.length * 2);
    writeJsonReplaced(out, value, (utf8) => this.#hasher.hash(utf8));
    const hashed = keptBytes(out.view());
    if (hashed.length <= REMEMBERED_BYTES_MAX) identity.remember(this, hashed);
    return hashed;
  }

  #response(out: ByteWriter, response: AuditResponse, request: AuditRequest): void {
    const members = new MemberText();
    if (response.auth !== null) members.json('auth', this.#auth(response.auth));
    if (response.leaseId !== '') {
      members.json('secret', `{"lease_id":${JSON.stringify(response.leaseId)}}`);
    }
    if (response.wrap !== null) members.json('wrap_info', this.#wrap(response.wrap));
    members.strings('warnings', response.warnings).string('redirect', response.redirect);
    const data = this.#responseData(response, request);
    if (data === null && response.rawBody !== null) {
      members.json('data', this.#rawBody(response.rawBody));
    }
    const mount = this.#steady.mount(request.mount);
    out.ascii(',"response":{');
    out.bytes(mount);
    const isFirst = mount.length === 0;
    if (members.members !== '') out.text(isFirst ? members.members : `,${members.members}`);
    if (data !== null) {
      out.ascii(isFirst && members.members === '' ? '"data":' : ',"data":');
      const clear = request.mount?.nonHmacResponseKeys ?? [];
      writeObject(out, data, (member, name) =>
        this.#value(out, member, clear.includes(name) || this.#options.logRaw, 1),
      );
    }
    out.ascii('}');
  }

  #rawBody(body: Buffer): string {
    const shown = this.#options.logRaw ? body.toString('utf8') : this.#hasher.hash(body);
    return `{"http_raw_body":${JSON.stringify(shown)}}`;
  }

  #responseData(
    response: AuditResponse,
    request: AuditRequest,
  ): Readonly<Record<string, JsonValue>> | null {
    const { data } = response;
    const isList = request.operation === 'list' || request.operation === 'scan';
    if (data === null || !isList || !this.#options.elideListResponses) return data;
    return Object.fromEntries(
      Object.entries(data).map(([name, value]) => [name, countOf(name, value) ?? value]),
    );
  }

  #wrap(wrap: AuditWrap): string {
    return new MemberText()
      .string('token', this.#token(wrap.token, ''))
      .string('accessor', this.#accessor(wrap.accessor))
      .json('ttl', String(wrap.ttlSeconds))
      .string('creation_time', formatTime(wrap.creationTime))
      .string('creation_path', wrap.creationPath)
      .string('wrapped_accessor', this.#accessor(wrap.wrappedAccessor)).object;
  }
}

/** Members behind others; nothing for none. */
function writeMore(out: ByteWriter, members: Buffer): void {
  if (members.length === 0) return;
  out.ascii(',');
  out.bytes(members);
}

/** How many names a list answer has; null for what is no list. */
function countOf(name: string, value: JsonValue): number | null {
  if (name === 'keys' && Array.isArray(value)) return value.length;
  const isMap = typeof value === 'object' && value !== null && !(value instanceof RawJson);
  return name === 'key_info' && isMap ? Object.keys(value).length : null;
}
