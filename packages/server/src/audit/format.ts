// From a record to the line a device writes. Default-deny: every string of data and every token is hashed, except names
// that the mount was tuned to leave legible. Legible otherwise, because auditors need it and nothing secret may be put
// there: display names, policies, login metadata, ids, paths, addresses, lease ids, warnings and error texts.
import { ByteWriter } from '../framework/json/byte-writer.js';
import { writeJsonCompact, writeJsonReplaced } from '../framework/json/rewrite.js';
import { type Identity, JsonText, type JsonValue, RawJson } from '../framework/json/value.js';
import type { Draft } from './drafts.js';
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
const REMEMBERED_LENGTH_MAX = 2048;

/** Writes records for one device, one at a time. */
export class Formatter {
  readonly #hasher: Hasher;
  readonly #options: RecordOptions;
  readonly #steady = new SteadyTexts();
  /** Bytes that the prefix has more than UTF-16 units. */
  readonly #prefixSurplusBytes: number;

  constructor(hasher: Hasher, options: RecordOptions) {
    this.#hasher = hasher;
    this.#options = options;
    this.#prefixSurplusBytes = Buffer.byteLength(options.prefix) - options.prefix.length;
  }

  /** One line, new line included, into `out`; when it throws, a part of it is there. */
  requestLine(out: ByteWriter, record: AuditRequestRecord, headers: HeaderRules): void {
    const draft = this.#describe(record, headers);
    // Never with log_raw: tokens would be in it.
    if (!this.#options.logRaw) record.request.drafts.keep(this, draft);
    out.text(this.#head('request', record.time));
    this.#question(out, record, draft);
    this.#end(out, record);
  }

  /** As requestLine. */
  responseLine(out: ByteWriter, record: AuditResponseRecord, headers: HeaderRules): void {
    const known = record.request.drafts.find(this);
    const isSame = known !== null && known.auth === record.auth;
    out.text(this.#head('response', record.time));
    this.#question(out, record, isSame ? known : this.#describe(record, headers));
    this.#answer(out, record);
  }

  /** As requestLine and then responseLine. */
  bothLines(out: ByteWriter, record: AuditResponseRecord, headers: HeaderRules): void {
    const head = this.#head('request', record.time);
    const start = out.length + head.length + this.#prefixSurplusBytes;
    out.text(head);
    this.#question(out, record, this.#describe(record, headers));
    const end = out.length;
    this.#end(out, record);
    out.text(this.#head('response', record.time));
    out.repeat(start, end);
    this.#answer(out, record);
  }

  #describe({ auth, request }: AuditRequestRecord, headers: HeaderRules): Draft {
    return {
      auth,
      authText: auth === null ? '' : `"auth":${this.#callerAuth(auth)},`,
      members: this.#requestMembers(request, headers),
    };
  }

  #head(type: 'request' | 'response', time: number): string {
    return `${this.#options.prefix}{"time":"${this.#steady.time(time)}","type":"${type}",`;
  }

  /** Who asks for what. */
  #question(out: ByteWriter, { request }: AuditRequestRecord, { authText, members }: Draft): void {
    out.text(`${authText}"request":`);
    this.#request(out, request, members);
  }

  /** What came of it, and the end of the line. */
  #answer(out: ByteWriter, record: AuditResponseRecord): void {
    if (record.response !== null) this.#response(out, record.response, record.request);
    this.#end(out, record);
  }

  #end(out: ByteWriter, record: AuditRequestRecord): void {
    const error = record.error === '' ? '' : `,"error":${JSON.stringify(record.error)}`;
    out.text(`${error}}\n`);
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

