// Small executables for tests: PE32+ with two sections, or what a test makes of them; and a Linux kernel's setup header
// in one, as kernels with an EFI stub have it. Nothing here runs.

export interface PeFields {
  readonly magic?: number;
  readonly sections?: readonly (readonly [number, number])[];
  readonly sectionCount?: number;
  readonly headerBytes?: number;
  readonly directories?: number;
  /** Start and size of the signatures. */
  readonly signatures?: readonly [number, number];
  readonly length?: number;
  readonly checksum?: number;
}

const peAt = 0x40;
const optionalBytes = 240;

export function makePe(fields: PeFields = {}): Uint8Array {
  const sections = fields.sections ?? [
    [0x400, 0x200],
    [0x1000, 0x300],
  ];
  const length = fields.length ?? 0x1340;
  const image = Uint8Array.from({ length }, (_, i) => (i * 13) & 0xff);
  image.fill(0, 0, 0x400);
  const view = new DataView(image.buffer);
  view.setUint16(0, 0x5a4d, true);
  view.setUint32(0x3c, peAt, true);
  view.setUint32(peAt, 0x4550, true);
  view.setUint16(peAt + 4, 0x8664, true);
  view.setUint16(peAt + 6, fields.sectionCount ?? sections.length, true);
  view.setUint16(peAt + 20, optionalBytes, true);
  const optional = peAt + 24;
  view.setUint16(optional, fields.magic ?? 0x20b, true);
  view.setUint32(optional + 32, 0x1000, true);
  view.setUint32(optional + 36, 0x200, true);
  view.setUint32(optional + 56, 0x4000, true);
  view.setUint32(optional + 60, fields.headerBytes ?? 0x400, true);
  view.setUint32(optional + 64, fields.checksum ?? 0, true);
  view.setUint16(optional + 68, 10, true);
  view.setUint32(optional + 108, fields.directories ?? 16, true);
  const [start, size] = fields.signatures ?? [0, 0];
  view.setUint32(optional + 112 + 32, start, true);
  view.setUint32(optional + 112 + 36, size, true);
  for (const [index, [at, bytes]] of sections.entries()) {
    const entry = optional + optionalBytes + 40 * index;
    view.setUint32(entry, 0x7865742e, true);
    view.setUint32(entry + 8, bytes, true);
    view.setUint32(entry + 12, 0x1000 * (index + 1), true);
    view.setUint32(entry + 16, bytes, true);
    view.setUint32(entry + 20, at, true);
    view.setUint32(entry + 36, 0x60000020, true);
  }
  return image;
}

/** A kernel with a setup header of the boot protocol `version`, loaded high, at 0x1f1 of a PE image. */
export function makeKernel(version: number, loadFlags = 0): Uint8Array {
  const image = makePe();
  const view = new DataView(image.buffer);
  view.setUint32(0x202, 0x5372_6448, true);
  view.setUint16(0x206, version, true);
  view.setUint8(0x211, 1);
  view.setUint32(0x22c, 0x7fff_ffff, true);
  view.setUint16(0x236, loadFlags, true);
  return image;
}
