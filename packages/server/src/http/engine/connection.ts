// One client connection: requests in, answers out in the same order, within limits and deadlines.
// Works on any stream, so that tests need no network.
import type { Duplex } from 'node:stream';
import type { Connection } from '../../framework/backend.js';
import { type Answer, CONTINUE, type HeadMaker } from './answer.js';
import { Exchange, type ExchangeOwner } from './exchange.js';
import type { HeaderTable } from './header-table.js';
import type { EngineLimits, EngineTimeouts } from './limits.js';
import { Output } from './output.js';
import { Refusal } from './refusal.js';
import { type ParserPhase, RequestParser } from './request-parser.js';
import { readShared } from './shared-read.js';
import type { SlabPool } from './slab-pool.js';

/** What all connections of a server share. */
export interface EngineContext {
  readonly limits: EngineLimits;
  readonly timeouts: EngineTimeouts;
  readonly table: HeaderTable;
  readonly pool: SlabPool;
  readonly heads: HeadMaker;
  /** Body bytes of all connections that are held now. */
  bodyBytes: number;
  /** Milliseconds since the epoch, as of the last sweep. */
  now: number;
  /** Starts the work on a request; must not throw. */
  readonly serve: (exchange: Exchange) => void;
  /**
   * What is answered when the engine refuses, or a handler is late (`refusal.code` is 'timeout',
   * status 504).
   */
  readonly answerRefusal: (refusal: Refusal) => Answer;
  /** A bug of the engine or the application, for the log. */
  readonly reportFault: (error: unknown) => void;
}

const SAFE = new Set(['GET', 'HEAD', 'LIST', 'SCAN', 'HELP', 'OPTIONS']);

const CLOSE = 'Connection: close\r\n';

function wipeAnswer(answer: Answer | null): void {
  if (answer?.ownsBody === true) answer.body?.fill(0);
}

function isSafe(exchange: Exchange): boolean {
  return SAFE.has(exchange.head.method);
}

export class HttpConnection implements ExchangeOwner {
  readonly peer: Connection;
  readonly #context: EngineContext;
  readonly #socket: Duplex;
  readonly #parser: RequestParser;
  readonly #output: Output;
  /** Requests in work, in order of arrival; `#last` only says where to append. */
  #first: Exchange | null = null;
  #last: Exchange | null = null;
  #depth = 0;
  /** A request that may not start before those in front of it are answered. */
  #parked: Exchange | null = null;
  #isPumping = false;
  #isFlushScheduled = false;
  #isPaused = false;
  /** No request is read any more: the last one was seen, refused, or the peer ended its side. */
  #isLastSeen = false;
  #isEnded = false;
  #isClosed = false;
  #isDraining = false;
  /** Sent behind the answers to everything that came before it. */
  #refusal: Answer | null = null;
  #continueSent = false;
  #bodyBytesCharged = 0;
  #phase: ParserPhase = 'head';
  #phaseSince: number;
  #writeSince: number | null = null;

