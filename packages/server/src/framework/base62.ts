// Random names in base62, without modulo bias. Tokens are made as bytes so that they never become strings here.
import { randomBytes } from 'node:crypto';

const ALPHABET = Buffer.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz');
/** The largest multiple of 62 below 256: bytes from here on are thrown away. */
const UNBIASED_BELOW = 248;

/** Fills all of `bytes` with characters (5.95 bits each) from the CSPRNG. */
export function fillBase62(bytes: Uint8Array): void {
  let filled = 0;
  while (filled < bytes.length) {
    const pool = randomBytes(bytes.length + 16);
    for (let i = 0; i < pool.length && filled < bytes.length; i += 1) {
      const byte = pool[i] ?? UNBIASED_BELOW;
      if (byte < UNBIASED_BELOW) {
        bytes[filled] = ALPHABET[byte % 62] ?? 0;
        filled += 1;
      }
    }
    pool.fill(0);
  }
}

/** `length` characters as fillBase62 makes them, in a new buffer that the caller owns and wipes. */
export function randomBase62Bytes(length: number): Buffer {
  const out = Buffer.alloc(length);
  fillBase62(out);
  return out;
}

/** As randomBase62Bytes, as a string: for names that are not secret (accessors, lease ids). */
export function randomBase62(length: number): string {
  return randomBase62Bytes(length).toString('latin1');
}
