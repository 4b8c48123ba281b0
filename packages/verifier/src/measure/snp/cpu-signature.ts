// Signatures (CPUID leaf 1, EAX) of the processor models that QEMU offers for AMD (target/i386/cpu.c). A model's
// versions differ in features, never in the signature.

/** AMD publication 25481, CPUID Fn0000_0001_EAX. */
export function cpuSignature(family: number, model: number, stepping: number): number {
  const low = Math.min(family, 0xf);
  const extended = family - low;
  return (
    (extended << 20) | ((model >> 4) << 16) | (low << 8) | ((model & 0xf) << 4) | (stepping & 0xf)
  );
}

/** Model to signature, and the newest of its versions ('EPYC-v1' to 'EPYC-v5'; 0: it has none). */
const models: Readonly<Record<string, { readonly signature: number; readonly versions: number }>> =
  {
    EPYC: { signature: cpuSignature(23, 1, 2), versions: 5 },
    'EPYC-IBPB': { signature: cpuSignature(23, 1, 2), versions: 0 },
    'EPYC-Rome': { signature: cpuSignature(23, 49, 0), versions: 5 },
    'EPYC-Milan': { signature: cpuSignature(25, 1, 1), versions: 3 },
    'EPYC-Genoa': { signature: cpuSignature(25, 17, 0), versions: 2 },
    'EPYC-Turin': { signature: cpuSignature(26, 0, 0), versions: 1 },
  };

/** QEMU's names, with and without a version. */
export const snpCpuTypes: readonly string[] = Object.entries(models).flatMap(
  ([name, { versions }]) => [
    name,
    ...Array.from({ length: versions }, (_, index) => `${name}-v${index + 1}`),
  ],
);

/** Null for a name that QEMU does not have. */
export function findCpuSignature(type: string): number | null {
  if (!snpCpuTypes.includes(type)) return null;
  return models[type.replace(/-v[0-9]$/, '')]?.signature ?? null;
}
