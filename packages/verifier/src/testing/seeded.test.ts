// Numbers that are the same in every run with one seed, for tests that compare with another program, and for the one
// that calls every path of a server. Holds no test of its own: the name keeps it out of the published package.

/** Numbers below `limit`. */
export type Below = (limit: number) => number;

export function numbersFrom(seed: number): Below {
  let state = seed;
  return (limit) => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

export function spoilBytes(bytes: Uint8Array, below: Below): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const at = below(changed.length);
  switch (below(6)) {
    case 0:
      return changed.subarray(0, at);
    case 1:
      return Uint8Array.from([...changed.subarray(0, at), ...changed.subarray(at + 1 + below(8))]);
    case 2:
      return Uint8Array.from([...changed.subarray(0, at), below(256), ...changed.subarray(at)]);
    case 3:
      return Uint8Array.from([...changed, ...new Uint8Array(1 + below(64)).fill(below(2))]);
    default:
      changed[at] = (changed[at] ?? 0) ^ (1 << below(8));
      return changed;
  }
}
