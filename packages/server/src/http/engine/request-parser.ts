// Turns the bytes of one connection into requests. Strict and incremental: how the bytes were cut
// into pieces never changes the outcome. Owns what it is given and wipes it; knows no socket.
import { ChunkedBody } from './chunked-body.js';
import {
  type ConnectionOption,
  type Framing,
  readConnectionOption,
  readFraming,
} from './framing.js';
import { addToHash, CONNECTION, type HeaderTable } from './header-table.js';
import type { EngineLimits } from './limits.js';
import { Refusal, refuse } from './refusal.js';
import { EMPTY, GrowingBytes, Region } from './region.js';
import { RequestHead, type RequestLine, trimEnd, trimStart } from './request-head.js';
import { parseRequestLine } from './request-line.js';
import { COLON, CR, HTAB, LF, LINE_BYTE, SP, TOKEN_LOWER } from './syntax.js';

/**
 * One whole request. Its bytes are wiped by `release`, which must be called exactly when nobody
 * needs them.
 */
export interface ParsedRequest {
  readonly head: RequestHead;
  /** A view on bytes that `release` wipes. */
  readonly body: Buffer;
  release(): void;
}

/** Where the parser is between two pieces of input. */
export type ParserPhase = 'between' | 'head' | 'body';

class WholeRequest implements ParsedRequest {
  readonly head: RequestHead;
  readonly body: Buffer;
  #bodyRegion: Region | null;

  constructor(head: RequestHead, body: Buffer, bodyRegion: Region | null) {
    this.head = head;
    this.body = body;
    this.#bodyRegion = bodyRegion;
  }

  release(): void {
    this.head.release();
    this.#bodyRegion?.release();
    this.#bodyRegion = null;
  }
}

const CARRY_BYTES_MIN = 2048;

export class RequestParser {
  readonly #limits: EngineLimits;
  readonly #table: HeaderTable;
  readonly #noPlaces: readonly number[];
  #region: Region | null = null;
  /** Next byte to look at, and the end of what was received, in #region. */
  #at = 0;
  #end = 0;
  #headStart = 0;
  #lineStart = 0;
  #line: RequestLine | null = null;
  #fieldsStart = 0;
  #headers = 0;
  #places: number[] = [];
  #connection: ConnectionOption = 'none';
  #head: RequestHead | null = null;
  #framing: Framing | null = null;
  #body: GrowingBytes | null = null;
  #chunked: ChunkedBody | null = null;

  constructor(limits: EngineLimits, table: HeaderTable) {
    this.#limits = limits;
    this.#table = table;
    this.#noPlaces = new Array<number>(2 * table.names.length).fill(-1);
  }

