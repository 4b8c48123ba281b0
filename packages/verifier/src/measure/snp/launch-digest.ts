// The launch digest of a SEV-SNP guest, page by page, as the firmware computes it (SEV-SNP ABI 1.58,
// section 8.17.2, PAGE_INFO). Knows no firmware image.

import { concatBytes } from '../../encoding/bytes.js';
import type { CryptoProvider } from '../../provider.js';
import { pageBytes } from '../ovmf.js';

const digestBytes = 48;
const zeroDigest = new Uint8Array(digestBytes);
const pageInfoBytes = 0x70;
/** A processor's state has no address: all ones, of which the firmware measures bits 12 to 47. */
const vmsaAddress = 0xffff_ffff_f000n;

const pageTypes = { normal: 1, vmsa: 2, zero: 3, unmeasured: 4, secrets: 5, cpuid: 6 } as const;
type UndescribedPage = 'zero' | 'unmeasured' | 'secrets' | 'cpuid';

/** Starts at zero, or at the digest that somebody computed up to some page. */
export class LaunchDigest {
  readonly #provider: CryptoProvider;
  #digest: Uint8Array;

  constructor(provider: CryptoProvider, start: Uint8Array | null) {
    this.#provider = provider;
    this.#digest = start ?? zeroDigest;
  }

  get value(): Uint8Array {
    return this.#digest;
  }

  /** Pages with these contents, from `address` on. `data` is made of whole pages. */
  async addPages(address: number, data: Uint8Array): Promise<void> {
    for (let offset = 0; offset < data.length; offset += pageBytes) {
      const page = data.subarray(offset, offset + pageBytes);
      const contents = await this.#provider.digest('sha384', page);
      await this.#extend('normal', BigInt(address + offset), contents);
    }
  }

  async addProcessorState(page: Uint8Array): Promise<void> {
    await this.#extend('vmsa', vmsaAddress, await this.#provider.digest('sha384', page));
  }

  /** Pages whose contents are not measured, only that they are there. */
  async addUndescribed(type: UndescribedPage, address: number, bytes: number): Promise<void> {
    for (let offset = 0; offset < bytes; offset += pageBytes) {
      await this.#extend(type, BigInt(address + offset), zeroDigest);
    }
  }

  async #extend(type: keyof typeof pageTypes, address: bigint, contents: Uint8Array) {
    const tail = new Uint8Array(pageInfoBytes - 2 * digestBytes);
    const view = new DataView(tail.buffer);
    view.setUint16(0, pageInfoBytes, true);
    // No migration image, and no permissions for VMPL 1 to 3: bytes 3 to 7 stay zero.
    view.setUint8(2, pageTypes[type]);
    view.setBigUint64(8, address, true);
    const pageInfo = concatBytes(this.#digest, contents, tail);
    this.#digest = await this.#provider.digest('sha384', pageInfo);
  }
}
