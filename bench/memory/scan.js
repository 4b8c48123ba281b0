// Reads all of another process's readable memory and counts what it finds of given values, in the encodings a value is
// likely to be in. Linux, as root.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const PIECE_BYTES = 1 << 22;
const PAGE_BYTES = 4096;
/** What is searched for: long enough never to be found by chance, short enough to find fragments. */
const PROBE_BYTES = 12;
const FILTER_BITS = 24;

/** The value as it may lie in memory: name of the encoding, and the bytes. Base64 comes at all three alignments. */
function encodingsOf(value) {
  const inBase64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), value]).toString('base64');
    // Only whole groups that hold nothing but the value.
    return text.slice(shift === 0 ? 0 : 4, Math.floor((shift + value.length) / 3) * 4);
  });
  return [
    ['raw', value],
    ['utf16', Buffer.from(value.toString('latin1'), 'utf16le')],
    ['hex', Buffer.from(value.toString('hex'))],
    ['HEX', Buffer.from(value.toString('hex').toUpperCase())],
    ...inBase64.map((text) => ['base64', Buffer.from(text)]),
    ...inBase64.map((text) => [
      'base64url',
      Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_')),
    ]),
  ];
}

/** Values that are looked for. A value is found when its beginning, its middle or its end is. */
export class Needles {
  #filter = new Uint8Array(1 << (FILTER_BITS - 3));
  #probes = new Map();

  /** `value` has at least 24 bytes; `name` is what it is counted under. */
  add(name, value) {
    for (const [encoding, bytes] of encodingsOf(value)) {
      const last = bytes.length - PROBE_BYTES;
      for (const at of new Set([0, Math.floor(last / 2), last])) {
        const probe = bytes.subarray(at, at + PROBE_BYTES);
        const key = probe.toString('latin1');
        if (this.#probes.has(key)) continue;
        this.#probes.set(key, { name, encoding, part: at === 0 ? 'start' : 'rest' });
        this.#mark(probe.readUInt32BE(PROBE_BYTES - 4));
      }
    }
  }

  #mark(word) {
    const slot = slotOf(word);
    this.#filter[slot >>> 3] |= 1 << (slot & 7);
  }

  /** Calls `found(hit, end)` for each probe in `bytes`, `end` being the offset behind it. */
  search(bytes, length, found) {
    const filter = this.#filter;
    let word = 0;
    for (let at = 0; at < length; at += 1) {
      word = (word << 8) | bytes[at];
      const slot = slotOf(word);
      if ((filter[slot >>> 3] & (1 << (slot & 7))) === 0 || at < PROBE_BYTES - 1) continue;
      const hit = this.#probes.get(bytes.latin1Slice(at + 1 - PROBE_BYTES, at + 1));
      if (hit !== undefined) found(hit, at + 1);
    }
  }
}

function slotOf(word) {
  return Math.imul(word, 0x9e3779b1) >>> (32 - FILTER_BITS);
}

function readableRanges(pid) {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s*(.*)$/.exec(line))
    .filter((found) => found !== null && !/^\[(vvar|vsyscall)/.test(found[3]))
    .map(([, start, end, label]) => ({
      start: BigInt(`0x${start}`),
      bytes: Number(BigInt(`0x${end}`) - BigInt(`0x${start}`)),
      label: label || 'anonymous',
    }));
}

/** Bytes read into `buffer`; 0 where the kernel refuses. */
function readAt(memory, buffer, offset, length, position) {
  try {
    return readSync(memory, buffer, offset, length, position);
  } catch {
    return 0;
  }
}

/**
 * Reads everything readable and searches it. Gives `bytes` read, `refused` bytes, and one hit per place:
 * `{name, encoding, part, label, context}`, context being the bytes around it.
 */
export function scanProcess(pid, needles) {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(PIECE_BYTES);
  const outcome = { bytes: 0, refused: 0, hits: [] };
  try {
    for (const range of readableRanges(pid)) scanRange(memory, buffer, range, needles, outcome);
  } finally {
    closeSync(memory);
  }
  return outcome;
}

function scanRange(memory, buffer, range, needles, outcome) {
  let at = 0;
  let carried = 0;
  while (at < range.bytes) {
    const position = range.start + BigInt(at);
    const wanted = Math.min(PIECE_BYTES - carried, range.bytes - at);
    let got = readAt(memory, buffer, carried, wanted, position);
    if (got === 0) got = readAt(memory, buffer, carried, Math.min(PAGE_BYTES, wanted), position);
    if (got === 0) {
      outcome.refused += Math.min(PAGE_BYTES, wanted);
      at += PAGE_BYTES;
      carried = 0;
      continue;
    }
    outcome.bytes += got;
    const length = carried + got;
    needles.search(buffer, length, (hit, end) => {
      // Seen already, in the piece before.
      if (end <= carried) return;
      const context = buffer.latin1Slice(Math.max(0, end - 140), Math.min(length, end + 80));
      outcome.hits.push({ ...hit, label: range.label, context });
    });
    carried = Math.min(PROBE_BYTES - 1, length);
    buffer.copy(buffer, 0, length - carried, length);
    at += got;
  }
}
