// MRTD: SHA-384 over what a VMM does to build a TD (Intel TDX module ABI, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND): one
// record for each page that is added, one with contents for each 256 bytes that are measured.

import type { CryptoProvider } from '../../provider.js';
import { pageBytes } from '../ovmf.js';
import type { TdvfSection } from './tdvf.js';

const recordBytes = 128;
const chunkBytes = 256;
const chunksPerPage = pageBytes / chunkBytes;

/**
 * 'one-pass': each page is added, then measured, before the next (Linux 6.16 and what QEMU does with it).
 * 'two-pass': all pages of a section are added, then all are measured (earlier out-of-tree kernels).
 */
export const tdxPageOrders = ['one-pass', 'two-pass'] as const;
export type TdxPageOrder = (typeof tdxPageOrders)[number];

const addName = new TextEncoder().encode('MEM.PAGE.ADD');
const extendName = new TextEncoder().encode('MR.EXTEND');

class Records {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  addPage(section: TdvfSection, page: number): void {
    this.#record(addName, section.address + page * pageBytes);
  }

  extendPage(section: TdvfSection, page: number): void {
    for (let chunk = 0; chunk < chunksPerPage; chunk += 1) {
      const offset = page * pageBytes + chunk * chunkBytes;
      this.#record(extendName, section.address + offset);
      this.#bytes.set(section.data.subarray(offset, offset + chunkBytes), this.#at);
      this.#at += chunkBytes;
    }
  }

  #record(name: Uint8Array, address: number): void {
    this.#bytes.set(name, this.#at);
    this.#view.setBigUint64(this.#at + 16, BigInt(address), true);
    this.#at += recordBytes;
  }
}

function recordLength({ bytes, isExtended }: TdvfSection): number {
  const perPage = recordBytes + (isExtended ? chunksPerPage * (recordBytes + chunkBytes) : 0);
  return (bytes / pageBytes) * perPage;
}

/** 48 bytes. `sections` as parseTdvfSections() gives them. */
export async function computeMrtd(
  sections: readonly TdvfSection[],
  order: TdxPageOrder,
  provider: CryptoProvider,
): Promise<Uint8Array> {
  const measured = sections.filter(({ isAugmented }) => !isAugmented);
  const records = new Records(measured.reduce((sum, each) => sum + recordLength(each), 0));
  for (const section of measured) {
    const pages = section.bytes / pageBytes;
    const extendNow = section.isExtended && order === 'one-pass';
    for (let page = 0; page < pages; page += 1) {
      records.addPage(section, page);
      if (extendNow) records.extendPage(section, page);
    }
    if (!section.isExtended || extendNow) continue;
    for (let page = 0; page < pages; page += 1) records.extendPage(section, page);
  }
  return provider.digest('sha384', records.bytes);
}
