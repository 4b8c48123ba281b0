// A connection without a network: the test is the client, the handler and the clock.
import { type Duplex, duplexPair } from 'node:stream';
import { type Answer, HeadMaker } from '../answer.js';
import { type EngineContext, HttpConnection } from '../connection.js';
import type { Exchange } from '../exchange.js';
import { HeaderTable } from '../header-table.js';
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type EngineLimits } from '../limits.js';
import { SlabPool } from '../slab-pool.js';

const PEER = { remoteAddress: '192.0.2.1', remotePort: 1, tls: null };

export function textAnswer(text: string): Answer {
  return { status: 200, fields: '', body: Buffer.from(text), ownsBody: true };
}

export class Wire {
  readonly client: Duplex;
  readonly server: Duplex;
  readonly connection: HttpConnection;
  readonly context: EngineContext;
  /** Requests that were started and not yet taken by the test. */
  readonly started: Exchange[] = [];
  /** What each write of the server held, as it was when it was written. */
  readonly writes: string[] = [];
  readonly writtenBuffers: Buffer[] = [];
  readonly faults: unknown[] = [];
  hasEnded = false;

  constructor(
    limits: Partial<EngineLimits> = {},
    onStart: (exchange: Exchange) => void = () => {},
  ) {
    const [client, server] = duplexPair();
    this.client = client;
    this.server = server;
    this.context = {
      limits: { ...DEFAULT_LIMITS, ...limits },
      timeouts: DEFAULT_TIMEOUTS,
      table: new HeaderTable([]),
      pool: new SlabPool(),
      heads: new HeadMaker(),
      bodyBytes: 0,
      now: 0,
      serve: (exchange) => {
        this.started.push(exchange);
        onStart(exchange);
      },
      answerRefusal: (refusal) => ({ ...textAnswer(refusal.code), status: refusal.status }),
      reportFault: (error) => this.faults.push(error),
    };
    const write = server.write.bind(server) as (bytes: Buffer, taken: () => void) => boolean;
    Object.assign(server, {
      write: (bytes: Buffer, taken: () => void) => {
        this.writes.push(bytes.toString('latin1'));
        this.writtenBuffers.push(bytes);
        return write(bytes, taken);
      },
    });
    this.connection = new HttpConnection(server, PEER, this.context);
    client.on('data', () => {});
    client.on('end', () => {
      this.hasEnded = true;
    });
    client.on('error', () => {});
  }

  /** Sends, and lets everything that follows happen. */
  async send(text: string): Promise<void> {
    this.client.write(Buffer.from(text, 'latin1'));
    await settle();
  }

  /** Answers and releases the request with this target. */
  async answer(target: string, text: string = target): Promise<void> {
    const index = this.started.findIndex((exchange) => exchange.head.target === target);
    const [exchange] = this.started.splice(index, 1);
    exchange?.answer(textAnswer(text));
    exchange?.release();
    await settle();
  }

  get startedTargets(): string {
    return this.started.map((exchange) => exchange.head.target).join(' ');
  }

  /** Everything the client got, without Date lines. */
  get text(): string {
    return this.writes.join('').replaceAll(/Date: [^\r]*\r\n/g, '');
  }

  /** Bodies and status codes only. */
  get outline(): string {
    return this.text.replaceAll(/HTTP\/1.1 (\d+) [^\r]*\r\n(?:[^\r]+\r\n)*\r\n/g, ' $1 ').trim();
  }

  async wait(ms: number): Promise<void> {
    this.context.now += ms;
    this.connection.sweep();
    await settle();
  }
}

/** Until streams and immediates have nothing more to do. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 8; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function get(target: string, ...headers: string[]): string {
  return [`GET ${target} HTTP/1.1`, 'Host: a', ...headers, '', ''].join('\r\n');
}

export function put(target: string, body: string, ...headers: string[]): string {
  const length = `Content-Length: ${body.length}`;
  return [`PUT ${target} HTTP/1.1`, 'Host: a', length, ...headers, '', body].join('\r\n');
}
