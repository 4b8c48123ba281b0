// Which bytes of an event its digest vouches for. The type, the label and everything else that is not
// among them is the word of whoever handed the log over.

import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import { type Bank, eventType, type LogEvent } from './event-log.js';

/** 'text' is what follows an uncovered label; 'value' is the value of an EFI variable without its name. */
export interface Covered {
  readonly part: 'data' | 'text' | 'value' | 'named';
  readonly bytes: Uint8Array;
}

/** Types whose digest is the hash of their data (PC Client Platform Firmware Profile 1.06, 10.4). */
const hashOfData: ReadonlySet<number> = new Set([
  eventType.separator,
  eventType.action,
  eventType.eventTag,
  eventType.crtmVersion,
  eventType.ipl,
  eventType.nonHostInfo,
  0x12, // EV_OMIT_BOOT_DEVICE_EVENTS
  eventType.variableDriverConfig,
  eventType.variableBoot,
  eventType.variableBoot2,
  0x80000006, // EV_EFI_GPT_EVENT
  0x8000000d, // EV_EFI_GPT_EVENT2
  eventType.efiAction,
  0x80000010, // EV_EFI_HCRTM_EVENT
  eventType.variableAuthority,
  0x800000e2, // EV_EFI_SPDM_FIRMWARE_CONFIG
]);

/**
 * What boot loaders write before the text that they measure (GRUB: commands/tpm.c and its callers;
 * the forms without a colon are of distributions that patched measuring in earlier).
 */
const labels = [
  'grub_cmd: ',
  'kernel_cmdline: ',
  'module_cmdline: ',
  'grub_cmd ',
  'grub_kernel_cmdline ',
].map((label) => new TextEncoder().encode(label));

export interface EfiVariable {
  /** 16 bytes as they are stored. */
  readonly vendor: Uint8Array;
  readonly name: string;
  readonly value: Uint8Array;
}

const nameCharactersMax = 1_024;

/** UEFI_VARIABLE_DATA, or null if the bytes are not exactly that. */
export function findEfiVariable(data: Uint8Array): EfiVariable | null {
  try {
    const reader = new ByteReader(data, 'EFI variable');
    const vendor = reader.bytes(16, 'vendor');
    const nameLength = reader.u64le('name length');
    const valueLength = reader.u64le('data length');
    if (nameLength > nameCharactersMax) return null;
    let name = '';
    for (let i = 0n; i < nameLength; i += 1n) name += String.fromCharCode(reader.u16le('name'));
    const value = reader.bytes(Number(valueLength), 'data');
    return reader.remaining === 0 ? { vendor, name, value } : null;
  } catch (error) {
    if (error instanceof EvidenceError) return null;
    throw error;
  }
}

/** UEFI_VARIABLE_DATA of a variable whose name is ASCII. */
export function encodeEfiVariable({ vendor, name, value }: EfiVariable): Uint8Array {
  const head = new Uint8Array(32 + 2 * name.length);
  const view = new DataView(head.buffer);
  head.set(vendor);
  view.setBigUint64(16, BigInt(name.length), true);
  view.setBigUint64(24, BigInt(value.length), true);
  for (let i = 0; i < name.length; i += 1) view.setUint16(32 + 2 * i, name.charCodeAt(i), true);
  return concatBytes(head, value);
}

function upToZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** Everything the digest may be the hash of, in the order in which it is looked for. */
function candidates(event: LogEvent): { readonly covered: Covered; readonly hashed: Uint8Array }[] {
  const { type, data, name } = event;
  if (type === eventType.dstackRuntime) {
    // A colon in the name would let a name and a payload trade places.
    if (name === null || name.includes(':')) return [];
    const prefix = Uint8Array.of(type & 0xff, (type >> 8) & 0xff, (type >> 16) & 0xff, type >>> 24);
    const text = new TextEncoder().encode(`:${name}:`);
    const hashed = concatBytes(prefix, text, data);
    return [{ covered: { part: 'named', bytes: data }, hashed }];
  }
  if (!hashOfData.has(type)) return [];
  const found: Covered[] = [{ part: 'data', bytes: data }];
  if (type === eventType.ipl) {
    const text = upToZero(data);
    found.push({ part: 'text', bytes: text });
    for (const label of labels) {
      if (data.length < label.length) continue;
      if (!equalBytes(data.subarray(0, label.length), label)) continue;
      found.push({ part: 'text', bytes: upToZero(data.subarray(label.length)) });
    }
  }
  // Before 1.05 of the profile, some firmware measured the value alone.
  if (type === eventType.variableBoot || type === eventType.variableAuthority) {
    const variable = findEfiVariable(data);
    if (variable !== null) found.push({ part: 'value', bytes: variable.value });
  }
  return found.map((covered) => ({ covered, hashed: covered.bytes }));
}

/** The part of the event's data that its digest in this bank is the hash of, or null. */
export async function findCovered(
  event: LogEvent,
  bank: Bank,
  provider: CryptoProvider,
): Promise<Covered | null> {
  const digest = event.digests.get(bank);
  if (digest === undefined) return null;
  for (const { covered, hashed } of candidates(event)) {
    if (equalBytes(await provider.digest(bank, hashed), digest)) return covered;
  }
  return null;
}

/** The text in covered bytes, ASCII or UTF-16 with an optional closing zero; null if it is neither. */
export function findText(bytes: Uint8Array): string | null {
  const wide =
    bytes.length % 2 === 0 && bytes.every((byte, index) => index % 2 === 0 || byte === 0);
  const narrow = wide ? bytes.filter((_, index) => index % 2 === 0) : bytes;
  const end = narrow[narrow.length - 1] === 0 ? narrow.length - 1 : narrow.length;
  const text = narrow.subarray(0, end);
  const printable = (byte: number) => (byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10;
  if (text.length === 0 || !text.every(printable)) return null;
  let result = '';
  for (const byte of text) result += String.fromCharCode(byte);
  return result;
}
