// Translates between HTTP and core's door: one ApiRequest in, one ApiResult out. Takes no decision
// of its own beyond syntax; owns the bytes of a request and wipes them when core is done.
import { randomUUID } from 'node:crypto';
import type { Admission, Admit, ApiHandler, ApiRequest, ApiResult } from '../core/request.js';
import type { Awaitable } from '../framework/awaitable.js';
import type { Connection, OpenableGroup, Operation } from '../framework/backend.js';
import { ApiError } from '../framework/errors.js';
import type { JsonLimits } from '../framework/json/scan.js';
import {
  answerResult,
  emptyErrorAnswer,
  findErrorAnswer,
  internalErrorAnswer,
  withFields,
} from './answers.js';
import { parseApiPath } from './api-path.js';
import { answerOptions, type CorsRules, readCorsFields } from './cors.js';
import { type Answer, fieldLine } from './engine/answer.js';
import type { Exchange } from './engine/exchange.js';
import { EMPTY } from './engine/region.js';
import type { RequestHead } from './engine/request-head.js';
import { type RawFields, readFields } from './fields.js';
import { EMPTY_FORM, type Form, parseForm } from './form.js';
import type { PeerReader } from './forwarded-for.js';
import {
  CONTENT_TYPE,
  findToken,
  PROOF,
  readNamespace,
  readWrapTtlSeconds,
  SECRET_HEADERS,
  VAULT_REQUEST,
} from './headers.js';
import { adjustPath, isWrite, readOperation } from './operation.js';
import { NOT_FOUND } from './status.js';

export interface ApiOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly jsonLimits: JsonLimits;
  /** Refuse requests without `X-Vault-Request: true` (412). */
  readonly requireRequestHeader: boolean;
  /** Null: the peer is the client. */
  readonly readPeer: PeerReader | null;
  readonly cors: CorsRules | null;
  /** What callers without a token may do here beside what they may do everywhere. */
  readonly opened: ReadonlySet<OpenableGroup>;
  /** Headers of the operator's; null for none. */
  readonly decorate: ((answer: Answer) => Answer) | null;
  /** Null: everybody is admitted. */
  readonly admit: Admit | null;
  /**
   * Serves what is not under /v1/ (console, robots.txt, other protocols): returns false when it
   * does not know the target, otherwise it answers and releases. Null: all of it is 404.
   */
  readonly serveOther: ((exchange: Exchange) => boolean) | null;
  /**
   * An error that is not an ApiError; the client learns nothing of it but `requestId`'s failure.
   */
  readonly reportFault: (error: unknown, requestId: string) => void;
}

const PREFIX = '/v1/';
const NO_FIELDS: RawFields = new Map();

class TranslatedRequest implements ApiRequest {
  readonly id: string;
  readonly operation: Operation | 'help';
  readonly path: string;
  readonly query: string;
  readonly namespace: string;
  readonly token: Buffer | null;
  readonly proof: string | null;
  readonly wrapTtlSeconds: number | null;
  readonly connection: Connection;
  readonly opened: ReadonlySet<OpenableGroup>;
  readonly now: number;
  readonly #head: RequestHead;
  readonly #form: Form;
  #fields: RawFields = NO_FIELDS;
  #body: Buffer = EMPTY;
  #headers: ReadonlyMap<string, string> | null = null;
  #owned: Uint8Array[] | null = null;
  #isOver = false;

  constructor(id: string, exchange: Exchange, options: ApiOptions) {
    const { head } = exchange;
    const cut = head.target.indexOf('?');
    const end = cut < 0 ? head.target.length : cut;
    const path = parseApiPath(head.target.slice(PREFIX.length, end));
    this.query = cut < 0 ? '' : head.target.slice(cut + 1);
    const query = this.query === '' ? EMPTY_FORM : parseForm(this.query);
    const contentType = head.findText(CONTENT_TYPE);
    this.id = id;
    this.operation = readOperation(head.method, path, query, contentType);
    this.path = adjustPath(this.operation, path);
    this.namespace = readNamespace(head);
    this.token = findToken(head);
    this.proof = head.findText(PROOF);
    this.wrapTtlSeconds = readWrapTtlSeconds(head);
    this.connection =
      options.readPeer === null ? exchange.peer : options.readPeer(head, exchange.peer);
    this.opened = options.opened;
    this.now = options.now();
    this.#head = head;
    this.#form = query;
  }

  get fields(): RawFields {
    return this.#fields;
  }

  /** Empty until it is read, and where the operation takes none. */
  get body(): Buffer {
    return this.#body;
  }

  /** @throws ApiError for a body that is none of an object. Gives itself back. */
  readBody(exchange: Exchange, limits: JsonLimits): this {
    this.#body = isWrite(this.operation) ? exchange.body : EMPTY;
    const contentType = this.#head.findText(CONTENT_TYPE);
    this.#fields = readFields(this.path, this.#form, this.#body, contentType, limits);
    return this;
  }

  /** Made when somebody asks. */
  get headers(): ReadonlyMap<string, string> {
    this.#headers ??= this.#head.readAll(SECRET_HEADERS);
    return this.#headers;
  }

  /** What comes when nobody can use it any more (a read that outlived its request) is wiped at once. */
  own<T extends Uint8Array>(bytes: T): T {
    if (this.#isOver) {
      bytes.fill(0);
      return bytes;
    }
    this.#owned ??= [];
    this.#owned.push(bytes);
    return bytes;
  }

