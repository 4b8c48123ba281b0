// HMAC (FIPS 198-1), the key derivation functions KDFa and KDFe (TPM 2.0 Library part 1, 11.4.10) and AES-CFB as
// TPMs use them, made of a hash and of single AES blocks. Knows no structure of a TPM.

import { concatBytes } from '../encoding/bytes.js';
import type { EncryptionProvider } from '../encryption-provider.js';
import type { CryptoProvider } from '../provider.js';

export type DerivationHash = 'sha256' | 'sha384' | 'sha512';

export const digestBytes = { sha256: 32, sha384: 48, sha512: 64 } as const;
const blockBytes = { sha256: 64, sha384: 128, sha512: 128 } as const;
const aesBlockBytes = 16;

function u32be(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** A label, and the zero that ends it wherever a TPM hashes or encrypts with it. */
export function tpmLabel(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

export async function hmac(
  hash: DerivationHash,
  key: Uint8Array,
  data: Uint8Array,
  provider: CryptoProvider,
): Promise<Uint8Array> {
  const block = new Uint8Array(blockBytes[hash]);
  block.set(key.length > block.length ? await provider.digest(hash, key) : key);
  const inner = concatBytes(
    block.map((byte) => byte ^ 0x36),
    data,
  );
  const outer = block.map((byte) => byte ^ 0x5c);
  return provider.digest(hash, concatBytes(outer, await provider.digest(hash, inner)));
}

/** Rounds of at most one digest each, numbered from 1, until there are enough bytes. */
async function derive(
  hash: DerivationHash,
  length: number,
  round: (counter: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const rounds: Uint8Array[] = [];
  for (let counter = 1; (counter - 1) * digestBytes[hash] < length; counter += 1) {
    rounds.push(await round(u32be(counter)));
  }
  return concatBytes(...rounds).subarray(0, length);
}

/** KDFa: SP 800-108 in counter mode over HMAC. `length` in bytes. */
export async function kdfA(
  input: {
    readonly hash: DerivationHash;
    readonly key: Uint8Array;
    readonly label: string;
    readonly context: Uint8Array;
    readonly length: number;
  },
  provider: CryptoProvider,
): Promise<Uint8Array> {
  const { hash, key, context, length } = input;
  const fixed = concatBytes(tpmLabel(input.label), context, u32be(length * 8));
  return derive(hash, length, (counter) => hmac(hash, key, concatBytes(counter, fixed), provider));
}

/**
 * KDFe: SP 800-56A, single step, over a hash; as long as one digest. `shared` and both parties' x-coordinates are as
 * long as the curve's field.
 */
export async function kdfE(
  input: {
    readonly hash: DerivationHash;
    readonly shared: Uint8Array;
    readonly label: string;
    readonly partyU: Uint8Array;
    readonly partyV: Uint8Array;
  },
  provider: CryptoProvider,
): Promise<Uint8Array> {
  const { hash, shared, partyU, partyV } = input;
  const fixed = concatBytes(shared, tpmLabel(input.label), partyU, partyV);
  return derive(hash, digestBytes[hash], (counter) =>
    provider.digest(hash, concatBytes(counter, fixed)),
  );
}

/** AES in CFB with full blocks (SP 800-38A, 6.3) and a zero IV: for a key that encrypts once. */
export async function encryptCfb(
  key: Uint8Array,
  data: Uint8Array,
  encryption: EncryptionProvider,
): Promise<Uint8Array> {
  const encrypted = new Uint8Array(data.length);
  let previous = new Uint8Array(aesBlockBytes);
  for (let at = 0; at < data.length; at += aesBlockBytes) {
    const stream = await encryption.encryptBlock(key, previous);
    const block = data.subarray(at, at + aesBlockBytes);
    encrypted.set(
      block.map((byte, index) => byte ^ (stream[index] ?? 0)),
      at,
    );
    previous = encrypted.slice(at, at + aesBlockBytes);
  }
  return encrypted;
}
