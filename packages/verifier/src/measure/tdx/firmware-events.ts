// What a TD's firmware measures before and after what it starts, whatever that is (edk2, OvmfPkg and SecurityPkg), and
// by which generation of it.

/**
 * Generations of edk2 that measure differently. '2022': the separator before the boot goes to
 * RTMR0. '2024': to RTMR1. '2025' (edk2-stable202505): RTMR0 has events that depend on the build, so that it is not
 * computed. '2025-08' (edk2-stable202508): as well, and "initrd=initrd" stands before the command line, not behind it.
 */
export const tdvfGenerations = ['2022', '2024', '2025', '2025-08'] as const;
export type TdvfGeneration = (typeof tdvfGenerations)[number];

const utf8 = new TextEncoder();

export const separator = new Uint8Array(4);

/** RTMR1, before what the boot option names. */
export function startOfBoot(generation: TdvfGeneration): readonly Uint8Array[] {
  const start = utf8.encode('Calling EFI Application from Boot Option');
  return generation === '2022' ? [start] : [start, separator];
}

/** RTMR1, when the kernel takes over. */
export const endOfBoot: readonly Uint8Array[] = [
  utf8.encode('Exit Boot Services Invocation'),
  utf8.encode('Exit Boot Services Returned with Success'),
];

/** UTF-16 as UEFI has it, without a zero at the end. */
export function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i += 1) view.setUint16(2 * i, text.charCodeAt(i), true);
  return bytes;
}
