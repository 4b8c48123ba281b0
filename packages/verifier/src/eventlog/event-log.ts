// What every measured-boot log comes down to: events, each of which extended one register. A log is
// a story that somebody tells; only replaying it to quoted values (verify-event-log.ts) makes it true.

import type { DigestAlgorithm } from '../provider.js';

/** A set of registers that one hash algorithm extends. */
export type Bank = DigestAlgorithm;

export const bankBytes: Readonly<Record<Bank, number>> = {
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/**
 * 'tcg': of a TPM, registers are PCRs. 'ccel' and 'dstack': of a TD, registers are RTMRs. 'ima': files
 * that the kernel measured, all in one PCR.
 */
export type EventLogKind = 'tcg' | 'ccel' | 'dstack' | 'ima';

/** One event, NOT trusted. Byte strings are views on the log. */
export interface LogEvent {
  /** PCR 0 to 23, or RTMR 0 to 3; null if it extends nothing (EV_NO_ACTION). */
  readonly register: number | null;
  /** TCG event type, known or not. */
  readonly type: number;
  /** What the event says it extended, by bank. Banks of unknown algorithms are left out. */
  readonly digests: ReadonlyMap<Bank, Uint8Array>;
  readonly data: Uint8Array;
  /** dstack's runtime events have a name beside their data; null for all others. */
  readonly name: string | null;
}

export interface EventLog {
  readonly kind: EventLogKind;
  /** The banks in which every event has a digest. */
  readonly banks: readonly Bank[];
  /** Locality from which the TPM was started (EV_NO_ACTION StartupLocality): PCR 0 begins with it. */
  readonly startupLocality: number;
  readonly events: readonly LogEvent[];
}

/** Linux gives firmware logs 64 KiB to 1 MiB; the filler after the last event is most of that. */
export const eventLogBytesMax = 1_048_576;
export const eventsMax = 4_096;

/** TCG event types that something here knows. All others are kept, replayed and not understood. */
export const eventType = {
  noAction: 0x3,
  separator: 0x4,
  action: 0x5,
  eventTag: 0x6,
  crtmVersion: 0x8,
  ipl: 0xd,
  nonHostInfo: 0x11,
  variableDriverConfig: 0x80000001,
  variableBoot: 0x80000002,
  bootServicesApplication: 0x80000003,
  efiAction: 0x80000007,
  variableBoot2: 0x8000000c,
  variableAuthority: 0x800000e0,
  /** dstack's own, extended into RTMR 3 at run time. */
  dstackRuntime: 0x08000001,
} as const;

/** PC Client Platform Firmware Profile 1.06, table 27 (event types). */
const typeNames: ReadonlyMap<number, string> = new Map([
  [0x0, 'EV_PREBOOT_CERT'],
  [0x1, 'EV_POST_CODE'],
  [0x2, 'EV_UNUSED'],
  [0x3, 'EV_NO_ACTION'],
  [0x4, 'EV_SEPARATOR'],
  [0x5, 'EV_ACTION'],
  [0x6, 'EV_EVENT_TAG'],
  [0x7, 'EV_S_CRTM_CONTENTS'],
  [0x8, 'EV_S_CRTM_VERSION'],
  [0x9, 'EV_CPU_MICROCODE'],
  [0xa, 'EV_PLATFORM_CONFIG_FLAGS'],
  [0xb, 'EV_TABLE_OF_DEVICES'],
  [0xc, 'EV_COMPACT_HASH'],
  [0xd, 'EV_IPL'],
  [0xe, 'EV_IPL_PARTITION_DATA'],
  [0xf, 'EV_NONHOST_CODE'],
  [0x10, 'EV_NONHOST_CONFIG'],
  [0x11, 'EV_NONHOST_INFO'],
  [0x12, 'EV_OMIT_BOOT_DEVICE_EVENTS'],
  [0x13, 'EV_POST_CODE2'],
  [0x80000001, 'EV_EFI_VARIABLE_DRIVER_CONFIG'],
  [0x80000002, 'EV_EFI_VARIABLE_BOOT'],
  [0x80000003, 'EV_EFI_BOOT_SERVICES_APPLICATION'],
  [0x80000004, 'EV_EFI_BOOT_SERVICES_DRIVER'],
  [0x80000005, 'EV_EFI_RUNTIME_SERVICES_DRIVER'],
  [0x80000006, 'EV_EFI_GPT_EVENT'],
  [0x80000007, 'EV_EFI_ACTION'],
  [0x80000008, 'EV_EFI_PLATFORM_FIRMWARE_BLOB'],
  [0x80000009, 'EV_EFI_HANDOFF_TABLES'],
  [0x8000000a, 'EV_EFI_PLATFORM_FIRMWARE_BLOB2'],
  [0x8000000b, 'EV_EFI_HANDOFF_TABLES2'],
  [0x8000000c, 'EV_EFI_VARIABLE_BOOT2'],
  [0x8000000d, 'EV_EFI_GPT_EVENT2'],
  [0x80000010, 'EV_EFI_HCRTM_EVENT'],
  [0x800000e0, 'EV_EFI_VARIABLE_AUTHORITY'],
  [0x800000e1, 'EV_EFI_SPDM_FIRMWARE_BLOB'],
  [0x800000e2, 'EV_EFI_SPDM_FIRMWARE_CONFIG'],
  [0x08000001, 'DSTACK_RUNTIME'],
]);

/** The type's name in its specification, or its number in hex. */
export function eventTypeName(type: number): string {
  return typeNames.get(type) ?? `0x${type.toString(16)}`;
}
