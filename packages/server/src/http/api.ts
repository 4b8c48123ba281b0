// Translates between HTTP and core's door: one ApiRequest in, one ApiResult out. Takes no decision
// of its own beyond
// syntax; owns the bytes of a request and wipes them when core is done.
import { randomUUID } from 'node:crypto';
import type { ApiHandler, ApiRequest, ApiResult } from '../core/request.js';
import type { Connection, Operation } from '../framework/backend.js';
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
import type { Answer } from './engine/answer.js';
import type { Exchange } from './engine/exchange.js';
import { EMPTY } from './engine/region.js';
import type { RequestHead } from './engine/request-head.js';
import { type RawFields, readFields } from './fields.js';
import { EMPTY_FORM, parseForm } from './form.js';
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
  /**
   * Asked before the body is looked at, so that a rate limit costs less than the requests it
   * refuses. Throws an
   * ApiError to refuse. Null: everybody is admitted.
   */
  readonly admit: ((path: string, connection: Connection) => void) | null;
  /**
   * Serves what is not under /v1/ (console, robots.txt, other protocols): returns false when it
   * does not know the
   * target, otherwise it answers and releases. Null: all of it is 404.
   */
  readonly serveOther: ((exchange: Exchange) => boolean) | null;
  /**
   * An error that is not an ApiError; the client learns nothing of it but `requestId`'s failure.
   */
  readonly reportFault: (error: unknown, requestId: string) => void;
}

const PREFIX = '/v1/';

class TranslatedRequest implements ApiRequest {
  readonly id: string;
  readonly operation: Operation | 'help';
  readonly path: string;
  readonly query: string;
  readonly namespace: string;
  readonly token: Buffer | null;
  readonly proof: string | null;
  readonly wrapTtlSeconds: number | null;
  readonly fields: RawFields;
  readonly body: Buffer;
  readonly connection: Connection;
  readonly now: number;
  readonly #head: RequestHead;
  #headers: ReadonlyMap<string, string> | null = null;
  #owned: Uint8Array[] | null = null;

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
    options.admit?.(this.path, this.connection);
    this.body = isWrite(this.operation) ? exchange.body : EMPTY;
    this.fields = readFields(this.path, query, this.body, contentType, options.jsonLimits);
    this.now = options.now();
    this.#head = head;
  }

  /** Made when somebody asks. */
  get headers(): ReadonlyMap<string, string> {
    this.#headers ??= this.#head.readAll(SECRET_HEADERS);
    return this.#headers;
  }

  own<T extends Uint8Array>(bytes: T): T {
    this.#owned ??= [];
    this.#owned.push(bytes);
    return bytes;
  }

  wipe(): void {
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

/** What the engine calls for each request. Never throws. */
export function createApi(handler: ApiHandler, options: ApiOptions): (exchange: Exchange) => void {
  function answerError(error: unknown, id: string): Answer {
    const answer = findErrorAnswer(error);
    if (answer !== null) return answer;
    options.reportFault(error, id);
    return internalErrorAnswer();
  }

  function encode(result: ApiResult, id: string): Answer {
    try {
      return answerResult(result);
    } catch (error) {
      return answerError(error, id);
    }
  }

  function callCore(request: TranslatedRequest, exchange: Exchange, corsFields: string): void {
    const finish = (answer: Answer): void => {
      exchange.answer(withFields(answer, corsFields));
      request.wipe();
      exchange.release();
    };
    let called: Promise<ApiResult>;
    try {
      called = handler.handle(request);
    } catch (error) {
      finish(answerError(error, request.id));
      return;
    }
    called.then(
      (result) => finish(encode(result, request.id)),
      (error: unknown) => finish(answerError(error, request.id)),
    );
  }

  function serveOther(exchange: Exchange): void {
    if (options.serveOther?.(exchange) === true) return;
    exchange.answer(emptyErrorAnswer(NOT_FOUND));
    exchange.release();
  }

  return (exchange) => {
    const id = randomUUID();
    const { head } = exchange;
    let corsFields = '';
    try {
      if (!head.target.startsWith(PREFIX) && head.method !== 'OPTIONS') {
        serveOther(exchange);
        return;
      }
      corsFields = readCorsFields(head, options.cors);
      if (head.method === 'OPTIONS') {
        exchange.answer(answerOptions(head, options.cors, corsFields));
        exchange.release();
        return;
      }
      if (options.requireRequestHeader) checkRequestHeader(head);
      callCore(new TranslatedRequest(id, exchange, options), exchange, corsFields);
    } catch (error) {
      exchange.answer(withFields(answerError(error, id), corsFields));
      exchange.release();
    }
  };
}
