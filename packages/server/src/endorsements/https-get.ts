// GET from a vendor's service, and nothing else: bounded in size and time, no redirects, one request per address at a
// time, and left alone for a while when it fails. The only file of this room that opens a socket.
import http from 'node:http';
import https from 'node:https';

export interface VendorAnswer {
  /** The last value of each header, names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/**
 * 'not-found': the service answered that it has no such thing. 'held-back': not asked, because it failed or was asked
 * too often a moment ago. Everything else is a failure of the service, and puts it off limits for a while.
 */
export type VendorFaultKind =
  | 'not-found'
  | 'held-back'
  | 'unreachable'
  | 'timeout'
  | 'status'
  | 'redirect'
  | 'too-large';

export class VendorFault extends Error {
  override readonly name = 'VendorFault';
  readonly kind: VendorFaultKind;

  constructor(kind: VendorFaultKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface HttpsGetOptions {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** For the whole exchange, from look-up to last byte. */
  readonly timeoutMs: number;
  /** PEM of the CA to trust instead of the system's, for a service of one's own. */
  readonly ca: string | null;
}

/** What vendor-*.ts need of it. */
export interface VendorGet {
  /** @throws VendorFault */
  get(url: string, bodyBytesMax: number): Promise<VendorAnswer>;
}

const HEADER_BYTES_MAX = 64 * 1024;
const BACK_OFF_FIRST_MS = 5000;
const BACK_OFF_MS_MAX = 900_000;
/** Answers are remembered so long: several platforms need the same lists, and bad evidence asks in vain. */
const MEMORY_MS = 60_000;
const NOT_FOUND_MEMORY_MS = 600_000;
const MEMORY_ENTRIES_MAX = 256;
/** Requests that one service gets at once, and one more per second: what evidence names is not to be trusted. */
const BURST = 60;
const REFILL_PER_MS = 1 / 1000;
const ORIGINS_MAX = 16;

interface Remembered {
  readonly until: number;
  readonly outcome: VendorAnswer | VendorFault;
}

interface OriginState {
  failures: number;
  notBefore: number;
  allowance: number;
  refilledAt: number;
}

/** A status that the service chose: `retryAfterMs` is what it asked for, 0 if nothing. */
class StatusFault extends VendorFault {
  readonly retryAfterMs: number;

  constructor(kind: VendorFaultKind, message: string, retryAfterMs: number) {
    super(kind, message);
    this.retryAfterMs = retryAfterMs;
  }
}

export class HttpsGet implements VendorGet {
  readonly #options: HttpsGetOptions;
  readonly #memory = new Map<string, Remembered>();
  readonly #underWay = new Map<string, Promise<VendorAnswer>>();
  readonly #origins = new Map<string, OriginState>();

  constructor(options: HttpsGetOptions) {
    this.#options = options;
  }

  async get(url: string, bodyBytesMax: number): Promise<VendorAnswer> {
    const now = this.#options.clock();
    const known = this.#memory.get(url);
    if (known !== undefined && now < known.until) {
      if (known.outcome instanceof VendorFault) throw known.outcome;
      return known.outcome;
    }
    const underWay = this.#underWay.get(url);
    if (underWay !== undefined) return await underWay;
    const origin = this.#origin(new URL(url).origin, now);
    this.#admit(origin, url, now);
    const request = this.#ask(url, bodyBytesMax, origin).finally(() => this.#underWay.delete(url));
    this.#underWay.set(url, request);
    return await request;
  }

  async #ask(url: string, bodyBytesMax: number, origin: OriginState): Promise<VendorAnswer> {
    try {
      const answer = await exchange(url, bodyBytesMax, this.#options);
      origin.failures = 0;
      this.#remember(url, answer, MEMORY_MS);
      return answer;
    } catch (error) {
      if (error instanceof VendorFault && error.kind === 'not-found') {
        origin.failures = 0;
        this.#remember(url, error, NOT_FOUND_MEMORY_MS);
      } else {
        this.#backOff(origin, error);
      }
      throw error;
    }
  }

  /** @throws VendorFault held-back */
  #admit(origin: OriginState, url: string, now: number): void {
    const { host } = new URL(url);
    if (now < origin.notBefore) {
      const seconds = Math.ceil((origin.notBefore - now) / 1000);
      throw new VendorFault(
        'held-back',
        `${host}: failed before, not asked for another ${seconds} s`,
      );
    }
    const refill = Math.max(0, now - origin.refilledAt) * REFILL_PER_MS;
    origin.allowance = Math.min(BURST, origin.allowance + refill);
    origin.refilledAt = now;
    if (origin.allowance < 1) {
      throw new VendorFault('held-back', `${host}: asked too often in the last minute`);
    }
    origin.allowance -= 1;
  }

  #backOff(origin: OriginState, error: unknown): void {
    origin.failures += 1;
    const doubled = BACK_OFF_FIRST_MS * 2 ** Math.min(origin.failures - 1, 16);
    const wished = error instanceof StatusFault ? error.retryAfterMs : 0;
    const wait = Math.min(BACK_OFF_MS_MAX, Math.max(doubled, wished));
    origin.notBefore = this.#options.clock() + wait;
  }

