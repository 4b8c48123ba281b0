// Writes measured-boot logs, good and bad, as firmware, dstack and IMA write them. For tests and the
// simulated TEE only: digests are whatever the caller wants them to be.

import { createHash } from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { type Bank, bankBytes } from '../eventlog/event-log.js';

export interface WrittenEvent {
  /** As the log has it: PCR, or in a CCEL the RTMR plus one. */
  readonly index: number;
  readonly type: number;
  readonly data: Uint8Array;
  /** What is measured, if it is not the data. */
  readonly measured?: Uint8Array;
  /** Replaces the digests. */
  readonly digests?: readonly (readonly [algorithm: number, digest: Uint8Array])[];
}

const algorithms: Readonly<Record<Bank, number>> = {
  sha1: 0x4,
  sha256: 0xb,
  sha384: 0xc,
  sha512: 0xd,
};

export function hash(bank: Bank, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(bank).update(data).digest());
}

export function u16le(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >>> 8);
}

export function u32le(value: number): Uint8Array {
  return concatBytes(u16le(value & 0xffff), u16le(value >>> 16));
}

const ascii = (text: string) => new TextEncoder().encode(text);

/** TCG_PCR_EVENT of 20 bytes of digest. */
export function sha1Event({ index, type, data, measured, digests }: WrittenEvent): Uint8Array {
  const digest = digests?.[0]?.[1] ?? hash('sha1', measured ?? data);
  return concatBytes(u32le(index), u32le(type), digest, u32le(data.length), data);
}

/** TCG_PCR_EVENT2. EV_NO_ACTION has digests of zeros. */
export function agileEvent(event: WrittenEvent, banks: readonly Bank[]): Uint8Array {
  const { index, type, data, measured = data } = event;
  const digests =
    event.digests ??
    banks.map((bank) => {
      const digest = type === 3 ? new Uint8Array(bankBytes[bank]) : hash(bank, measured);
      return [algorithms[bank], digest] as const;
    });
  return concatBytes(
    u32le(index),
    u32le(type),
    u32le(digests.length),
    ...digests.flatMap(([algorithm, digest]) => [u16le(algorithm), digest]),
    u32le(data.length),
    data,
  );
}

/** The first event of a crypto agile log. */
export function agileHeader(
  banks: readonly Bank[],
  extra: readonly (readonly [algorithm: number, length: number])[] = [],
): Uint8Array {
  const all = [...banks.map((bank) => [algorithms[bank], bankBytes[bank]] as const), ...extra];
  const data = concatBytes(
    ascii('Spec ID Event03\0'),
    new Uint8Array(4),
    Uint8Array.of(0, 2, 0, 2),
    u32le(all.length),
    ...all.flatMap(([algorithm, length]) => [u16le(algorithm), u16le(length)]),
    Uint8Array.of(0),
  );
  const zeros = [[0x4, new Uint8Array(20)]] as const;
  return sha1Event({ index: 0, type: 3, data, digests: zeros });
}

export function writeAgileLog(events: readonly WrittenEvent[], banks: readonly Bank[]): Uint8Array {
  return concatBytes(agileHeader(banks), ...events.map((event) => agileEvent(event, banks)));
}

/** What the registers hold after these events, keyed by the index in the log. */
export function extendAll(events: readonly WrittenEvent[], bank: Bank): Map<number, Uint8Array> {
  const registers = new Map<number, Uint8Array>();
  for (const { index, type, data, measured = data } of events) {
    if (type === 3) continue;
    const before = registers.get(index) ?? new Uint8Array(bankBytes[bank]);
    registers.set(index, hash(bank, concatBytes(before, hash(bank, measured))));
  }
  return registers;
}

/** UEFI_VARIABLE_DATA. `vendor` is the GUID as it is stored. */
export function variableData(vendor: string, name: string, value: Uint8Array): Uint8Array {
  const wide = Uint8Array.from(Buffer.from(name, 'utf16le'));
  const lengths = concatBytes(u32le(name.length), u32le(0), u32le(value.length), u32le(0));
  return concatBytes(Uint8Array.from(Buffer.from(vendor, 'hex')), lengths, wide, value);
}

export interface WrittenImaEntry {
  readonly template: 'ima-ng' | 'ima-sig';
  readonly fileDigest: Uint8Array;
  readonly path: string;
  readonly signature?: Uint8Array;
  readonly violation?: boolean;
}

function imaFields(entry: WrittenImaEntry): Uint8Array[] {
  const fields = [concatBytes(ascii('sha256:\0'), entry.fileDigest), ascii(`${entry.path}\0`)];
  return entry.template === 'ima-ng' ? fields : [...fields, entry.signature ?? new Uint8Array()];
}

export function imaTemplateData(entry: WrittenImaEntry): Uint8Array {
  return concatBytes(...imaFields(entry).flatMap((field) => [u32le(field.length), field]));
}

/** binary_runtime_measurements. */
export function writeImaBinary(entries: readonly WrittenImaEntry[], pcr = 10): Uint8Array {
  return concatBytes(
    ...entries.flatMap((entry) => {
      const data = imaTemplateData(entry);
      const digest = entry.violation === true ? new Uint8Array(20) : hash('sha1', data);
      const name = ascii(entry.template);
      return [u32le(pcr), digest, u32le(name.length), name, u32le(data.length), data];
    }),
  );
}

/** ascii_runtime_measurements. */
export function writeImaText(entries: readonly WrittenImaEntry[], pcr = 10): string {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  return entries
    .map((entry) => {
      const digest =
        entry.violation === true ? new Uint8Array(20) : hash('sha1', imaTemplateData(entry));
      const signature =
        entry.template === 'ima-sig' ? ` ${hex(entry.signature ?? new Uint8Array())}` : '';
      return `${pcr} ${hex(digest)} ${entry.template} sha256:${hex(entry.fileDigest)} ${entry.path}${signature}\n`;
    })
    .join('');
}
