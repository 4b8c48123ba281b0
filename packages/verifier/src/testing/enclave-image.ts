// Enclave image files for tests, right or wrong in one field. Signs nothing.
import { concatBytes } from '../encoding/bytes.js';
import { crc32 } from '../measure/crc32.js';

export const eifKinds = { kernel: 1, cmdline: 2, ramdisk: 3, signature: 4, metadata: 5 } as const;

export interface EifFields {
  /** Type and contents. */
  readonly sections: readonly (readonly [number, Uint8Array])[];
  readonly magic?: string;
  readonly version?: number;
  readonly flags?: number;
  readonly reserved?: number;
  readonly unused?: number;
  /** Instead of the number of sections. */
  readonly count?: number;
  /** Instead of the first section's true offset, size and flags. */
  readonly firstOffset?: number;
  readonly firstSize?: number;
  readonly sectionFlags?: number;
}

export function makeEif(fields: EifFields): Uint8Array {
  const { sections } = fields;
  const header = new Uint8Array(548);
  const view = new DataView(header.buffer);
  header.set(new TextEncoder().encode(fields.magic ?? '.eif'));
  view.setUint16(4, fields.version ?? 4);
  view.setUint16(6, fields.flags ?? 0);
  view.setBigUint64(8, 0x4000_0000n);
  view.setBigUint64(16, 2n);
  view.setUint16(24, fields.reserved ?? 0);
  view.setUint16(26, fields.count ?? sections.length);
  view.setUint32(540, fields.unused ?? 0);
  let at = header.length;
  const parts = sections.map(([kind, data], index) => {
    const first: Partial<EifFields> = index === 0 ? fields : {};
    view.setBigUint64(28 + 8 * index, BigInt(first.firstOffset ?? at));
    view.setBigUint64(284 + 8 * index, BigInt(first.firstSize ?? data.length));
    const head = new DataView(new ArrayBuffer(12));
    head.setUint16(0, kind);
    head.setUint16(2, first.sectionFlags ?? 0);
    head.setBigUint64(4, BigInt(data.length));
    at += 12 + data.length;
    return concatBytes(new Uint8Array(head.buffer), data);
  });
  view.setUint32(544, crc32(header.subarray(0, 544), ...parts));
  return concatBytes(header, ...parts);
}