  constructor(socket: Duplex, peer: Connection, context: EngineContext) {
    this.#socket = socket;
    this.peer = peer;
    this.#context = context;
    this.#phaseSince = context.now;
    this.#parser = new RequestParser(context.limits, context.table);
    this.#output = new Output(socket, context.pool);
    const isShared = readShared(socket, (chunk) => this.#receive(chunk, true));
    if (!isShared) socket.on('data', (chunk: Buffer) => this.#receive(chunk, false));
    socket.on('end', () => this.#peerEnded());
    socket.on('drain', () => this.#pump());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed());
  }

  /** Finishes what is in work, then closes. */
  drain(): void {
    this.#isDraining = true;
    if (this.#isIdle() && this.#parser.phase === 'between') this.#end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Enforces the deadlines; `context.now` has just been brought up to date. */
  sweep(): void {
    const { now, timeouts } = this.#context;
    if (this.#output.unwritten === 0) this.#writeSince = null;
    else this.#writeSince ??= now;
    if (this.#writeSince !== null && now - this.#writeSince > timeouts.writeMs) this.destroy();
    const waited = now - this.#phaseSince;
    if (this.#isEnded) {
      if (waited > timeouts.lingerMs && this.#output.unwritten === 0) this.destroy();
    } else if (!this.#isIdle()) {
      this.#answerLate(now - timeouts.handlerMs);
    } else if (this.#phase === 'between') {
      if (waited > timeouts.idleMs) this.#end();
    } else if (waited > (this.#phase === 'head' ? timeouts.headMs : timeouts.bodyMs)) {
      if (this.#parser.phase === 'between') this.destroy();
      else this.#refuse(new Refusal(408, 'timeout'));
    }
  }

  answered(exchange: Exchange): void {
    if (this.#isClosed) wipeAnswer(exchange.takeAnswer());
    else if (!this.#isPumping) this.#pump();
  }

  released(exchange: Exchange): void {
    this.#context.bodyBytes -= exchange.body.length;
  }

  #isIdle(): boolean {
    return this.#first === null && this.#parked === null;
  }

  #answerLate(startedBefore: number): void {
    for (let at = this.#first; at !== null; at = at.next) {
      if (!at.isAnswered && at.startedAt < startedBefore) {
        at.answer(this.#context.answerRefusal(new Refusal(504, 'timeout')));
        return;
      }
    }
  }

  /** @param isShared whether `chunk` is ours only until this returns. */
  #receive(chunk: Buffer, isShared: boolean): void {
    if (this.#isLastSeen) {
      chunk.fill(0);
      return;
    }
    if (isShared) this.#parser.pushCopy(chunk);
    else this.#parser.push(chunk);
    this.#pump();
  }

  /** Reads and starts as many requests as order and limits allow, then sends what is ready. */
  #pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    try {
      this.#sendAnswers();
      while (this.#mayRead()) {
        const request = this.#parser.next();
        if (request === null) break;
        this.#take(new Exchange(request, this, this.#context.now));
        this.#sendAnswers();
      }
      if (!this.#isLastSeen) this.#afterReading();
    } catch (error) {
      if (error instanceof Refusal) this.#refuse(error);
      else this.#fail(error);
    } finally {
      this.#isPumping = false;
    }
    this.#flush();
  }

  #mayRead(): boolean {
    return (
      this.#parked === null &&
      !this.#isLastSeen &&
      this.#depth < this.#context.limits.pipelineMax &&
      !this.#socket.writableNeedDrain
    );
  }

  #take(exchange: Exchange): void {
    this.#continueSent = false;
    this.#context.bodyBytes += exchange.body.length;
    if (!exchange.head.keepAlive) this.#stopReading();
    // Only requests that change nothing may overlap: the others take effect in the order they were
    // sent.
    if (this.#last === null || (isSafe(this.#last) && isSafe(exchange))) this.#start(exchange);
    else this.#parked = exchange;
  }

  #start(exchange: Exchange): void {
    if (this.#last === null) this.#first = exchange;
    else this.#last.next = exchange;
    this.#last = exchange;
    this.#depth += 1;
    this.#context.serve(exchange);
  }

  /** Brings phase, budget, back pressure and '100 Continue' up to date. @throws Refusal */
  #afterReading(): void {
    const { phase, bodyBytes } = this.#parser;
    const isIdle = this.#isIdle();
    if (phase !== this.#phase || !isIdle) {
      this.#phase = phase;
      this.#phaseSince = this.#context.now;
    }
    this.#charge(bodyBytes);
    const pause =
      this.#parked !== null ||
      this.#depth >= this.#context.limits.pipelineMax ||
      this.#socket.writableNeedDrain;
    if (pause !== this.#isPaused) {
      this.#isPaused = pause;
      if (pause) this.#socket.pause();
      else this.#socket.resume();
    }
    if (isIdle && !this.#continueSent && this.#parser.expectsContinue) {
      this.#continueSent = true;
      this.#flush();
      this.#socket.write(CONTINUE);
    }
  }

  #charge(bodyBytes: number): void {
    this.#context.bodyBytes += bodyBytes - this.#bodyBytesCharged;
    this.#bodyBytesCharged = bodyBytes;
    if (bodyBytes > 0 && this.#context.bodyBytes > this.#context.limits.bodyBytesTotalMax) {
      throw new Refusal(503, 'overloaded');
    }
  }

  /** Encodes the answers whose turn it is, and starts the request that waited for them. */
  #sendAnswers(): void {
    while (this.#first?.isAnswered === true || (this.#first === null && this.#parked !== null)) {
      const exchange = this.#first;
      if (exchange === null) {
        const parked = this.#parked as Exchange;
        this.#parked = null;
        this.#start(parked);
      } else {
        this.#first = exchange.next;
        exchange.next = null;
        if (this.#first === null) this.#last = null;
        this.#depth -= 1;
        this.#send(exchange);
      }
    }
  }

  #send(exchange: Exchange): void {
    const answer = exchange.takeAnswer();
    if (answer === null || this.#isEnded) {
      wipeAnswer(answer);
      return;
    }
    const { head } = exchange;
    const isDone = this.#isIdle() && this.#refusal === null;
    const closes = isDone && (this.#isLastSeen || this.#isDraining);
    if (closes && !this.#isLastSeen) this.#stopReading();
    let connection = closes ? CLOSE : '';
    if (!closes && head.minorVersion === 0) connection = 'Connection: keep-alive\r\n';
    const { heads, now } = this.#context;
    const isHeadOnly = head.method === 'HEAD';
    this.#output.add(heads.make(answer, now, connection), answer.body, answer.ownsBody, isHeadOnly);
  }

  /**
   * Writes at once when nothing else is about to be ready; otherwise with what is ready after this
   * turn.
   */
  #flush(): void {
    if (this.#isIdle()) {
      this.#output.flush();
      if (this.#isLastSeen) this.#end();
    } else if (!this.#output.isEmpty && !this.#isFlushScheduled) {
      this.#isFlushScheduled = true;
      setImmediate(() => {
        this.#isFlushScheduled = false;
        if (!this.#isClosed) this.#output.flush();
      });
    }
  }

  /** Answers behind everything that came before, and closes. */
  #refuse(refusal: Refusal): void {
    this.#stopReading();
    this.#refusal = this.#context.answerRefusal(refusal);
    this.#flush();
  }

  /** A fault of ours costs the connection it happened on, nothing else. */
  #fail(error: unknown): void {
    this.#context.reportFault(error);
    this.destroy();
  }

  /** Whatever else arrives is dropped. */
  #stopReading(): void {
    this.#isLastSeen = true;
    this.#parser.destroy();
    this.#charge(0);
  }

  #peerEnded(): void {
    if (!this.#isLastSeen) this.#stopReading();
    if (this.#isIdle()) this.#end();
  }

  /**
   * Sends what is left and ends our side; input is still dropped for a while, so that no reset
   * outruns the answer.
   */
  #end(): void {
    if (this.#isEnded || this.#isClosed) return;
    if (!this.#isLastSeen) this.#stopReading();
    this.#isEnded = true;
    this.#phaseSince = this.#context.now;
    const refusal = this.#refusal;
    this.#refusal = null;
    if (refusal !== null) {
      const head = this.#context.heads.make(refusal, this.#context.now, CLOSE);
      this.#output.add(head, refusal.body, refusal.ownsBody, false);
    }
    this.#output.flush();
    this.#socket.end();
    this.#socket.resume();
  }

  #closed(): void {
    this.#isClosed = true;
    if (!this.#isLastSeen) this.#stopReading();
    this.#output.destroy();
    wipeAnswer(this.#refusal);
    for (let at = this.#first; at !== null; at = at.next) wipeAnswer(at.takeAnswer());
    if (this.#parked !== null) this.#parked.release();
    this.#first = null;
    this.#last = null;
    this.#parked = null;
  }
}
