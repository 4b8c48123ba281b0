// The opaque data of a GPU's measurement report: what NVIDIA's firmware adds to SPDM, as type, length and value. Names
// are those of NVIDIA's open verifier (github.com/NVIDIA/nvtrust); a type without a name keeps its number.

import { encodeHex } from '../encoding/hex.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import type { ClaimValue } from '../types.js';

export const opaqueType = {
  driverVersion: 3,
  vbiosVersion: 6,
  nvdec0Status: 11,
  boardId: 14,
  chipSku: 15,
  chipSkuMod: 16,
  project: 17,
  projectSku: 18,
  projectSkuMod: 19,
  fwid: 20,
  protectedPcieStatus: 21,
  featureFlag: 36,
} as const;

const entriesMax = 64;
/** SPDM 1.1, MEASUREMENTS: OpaqueLength. */
const opaqueBytesMax = 1024;

export type OpaqueData = ReadonlyMap<number, Uint8Array>;

/** @throws EvidenceError 'malformed' if a type occurs twice or a value does not fit */
export function parseOpaque(bytes: Uint8Array): OpaqueData {
  if (bytes.length > opaqueBytesMax) throw malformed('too long');
  const reader = new ByteReader(bytes, 'GPU report opaque data');
  const entries = new Map<number, Uint8Array>();
  while (reader.remaining > 0) {
    const type = reader.u16le('type');
    const value = reader.bytes(reader.u16le('length'), 'value');
    if (entries.has(type)) throw malformed(`type ${type} twice`);
    if (entries.size >= entriesMax) throw malformed(`more than ${entriesMax} entries`);
    entries.set(type, value);
  }
  return entries;
}

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `GPU report opaque data: ${why}`);
}

/** ASCII with closing zeros. */
function readText(value: Uint8Array, what: string): string {
  let end = value.length;
  while (end > 0 && value[end - 1] === 0) end -= 1;
  const text = String.fromCharCode(...value.subarray(0, end));
  if (!/^[\x20-\x7e]*$/.test(text)) throw malformed(`${what} is no text`);
  return text;
}

/** 96.00.9F.00.01: four bytes from the highest to the lowest, and the one after them. */
function readVbios(value: Uint8Array): string {
  if (value.length < 5) throw malformed('VBIOS version is too short');
  return [3, 2, 1, 0, 4]
    .map((index) => encodeHex(value.subarray(index, index + 1)))
    .join('.')
    .toUpperCase();
}

/** The firmware writes 0x55 for off and 0xaa for on, so that no single bit turns one into the other. */
function readSwitch(value: Uint8Array, what: string): string {
  if (value.length === 1 && value[0] === 0x55) return 'disabled';
  if (value.length === 1 && value[0] === 0xaa) return 'enabled';
  throw malformed(`${what} is neither on nor off`);
}

const readers: ReadonlyMap<number, readonly [string, (value: Uint8Array, what: string) => string]> =
  new Map([
    [4, ['gpu_info', encodeHex]],
    [12, ['measurement_update_counts', encodeHex]],
    [13, ['cpr_info', encodeHex]],
    [opaqueType.driverVersion, ['driver_version', readText]],
    [opaqueType.vbiosVersion, ['vbios_version', readVbios]],
    [opaqueType.nvdec0Status, ['nvdec0_status', readSwitch]],
    [opaqueType.boardId, ['board_id', encodeHex]],
    [opaqueType.chipSku, ['chip_sku', readText]],
    [opaqueType.chipSkuMod, ['chip_sku_mod', readText]],
    [opaqueType.project, ['project', readText]],
    [opaqueType.projectSku, ['project_sku', readText]],
    [opaqueType.projectSkuMod, ['project_sku_mod', readText]],
    [opaqueType.fwid, ['fwid', encodeHex]],
    [opaqueType.protectedPcieStatus, ['protected_pcie_status', readSwitch]],
    [opaqueType.featureFlag, ['feature_flag', encodeHex]],
  ]);

/** @throws EvidenceError 'malformed' */
export function opaqueClaims(opaque: OpaqueData): Record<string, ClaimValue> {
  const claims: Record<string, ClaimValue> = {};
  for (const [type, value] of opaque) {
    const [name, read] = readers.get(type) ?? [`opaque_${type}`, encodeHex];
    claims[name] = read(value, name);
  }
  return claims;
}
