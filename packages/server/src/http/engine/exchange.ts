// One request and its answer. The application answers once and releases once; both in either order.
import type { Connection } from '../../framework/backend.js';
import type { Answer } from './answer.js';
import type { RequestHead } from './request-head.js';
import type { ParsedRequest } from './request-parser.js';

/** What an exchange needs of its connection. */
export interface ExchangeOwner {
  readonly peer: Connection;
  answered(exchange: Exchange): void;
  released(exchange: Exchange): void;
}

export class Exchange {
  readonly head: RequestHead;
  /** Wiped by `release`. */
  readonly body: Buffer;
  /** Milliseconds since the epoch, by the engine's coarse clock, when the request was complete. */
  readonly startedAt: number;
  /** The request behind this one on the same connection; kept by the connection. */
  next: Exchange | null = null;
  readonly #owner: ExchangeOwner;
  readonly #request: ParsedRequest;
  #answer: Answer | null = null;
  #isAnswered = false;
  #isReleased = false;

  constructor(request: ParsedRequest, owner: ExchangeOwner, startedAt: number) {
    this.head = request.head;
    this.body = request.body;
    this.startedAt = startedAt;
    this.#request = request;
    this.#owner = owner;
  }

  get peer(): Connection {
    return this.#owner.peer;
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /**
   * The first answer counts; a later one is dropped and wiped (the engine answered for a handler
   * that was late).
   */
  answer(answer: Answer): void {
    if (this.#isAnswered) {
      if (answer.ownsBody) answer.body?.fill(0);
      return;
    }
    this.#isAnswered = true;
    this.#answer = answer;
    this.#owner.answered(this);
  }

  /** The answer, for the connection to send; only once. */
  takeAnswer(): Answer | null {
    const answer = this.#answer;
    this.#answer = null;
    return answer;
  }

  /**
   * Wipes the request's bytes. Not before everybody who works with them is done, even when it was
   * answered.
   */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#request.release();
    this.#owner.released(this);
  }
}
