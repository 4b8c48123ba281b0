// Writes the little DER that the fake vendor CAs need. For tests and the simulated TEE only.

import { concatBytes } from '../encoding/bytes.js';

/** One element with this identifier byte. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(...contents);
  const length: number[] = [];
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
  const header = body.length < 0x80 ? [tag, body.length] : [tag, 0x80 | length.length, ...length];
  return concatBytes(Uint8Array.from(header), body);
}

export const derSequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
export const derSet = (...parts: readonly Uint8Array[]) => der(0x31, ...parts);
export const derOctetString = (bytes: Uint8Array) => der(0x04, bytes);
export const derNull = () => der(0x05);
export const derBoolean = (value: boolean) => der(0x01, Uint8Array.of(value ? 0xff : 0));
export const derIa5String = (text: string) => der(0x16, new TextEncoder().encode(text));
export const derUtf8String = (text: string) => der(0x0c, new TextEncoder().encode(text));

export function derBitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return der(0x03, Uint8Array.of(unusedBits), bytes);
}

/** A non-negative INTEGER. */
export function derInteger(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    bytes.unshift(Number(rest & 0xffn));
    rest >>= 8n;
  } while (rest > 0n);
  if ((bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
  return der(0x02, Uint8Array.from(bytes));
}

/** An ENUMERATED below 128. */
export const derEnumerated = (value: number) => der(0x0a, Uint8Array.of(value));

export function derOid(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const digits = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      digits.unshift((left % 128) | 0x80);
    }
    bytes.push(...digits);
  }
  return der(0x06, Uint8Array.from(bytes));
}

/** UTCTime before 2050, GeneralizedTime from then on (RFC 5280 section 4.1.2.5). */
export function derTime(time: Date): Uint8Array {
  const text = `${time.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  const short = time.getUTCFullYear() >= 1950 && time.getUTCFullYear() < 2050;
  const bytes = new TextEncoder().encode(short ? text.slice(2) : text);
  return der(short ? 0x17 : 0x18, bytes);
}

export function derExplicit(number: number, ...contents: readonly Uint8Array[]): Uint8Array {
  return der(0xa0 | number, ...contents);
}
