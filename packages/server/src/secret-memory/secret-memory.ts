// Where keys live: pages that nobody but this process can read, or ordinary ones where the kernel lacks them. Must
// never copy a key out, and never claim a protection that is not there.
import { randomFillSync } from 'node:crypto';
import type { Libc } from './libc.js';
import { loadLibc } from './libc.js';

const SLOT_BYTES = 64;
const REGION_BYTES = 65_536;
/** A keyring of many terms, and nothing larger. */
const ALLOCATION_BYTES_MAX = 1_048_576;

/** What sys/seal-status and the start banner tell. `reason`: why not memfd_secret; '' when it is. */
export interface SecretMemoryStatus {
  readonly kind: 'memfd_secret' | 'ordinary';
  readonly reason: string;
}

interface Region {
  readonly bytes: Buffer;
  readonly used: boolean[];
}

/**
 * A key of fixed length, owned by whoever allocated it. Use `bytes` at once and do not keep the view: after `free`
 * the slot belongs to another key.
 */
export class SecretBuffer {
  readonly length: number;
  #bytes: Buffer | null;
  readonly #release: () => void;

  constructor(bytes: Buffer, release: () => void) {
    this.length = bytes.length;
    this.#bytes = bytes;
    this.#release = release;
  }

  /** A view on the key itself. @throws Error after free. */
  get bytes(): Buffer {
    if (this.#bytes === null) throw new Error('secret memory is used after it was freed');
    return this.#bytes;
  }

  get isFree(): boolean {
    return this.#bytes === null;
  }

  /** Zeroes the key; the slot stays allocated. */
  wipe(): void {
    this.bytes.fill(0);
  }

  /** Zeroes the key and gives the slot back. Again: does nothing. */
  free(): void {
    if (this.#bytes === null) return;
    this.#bytes.fill(0);
    this.#bytes = null;
    this.#release();
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }
}

/**
 * A pool of secret pages, cut into slots of 64 bytes. Pages are mapped in regions of 64 KiB as they are needed, and
 * stay with the process. They are locked, and so count against RLIMIT_MEMLOCK.
 */
export class SecretMemory {
  readonly #regions: Region[] = [];
  #libc: Libc | null = null;
  #status: SecretMemoryStatus;

  /** @param load gives the C library; tests hand in one that fails. */
  constructor(load: () => Libc = loadLibc) {
    try {
      this.#libc = load();
      this.#status = { kind: 'memfd_secret', reason: '' };
      this.#regions.push(this.#mapRegion(REGION_BYTES));
    } catch (error) {
      this.#status = ordinary(error);
      this.#libc = null;
      this.#regions.push(this.#mapRegion(REGION_BYTES));
    }
  }

  /** 'ordinary' as soon as one region is. */
  get status(): SecretMemoryStatus {
    return this.#status;
  }

  /** Zeroed. @param length 1 to 1,048,576 bytes. @throws RangeError */
  allocate(length: number): SecretBuffer {
    if (!Number.isInteger(length) || length < 1 || length > ALLOCATION_BYTES_MAX) {
      throw new RangeError(`secret memory: length is not within 1 and ${ALLOCATION_BYTES_MAX}`);
    }
    const slots = Math.ceil(length / SLOT_BYTES);
    for (const region of this.#regions) {
      const first = findRun(region.used, slots);
      if (first !== -1) return take(region, first, slots, length);
    }
    const region = this.#addRegion(length);
    return take(region, 0, slots, length);
  }

  /** A random key, made in place. */
  generate(length: number): SecretBuffer {
    const secret = this.allocate(length);
    randomFillSync(secret.bytes);
    return secret;
  }

  /** Copies `source` in. The caller still owns the source, and wipes it. */
  copyFrom(source: Uint8Array): SecretBuffer {
    const secret = this.allocate(source.length);
    secret.bytes.set(source);
    return secret;
  }

  #addRegion(length: number): Region {
    const bytes = Math.ceil(length / REGION_BYTES) * REGION_BYTES;
    let region: Region;
    try {
      region = this.#mapRegion(bytes);
    } catch (error) {
      // RLIMIT_MEMLOCK is spent. A server that stops here would lose requests; the status tells.
      this.#status = ordinary(error);
      this.#libc = null;
      region = this.#mapRegion(bytes);
    }
    this.#regions.push(region);
    return region;
  }

  #mapRegion(length: number): Region {
    const bytes =
      this.#libc === null
        ? Buffer.from(new ArrayBuffer(length))
        : Buffer.from(this.#libc.mapSecretPages(length));
    return { bytes, used: new Array<boolean>(length / SLOT_BYTES).fill(false) };
  }
}

function ordinary(error: unknown): SecretMemoryStatus {
  return { kind: 'ordinary', reason: error instanceof Error ? error.message : 'unknown' };
}

/** First of `length` free slots in a row, or -1. */
function findRun(used: readonly boolean[], length: number): number {
  let run = 0;
  for (let index = 0; index < used.length; index += 1) {
    run = used[index] === true ? 0 : run + 1;
    if (run === length) return index - length + 1;
  }
  return -1;
}

function take(region: Region, first: number, slots: number, length: number): SecretBuffer {
  region.used.fill(true, first, first + slots);
  const start = first * SLOT_BYTES;
  return new SecretBuffer(region.bytes.subarray(start, start + length), () => {
    region.used.fill(false, first, first + slots);
  });
}