  #remember(url: string, outcome: VendorAnswer | VendorFault, forMs: number): void {
    this.#memory.delete(url);
    this.#memory.set(url, { until: this.#options.clock() + forMs, outcome });
    dropOldest(this.#memory, MEMORY_ENTRIES_MAX);
  }

  #origin(name: string, now: number): OriginState {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    const fresh = { failures: 0, notBefore: 0, allowance: BURST, refilledAt: now };
    this.#origins.set(name, fresh);
    dropOldest(this.#origins, ORIGINS_MAX);
    return fresh;
  }
}

function dropOldest<V>(map: Map<string, V>, entriesMax: number): void {
  const oldest = map.keys().next().value;
  if (map.size > entriesMax && oldest !== undefined) map.delete(oldest);
}

/** One request on a connection of its own. @throws VendorFault */
function exchange(
  url: string,
  bodyBytesMax: number,
  options: HttpsGetOptions,
): Promise<VendorAnswer> {
  const target = new URL(url);
  const { request } = target.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const fail = (fault: VendorFault): void => {
      clearTimeout(timer);
      reject(fault);
      sent.destroy();
    };
    const sent = request(target, {
      method: 'GET',
      agent: false,
      maxHeaderSize: HEADER_BYTES_MAX,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'vouchsafe' },
      ...(options.ca === null ? {} : { ca: options.ca }),
    });
    const timer = setTimeout(() => {
      fail(new VendorFault('timeout', `${target.host}: no answer in ${options.timeoutMs} ms`));
    }, options.timeoutMs);
    sent.on('error', (error: NodeJS.ErrnoException) => {
      fail(new VendorFault('unreachable', `${target.host}: ${error.code ?? 'connection failed'}`));
    });
    sent.on('response', (response) => {
      const refused = findStatusFault(target.host, response);
      if (refused !== null) return fail(refused);
      const chunks: Buffer[] = [];
      let received = 0;
      response.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (received > bodyBytesMax) {
          fail(new VendorFault('too-large', `${target.host}: more than ${bodyBytesMax} bytes`));
        } else chunks.push(chunk);
      });
      response.on('error', () => fail(new VendorFault('unreachable', `${target.host}: cut short`)));
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ headers: headersOf(response), body: Buffer.concat(chunks) });
      });
    });
    sent.end();
  });
}

function findStatusFault(host: string, response: http.IncomingMessage): VendorFault | null {
  const status = response.statusCode ?? 0;
  if (status === 200) return null;
  if (status === 404 || status === 400 || status === 410) {
    return new VendorFault('not-found', `${host}: has no such endorsement (status ${status})`);
  }
  if (status >= 300 && status < 400) {
    return new VendorFault('redirect', `${host}: redirects, which is not followed`);
  }
  const seconds = /^[0-9]{1,6}$/.exec(response.headers['retry-after'] ?? '')?.[0] ?? '0';
  return new StatusFault('status', `${host}: status ${status}`, Number(seconds) * 1000);
}

function headersOf(response: http.IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(response.headers)) {
    if (typeof value === 'string') headers.set(name, value);
  }
  return headers;
}