  #callerAuth(auth: AuditAuth): string {
    if (this.#options.logRaw) return this.#auth(auth);
    return this.#steady.auth(auth, (it) => this.#auth(it));
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

  #requestMembers(request: AuditRequest, rules: HeaderRules): MemberText {
    const members = new MemberText()
      .plain('id', request.id)
      .plain('operation', request.operation)
      .all(this.#steady.mount(request.mount))
      .all(this.#presented(request))
      .string('path', request.path)
      .all(this.#steady.address(request.remoteAddress))
      .number('remote_port', request.remotePort)
      .number('wrap_ttl', request.wrapTtlSeconds);
    const headers = rules.size === 0 ? null : this.#headers(request.carrier.headers, rules);
    if (headers !== null) members.json('headers', headers);
    return members;
  }

  /** Members that say who asks, and which token the request came with. */
  #presented(request: AuditRequest): string {
    const make = (): string =>
      new MemberText()
        .string('client_id', request.clientId)
        .string('client_token', this.#token(request.clientToken, request.tokenId))
        .string('client_token_accessor', this.#accessor(request.accessor))
        .json('namespace', '{"id":"root"}').members;
    return this.#options.logRaw ? make() : this.#steady.token(request, make);
  }

  #request(out: ByteWriter, request: AuditRequest, members: MemberText): void {
    if (request.data.size === 0) {
      out.text(members.object);
      return;
    }
    out.text(`${members.open}"data":`);
    const clear = request.mount?.nonHmacRequestKeys ?? [];
    let separator = '{';
    for (const [name, field] of request.data) {
      out.text(`${separator}${JSON.stringify(name)}:`);
      separator = ',';
      this.#value(out, field.value, clear.includes(name) || this.#options.logRaw, 0);
    }
    out.text('}}');
  }

  #headers(headers: ReadonlyMap<string, string>, rules: HeaderRules): string | null {
    const found: string[] = [];
    for (const [name, { hmac }] of rules) {
      const value = headers.get(name);
      if (value === undefined) continue;
      const shown = hmac && !this.#options.logRaw ? this.#hasher.hash(value) : value;
      found.push(`${JSON.stringify(name)}:[${JSON.stringify(shown)}]`);
    }
    return found.length === 0 ? null : `{${found.join(',')}}`;
  }

  /** Numbers, booleans and null stay legible; every string is hashed unless `isClear`. */
  #value(out: ByteWriter, value: JsonValue, isClear: boolean, depth: number): void {
    if (depth > DEPTH_MAX) throw new TypeError('audited value is nested too deeply');
    if (value instanceof RawJson) {
      if (isClear) writeJsonCompact(out, value);
      else if (value.identity !== null) out.text(this.#hashedText(value, value.identity));
      else writeJsonReplaced(out, value, (utf8) => this.#hasher.hash(utf8));
    } else if (value instanceof JsonText) {
      out.text(isClear ? value.text : this.#hashedMadeText(value));
    } else if (typeof value === 'string') {
      out.text(isClear ? JSON.stringify(value) : `"${this.#hasher.hash(value)}"`);
    } else if (value === null || typeof value !== 'object') {
      out.text(String(value));
    } else if (Array.isArray(value)) {
      let separator = '[';
      for (const item of value as readonly JsonValue[]) {
        out.text(separator);
        separator = ',';
        this.#value(out, item, isClear, depth + 1);
      }
      out.text(separator === '[' ? '[]' : ']');
    } else {
      this.#members(out, value as Readonly<Record<string, JsonValue>>, () => isClear, depth);
    }
  }

  #hashedMadeText({ text, identity }: JsonText): string {
    return identity.find(this) ?? this.#hashedText(new RawJson(Buffer.from(text)), identity);
  }

  /** Of bytes that are seen again and again; short texts only are remembered. */
  #hashedText(value: RawJson, identity: Identity): string {
    const known = identity.find(this);
    if (known !== null) return known;
    const out = new ByteWriter(value.bytes.length * 2);
    writeJsonReplaced(out, value, (utf8) => this.#hasher.hash(utf8));
    const text = out.finish().toString('utf8');
    if (text.length <= REMEMBERED_LENGTH_MAX) identity.remember(this, text);
    return text;
  }

  #members(
    out: ByteWriter,
    value: Readonly<Record<string, JsonValue>>,
    isClear: (name: string) => boolean,
    depth: number,
  ): void {
    let separator = '{';
    for (const name of Object.keys(value)) {
      const member = value[name];
      if (member === undefined) continue;
      out.text(`${separator}${JSON.stringify(name)}:`);
      separator = ',';
      this.#value(out, member, isClear(name), depth + 1);
    }
    out.text(separator === '{' ? '{}' : '}');
  }

  #response(out: ByteWriter, response: AuditResponse, request: AuditRequest): void {
    const members = new MemberText();
    if (response.auth !== null) members.json('auth', this.#auth(response.auth));
    members.all(this.#steady.mount(request.mount));
    if (response.leaseId !== '') {
      members.json('secret', `{"lease_id":${JSON.stringify(response.leaseId)}}`);
    }
    if (response.wrap !== null) members.json('wrap_info', this.#wrap(response.wrap));
    members.strings('warnings', response.warnings).string('redirect', response.redirect);
    const data = this.#responseData(response, request);
    if (data === null) {
      if (response.rawBody !== null) members.json('data', this.#rawBody(response.rawBody));
      out.text(`,"response":${members.object}`);
      return;
    }
    out.text(`,"response":${members.open}"data":`);
    const clear = request.mount?.nonHmacResponseKeys ?? [];
    this.#members(out, data, (name) => clear.includes(name) || this.#options.logRaw, 0);
    out.text('}');
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

/** How many names a list answer has; null for what is no list. */
function countOf(name: string, value: JsonValue): number | null {
  if (name === 'keys' && Array.isArray(value)) return value.length;
  const isMap = typeof value === 'object' && value !== null && !(value instanceof RawJson);
  return name === 'key_info' && isMap ? Object.keys(value).length : null;
}
