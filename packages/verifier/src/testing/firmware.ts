// Firmware images for tests: a page or more of filler that ends like OVMF, with the tables a test asks for. No code.
import { concatBytes } from '../encoding/bytes.js';
import { guidBytes } from '../measure/guid.js';

const bytesAfterTable = 32;

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff);
}

export function u32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(4 * index, value, true);
  return bytes;
}

export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** Address, size, type: as the image states them. */
export type SevSection = readonly [number, number, number];

export function sevMetadata(sections: readonly SevSection[], version = 1): Uint8Array {
  return concatBytes(
    new TextEncoder().encode('ASEV'),
    u32(16 + 12 * sections.length, version, sections.length),
    ...sections.map((section) => u32(...section)),
  );
}

export interface TdvfSectionFields {
  readonly dataOffset: number;
  readonly rawBytes: number;
  readonly address: number;
  readonly memoryBytes: number;
  readonly type: number;
  readonly attributes: number;
}

export function tdvfMetadata(sections: readonly TdvfSectionFields[], version = 1): Uint8Array {
  return concatBytes(
    new TextEncoder().encode('TDVF'),
    u32(16 + 32 * sections.length, version, sections.length),
    ...sections.map((s) =>
      concatBytes(
        u32(s.dataOffset, s.rawBytes),
        u64(s.address),
        u64(s.memoryBytes),
        u32(s.type, s.attributes),
      ),
    ),
  );
}

export interface FirmwareParts {
  readonly pages?: number;
  readonly sev?: Uint8Array;
  readonly tdvf?: Uint8Array;
  /** Address at which further processors start. */
  readonly reset?: number;
  /** Address and size of the table of kernel hashes. */
  readonly hashTable?: readonly [number, number];
  /** More entries: GUID and data. */
  readonly entries?: readonly (readonly [string, Uint8Array])[];
  /** What follows an entry's data instead of its true size, by GUID. */
  readonly sizes?: Readonly<Record<string, number>>;
}

export const firmwareGuids = {
  footer: '96b582de-1fb2-45f7-baea-a366c55a082d',
  sev: 'dc886566-984a-4798-a75e-5585a7bf67cc',
  tdvf: 'e47a6535-984a-4798-865e-4685a7bf8ec2',
  reset: '00f771de-1a7e-4fcb-890e-68c77e2fb44e',
  hashTable: '7255371f-3a3b-4b04-927b-1da6efa8d454',
} as const;

/**
 * An image that ends like OVMF. Metadata lie one after the other from offset 64 of the last page; the
 * rest is filler that differs from page to page.
 */
export function makeFirmware(parts: FirmwareParts): Uint8Array {
  const bytes = 4096 * (parts.pages ?? 1);
  const image = Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + (i >> 12) * 7) & 0xff);
  let at = bytes - 4096 + 64;
  const entries: (readonly [string, Uint8Array])[] = [];
  const place = (guid: string, data: Uint8Array | undefined): void => {
    if (data === undefined) return;
    image.set(data, at);
    entries.push([guid, u32(bytes - at)]);
    at += data.length;
  };
  place(firmwareGuids.sev, parts.sev);
  place(firmwareGuids.tdvf, parts.tdvf);
  if (parts.reset !== undefined) entries.push([firmwareGuids.reset, u32(parts.reset)]);
  if (parts.hashTable !== undefined) {
    entries.push([firmwareGuids.hashTable, u32(...parts.hashTable)]);
  }
  const sizeOf = (guid: string, real: number): Uint8Array => u16(parts.sizes?.[guid] ?? real);
  const list = [...entries, ...(parts.entries ?? [])].map(([guid, data]) =>
    concatBytes(data, sizeOf(guid, data.length + 18), guidBytes(guid)),
  );
  const all = concatBytes(...list);
  const { footer } = firmwareGuids;
  const table = concatBytes(all, sizeOf(footer, all.length + 18), guidBytes(footer));
  image.set(table, bytes - bytesAfterTable - table.length);
  return image;
}

/** The pages that edk2's AmdSev build (with kernel hashes) asks for. */
export const amdSevSections: readonly SevSection[] = [
  [0x800000, 0x9000, 1],
  [0x80a000, 0x3000, 1],
  [0x80d000, 0x1000, 2],
  [0x80e000, 0x1000, 3],
  [0x80f000, 0x1000, 4],
  [0x810000, 0x1000, 0x10],
  [0x811000, 0xf000, 1],
];

/** An image with the metadata of edk2's AmdSev build, but not its code. */
export function amdSevFirmware(): Uint8Array {
  return makeFirmware({
    sev: sevMetadata(amdSevSections),
    reset: 0x80b004,
    hashTable: [0x810c00, 0x400],
  });
}
