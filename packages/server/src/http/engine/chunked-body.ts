// Takes chunked coding apart (RFC 9112 section 7.1), byte by byte, whatever pieces it arrives in.
// Extensions and trailers are checked, bounded and dropped.
import type { EngineLimits } from './limits.js';
import { Refusal, refuse } from './refusal.js';
import { GrowingBytes } from './region.js';
import { COLON, CR, HEX_VALUE, LF, LINE_BYTE, TOKEN_LOWER } from './syntax.js';

type State =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer-start'
  | 'trailer-name'
  | 'trailer-value'
  | 'trailer-lf'
  | 'end-lf';

const SIZE_DIGITS_MAX = 8;
const SEMICOLON = 0x3b;

export class ChunkedBody {
  readonly #limits: EngineLimits;
  readonly #body = new GrowingBytes();
  #state: State = 'size';
  #size = 0;
  #sizeDigits = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #isComplete = false;

  constructor(limits: EngineLimits) {
    this.#limits = limits;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  get length(): number {
    return this.#body.length;
  }

  /** The decoded body; the caller takes it over. */
  take(): Buffer {
    return this.#body.take();
  }

  wipe(): void {
    this.#body.wipe();
  }

  /**
   * Reads on in `bytes[start, end)`; returns where it stopped, before `end` only when complete.
   * @throws Refusal
   */
  read(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && !this.#isComplete) {
      if (this.#state === 'data') {
        const take = Math.min(this.#size, end - at);
        this.#body.append(bytes, at, at + take, this.#body.length + this.#size);
        this.#size -= take;
        at += take;
        if (this.#size === 0) this.#state = 'data-cr';
      } else {
        this.#step(bytes[at] as number);
        at += 1;
      }
    }
    return at;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case 'size':
        this.#readSize(byte);
        break;
      case 'extension':
        this.#readExtension(byte);
        break;
      case 'size-lf':
        this.#expect(byte, LF);
        this.#startChunk();
        break;
      case 'data-cr':
        this.#expect(byte, CR);
        this.#state = 'data-lf';
        break;
      case 'data-lf':
        this.#expect(byte, LF);
        this.#state = 'size';
        break;
      case 'end-lf':
        this.#expect(byte, LF);
        this.#isComplete = true;
        break;
      default:
        this.#readTrailer(byte);
    }
  }

  #expect(byte: number, want: number): void {
    if (byte !== want) refuse('chunk-malformed');
  }

  #readSize(byte: number): void {
    const digit = HEX_VALUE[byte] as number;
    if (digit !== 255) {
      this.#sizeDigits += 1;
      if (this.#sizeDigits > SIZE_DIGITS_MAX) refuse('chunk-malformed');
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (this.#sizeDigits === 0) refuse('chunk-malformed');
    if (byte === CR) this.#state = 'size-lf';
    else if (byte === SEMICOLON) this.#state = 'extension';
    else refuse('chunk-malformed');
  }

  #readExtension(byte: number): void {
    if (byte === CR) {
      this.#state = 'size-lf';
      return;
    }
    if (LINE_BYTE[byte] === 0) refuse('chunk-malformed');
    this.#extensionBytes += 1;
    if (this.#extensionBytes > this.#limits.chunkExtensionBytesMax) {
      refuse('chunk-extension-too-long');
    }
  }

  #startChunk(): void {
    this.#sizeDigits = 0;
    if (this.#size === 0) {
      this.#state = 'trailer-start';
      return;
    }
    if (this.#body.length + this.#size > this.#limits.bodyBytesMax) {
      throw new Refusal(413, 'body-too-large');
    }
    this.#state = 'data';
  }

  #readTrailer(byte: number): void {
    this.#trailerBytes += 1;
    if (this.#trailerBytes > this.#limits.trailerBytesMax) {
      throw new Refusal(431, 'trailers-too-large');
    }
    if (this.#state === 'trailer-start' && byte === CR) {
      this.#state = 'end-lf';
    } else if (this.#state === 'trailer-lf') {
      this.#expect(byte, LF);
      this.#state = 'trailer-start';
    } else if (this.#state === 'trailer-value') {
      if (byte === CR) this.#state = 'trailer-lf';
      else if (LINE_BYTE[byte] === 0) refuse('chunk-malformed');
    } else if (TOKEN_LOWER[byte] !== 0) {
      this.#state = 'trailer-name';
    } else if (byte === COLON && this.#state === 'trailer-name') {
      this.#state = 'trailer-value';
    } else {
      refuse('chunk-malformed');
    }
  }
}
