// Remembers signatures that were found good, so that certificates and collateral which come with every piece of
// evidence are checked once. Whether a signature is good depends on algorithm, key, signature and data alone, and all
// four are in what is remembered: dates, revocation and trust are judged anew each time by those who ask.

import { concatBytes } from './encoding/bytes.js';
import { encodeHex } from './encoding/hex.js';
import type { CryptoProvider, SignatureAlgorithm } from './provider.js';

function lengthPrefixed(part: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, part.length);
  return concatBytes(length, part);
}

/**
 * `provider` with a memory of at most `entriesMax` good signatures, the longest unused forgotten first. Bad ones are
 * never remembered, errors neither.
 */
export function rememberingProvider(provider: CryptoProvider, entriesMax: number): CryptoProvider {
  const good = new Set<string>();

  async function nameOf(
    algorithm: SignatureAlgorithm,
    parts: readonly Uint8Array[],
  ): Promise<string> {
    const all = [new TextEncoder().encode(algorithm), ...parts];
    const digest = await provider.digest('sha256', concatBytes(...all.map(lengthPrefixed)));
    return encodeHex(digest);
  }

  return {
    digest: (algorithm, data) => provider.digest(algorithm, data),
    async verify(algorithm, spki, signature, data) {
      const name = await nameOf(algorithm, [spki, signature, data]);
      const isKnown = good.delete(name);
      if (!isKnown && !(await provider.verify(algorithm, spki, signature, data))) return false;
      good.add(name);
      const oldest = good.values().next().value;
      if (good.size > entriesMax && oldest !== undefined) good.delete(oldest);
      return true;
    },
  };
}