  wipe(): void {
    this.#isOver = true;
    if (this.#owned === null) return;
    for (const bytes of this.#owned) bytes.fill(0);
    this.#owned = null;
  }
}

function checkRequestHeader(head: RequestHead): void {
  if (head.findText(VAULT_REQUEST) === 'true') return;
  throw new ApiError('precondition-failed', 'missing "X-Vault-Request" header', {
    code: 'request-header-missing',
  });
}

/** Header lines that the answer gets, whatever it is. */
interface Reply {
  fields: string;
}

function newReply({ namespace }: TranslatedRequest, corsFields: string): Reply {
  if (namespace === '') return { fields: corsFields };
  return { fields: corsFields + fieldLine('X-Vault-Namespace', namespace) };
}

function addHeaders(reply: Reply, { headers }: Admission): void {
  for (const [name, value] of headers) reply.fields += fieldLine(name, value);
}

/** One listener's way from exchanges to core and back. */
class ApiFront {
  readonly #handler: ApiHandler;
  readonly #options: ApiOptions;

  constructor(handler: ApiHandler, options: ApiOptions) {
    this.#handler = handler;
    this.#options = options;
  }

  /** Never throws. */
  take(exchange: Exchange): void {
    const { head } = exchange;
    if (!head.target.startsWith(PREFIX) && head.method !== 'OPTIONS') {
      this.#serveOther(exchange);
      return;
    }
    const id = randomUUID();
    let corsFields = '';
    try {
      corsFields = readCorsFields(head, this.#options.cors);
      if (head.method === 'OPTIONS') {
        this.#send(exchange, answerOptions(head, this.#options.cors, corsFields));
        exchange.release();
        return;
      }
      if (this.#options.requireRequestHeader) checkRequestHeader(head);
      const request = new TranslatedRequest(id, exchange, this.#options);
      this.#callCore(request, exchange, newReply(request, corsFields));
    } catch (error) {
      this.#send(exchange, withFields(this.#answerError(error, id), corsFields));
      exchange.release();
    }
  }

  #serveOther(exchange: Exchange): void {
    try {
      if (this.#options.serveOther?.(exchange) === true) return;
      this.#send(exchange, emptyErrorAnswer(NOT_FOUND));
    } catch (error) {
      this.#send(exchange, this.#answerError(error, ''));
    }
    exchange.release();
  }

  #callCore(request: TranslatedRequest, exchange: Exchange, reply: Reply): void {
    const finish = (answer: Answer): void => {
      this.#send(exchange, withFields(answer, reply.fields));
      request.wipe();
      exchange.release();
    };
    let called: Awaitable<ApiResult>;
    try {
      called = this.#serve(request, exchange, reply);
    } catch (error) {
      finish(this.#answerError(error, request.id));
      return;
    }
    if (called instanceof Promise) {
      called.then(
        (result) => finish(this.#encode(result, request.id)),
        (error: unknown) => finish(this.#answerError(error, request.id)),
      );
    } else finish(this.#encode(called, request.id));
  }

  /** The admission first: whoever is refused there has no body parsed. Adds to `reply` what the admission says. */
  #serve(request: TranslatedRequest, exchange: Exchange, reply: Reply): Awaitable<ApiResult> {
    const { admit, jsonLimits } = this.#options;
    const admission = admit?.(request) ?? null;
    if (admission === null) return this.#handler.handle(request.readBody(exchange, jsonLimits));
    if (admission.settle !== null) {
      return this.#serveSettled(request, exchange, reply, admission.settle);
    }
    addHeaders(reply, admission);
    if (admission.refuse !== null) return admission.refuse();
    return this.#handler.handle(request.readBody(exchange, jsonLimits));
  }

  /** For requests that are counted by what their body says. One that can not be read counts as well. */
  async #serveSettled(
    request: TranslatedRequest,
    exchange: Exchange,
    reply: Reply,
    settle: () => Promise<Admission | null>,
  ): Promise<ApiResult> {
    let fault: { readonly error: unknown } | null = null;
    try {
      request.readBody(exchange, this.#options.jsonLimits);
    } catch (error) {
      fault = { error };
    }
    const admission = await settle();
    if (admission !== null) addHeaders(reply, admission);
    if (admission !== null && admission.refuse !== null) return await admission.refuse();
    if (fault !== null) throw fault.error;
    return await this.#handler.handle(request);
  }

  #encode(result: ApiResult, id: string): Answer {
    try {
      return answerResult(result);
    } catch (error) {
      return this.#answerError(error, id);
    }
  }

  #answerError(error: unknown, id: string): Answer {
    const answer = findErrorAnswer(error);
    if (answer !== null) return answer;
    this.#options.reportFault(error, id);
    return internalErrorAnswer();
  }

  #send(exchange: Exchange, answer: Answer): void {
    const { decorate } = this.#options;
    exchange.answer(decorate === null ? answer : decorate(answer));
  }
}

/** What the engine calls for each request. Never throws. */
export function createApi(handler: ApiHandler, options: ApiOptions): (exchange: Exchange) => void {
  const front = new ApiFront(handler, options);
  return (exchange) => front.take(exchange);
}