  get phase(): ParserPhase {
    if (this.#head !== null) return 'body';
    return this.#line !== null || this.#end > this.#headStart ? 'head' : 'between';
  }

  /** The request whose body is still missing waits for '100 Continue'. */
  get expectsContinue(): boolean {
    return this.#framing?.expectsContinue === true && this.bodyBytes === 0;
  }

  /** Bytes of the unfinished body that have arrived. */
  get bodyBytes(): number {
    return this.#body?.length ?? this.#chunked?.length ?? 0;
  }

  /** Takes `chunk` over and will wipe it. */
  push(chunk: Buffer): void {
    if (this.#region === null) this.#begin(chunk);
    else this.#append(this.#region, chunk);
  }

  /**
   * Copies `chunk`, which is used for other requests, too, and wipes it. The copy is never used again: whoever looked at
   * it too late would see zeros, and nothing of somebody else's.
   */
  pushCopy(chunk: Buffer): void {
    if (this.#region === null) this.#begin(Buffer.from(chunk));
    else this.#append(this.#region, chunk);
    chunk.fill(0);
  }

  #begin(chunk: Buffer): void {
    this.#region = new Region(chunk);
    this.#at = 0;
    this.#headStart = 0;
    this.#lineStart = 0;
    this.#end = chunk.length;
  }

  #append(region: Region, chunk: Buffer): void {
    const needed = this.#end + chunk.length;
    if (needed <= region.bytes.length) {
      chunk.copy(region.bytes, this.#end);
      this.#end = needed;
    } else {
      this.#carry(region, chunk);
    }
    chunk.fill(0);
  }

  /**
   * The next whole request, or null when more input is needed. @throws Refusal; then only `destroy`
   * may follow
   */
  next(): ParsedRequest | null {
    if (this.#region === null) return null;
    if (this.#head === null && !this.#readHead(this.#region)) {
      if (this.#headStart === this.#end) this.#dropRegion();
      return null;
    }
    const request = this.#readBody(this.#region);
    if (this.#at === this.#end) this.#dropRegion();
    return request;
  }

  /** Wipes everything that was not handed out. */
  destroy(): void {
    this.#dropRegion();
    this.#head?.release();
    this.#head = null;
    this.#body?.wipe();
    this.#body = null;
    this.#chunked?.wipe();
    this.#chunked = null;
  }

  #dropRegion(): void {
    this.#region?.release();
    this.#region = null;
    this.#at = 0;
    this.#end = 0;
    this.#headStart = 0;
    this.#lineStart = 0;
  }

  /** Moves the unfinished rest and `chunk` into a region with room to grow. */
  #carry(region: Region, chunk: Buffer): void {
    const start = this.#headStart;
    const length = this.#end - start;
    const capacity = Math.max(CARRY_BYTES_MIN, 2 * (length + chunk.length));
    const bytes = Buffer.allocUnsafeSlow(capacity);
    region.bytes.copy(bytes, 0, start, this.#end);
    chunk.copy(bytes, length);
    region.release();
    this.#region = new Region(bytes);
    this.#shiftPlaces(start);
    this.#at -= start;
    this.#lineStart -= start;
    this.#fieldsStart -= start;
    this.#headStart = 0;
    this.#end = length + chunk.length;
  }

  #shiftPlaces(by: number): void {
    for (let i = 0; i < this.#places.length; i += 1) {
      const place = this.#places[i] as number;
      if (place >= 0) this.#places[i] = place - by;
    }
  }

  /** True when the head is complete and #head and #framing are set. */
  #readHead(region: Region): boolean {
    const { bytes } = region;
    for (;;) {
      const lineEnd = this.#scanLine(bytes);
      if (lineEnd < 0) return false;
      const lineStart = this.#lineStart;
      this.#lineStart = lineEnd + 2;
      if (this.#line === null) {
        this.#line = parseRequestLine(bytes, lineStart, lineEnd);
        this.#places = this.#noPlaces.slice();
        this.#fieldsStart = lineEnd + 2;
      } else if (lineEnd === lineStart) {
        this.#finishHead(region, lineStart);
        return true;
      } else {
        this.#readHeader(bytes, lineStart, lineEnd);
      }
    }
  }

  /** Position of the CR that ends the line, or -1; #at is behind what was looked at. */
  #scanLine(bytes: Buffer): number {
    const end = this.#end;
    let at = this.#at;
    while (at < end && LINE_BYTE[bytes[at] as number] === 1) at += 1;
    this.#at = at;
    this.#checkHeadSize(at);
    if (at === end) return -1;
    if (bytes[at] !== CR) refuse(bytes[at] === LF ? 'line-end-not-crlf' : 'line-byte-not-allowed');
    if (at + 1 === end) return -1;
    if (bytes[at + 1] !== LF) refuse('line-end-not-crlf');
    this.#at = at + 2;
    return at;
  }

  #checkHeadSize(at: number): void {
    const length = at - this.#headStart;
    if (this.#line === null && length > this.#limits.requestLineBytesMax) {
      throw new Refusal(414, 'request-line-too-long');
    }
    if (length > this.#limits.headBytesMax) throw new Refusal(431, 'head-too-large');
  }

  #readHeader(bytes: Buffer, start: number, lineEnd: number): void {
    this.#headers += 1;
    if (this.#headers > this.#limits.headersMax) throw new Refusal(431, 'too-many-headers');
    let at = start;
    let hash = 0;
    for (;;) {
      const lower = TOKEN_LOWER[bytes[at] as number] as number;
      if (lower === 0) break;
      hash = addToHash(hash, lower);
      at += 1;
    }
    if (at === start && (bytes[at] === SP || bytes[at] === HTAB)) refuse('header-folded');
    if (at === start || bytes[at] !== COLON) refuse('header-malformed');
    const index = this.#table.match(hash, bytes, start, at);
    if (index < 0) return;
    const valueStart = trimStart(bytes, at + 1, lineEnd);
    const valueEnd = trimEnd(bytes, valueStart, lineEnd);
    if (index === CONNECTION) {
      this.#connection = readConnectionOption(bytes, valueStart, valueEnd, this.#connection);
    }
    if (this.#places[2 * index] !== -1 && !this.#table.isRepeatable(index)) {
      refuse('header-repeated');
    }
    this.#places[2 * index] = valueStart;
    this.#places[2 * index + 1] = valueEnd;
  }

  #finishHead(region: Region, fieldsEnd: number): void {
    const line = this.#line as RequestLine;
    const framing = readFraming(line, region.bytes, this.#places, this.#connection);
    if (framing.bodyLength > this.#limits.bodyBytesMax) throw new Refusal(413, 'body-too-large');
    this.#framing = framing;
    this.#head = new RequestHead(
      line,
      framing.keepAlive,
      region.hold(),
      this.#table,
      this.#places,
      this.#fieldsStart,
      fieldsEnd,
    );
    this.#places = [];
    this.#line = null;
    this.#headers = 0;
    this.#connection = 'none';
    this.#headStart = this.#at;
  }

  #readBody(region: Region): ParsedRequest | null {
    const length = (this.#framing as Framing).bodyLength;
    if (length === 0) return this.#finish(EMPTY, null);
    if (length > 0) return this.#readCounted(region, length);
    this.#chunked ??= new ChunkedBody(this.#limits);
    this.#skipTo(this.#chunked.read(region.bytes, this.#at, this.#end));
    if (!this.#chunked.isComplete) return null;
    const body = this.#chunked.take();
    return this.#finish(body, new Region(body));
  }

  #readCounted(region: Region, length: number): ParsedRequest | null {
    const available = this.#end - this.#at;
    if (this.#body === null && available >= length) {
      const body = region.bytes.subarray(this.#at, this.#at + length);
      this.#skipTo(this.#at + length);
      return this.#finish(body, region.hold());
    }
    this.#body ??= new GrowingBytes();
    const take = Math.min(available, length - this.#body.length);
    this.#body.append(region.bytes, this.#at, this.#at + take, length);
    this.#skipTo(this.#at + take);
    if (this.#body.length < length) return null;
    const body = this.#body.take();
    return this.#finish(body, new Region(body));
  }

  /** Body bytes up to here are consumed; a head can only begin behind them. */
  #skipTo(at: number): void {
    this.#at = at;
    this.#headStart = at;
    this.#lineStart = at;
  }

  #finish(body: Buffer, region: Region | null): ParsedRequest {
    const request = new WholeRequest(this.#head as RequestHead, body, region);
    this.#head = null;
    this.#framing = null;
    this.#body = null;
    this.#chunked = null;
    return request;
  }
}
