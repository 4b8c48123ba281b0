// The bit fields of a report by name (SEV-SNP ABI 1.58: guest policy table 10, PLATFORM_INFO and
// key information with table 23). Must name every bit that is not reserved.

import { EvidenceError } from '../errors.js';
import type { SnpSigner } from './product.js';

export const guestPolicyBits = {
  smt_allowed: 16,
  migrate_ma_allowed: 18,
  debug_allowed: 19,
  single_socket: 20,
  cxl_allowed: 21,
  mem_aes_256_xts: 22,
  rapl_disabled: 23,
  ciphertext_hiding_dram: 24,
  page_swap_disabled: 25,
} as const;

export const platformInfoBits = {
  smt_enabled: 0,
  tsme_enabled: 1,
  ecc_enabled: 2,
  rapl_disabled: 3,
  ciphertext_hiding_dram_enabled: 4,
  alias_check_complete: 5,
  iommu_write_safe: 6,
  tio_enabled: 7,
} as const;

export type GuestPolicy = Readonly<Record<keyof typeof guestPolicyBits, boolean>> & {
  readonly raw: bigint;
  readonly abiMajor: number;
  readonly abiMinor: number;
};

export type PlatformInfo = Readonly<Record<keyof typeof platformInfoBits, boolean>> & {
  readonly raw: bigint;
  /** Bits that had no name when this was written. Firmware adds some; a policy may ask for zero. */
  readonly unknownBits: bigint;
};

export interface KeyInfo {
  readonly signer: SnpSigner;
  readonly authorKeyEnabled: boolean;
  readonly maskChipKey: boolean;
}

function readBits<Name extends string>(
  raw: bigint,
  bits: Readonly<Record<Name, number>>,
): Readonly<Record<Name, boolean>> {
  const named = Object.entries<number>(bits).map(([name, bit]) => [
    name,
    ((raw >> BigInt(bit)) & 1n) === 1n,
  ]);
  return Object.fromEntries(named) as Record<Name, boolean>;
}

/** @throws EvidenceError 'reserved-bits': a policy with an unknown bit may allow anything */
export function parseGuestPolicy(raw: bigint): GuestPolicy {
  if (((raw >> 17n) & 1n) !== 1n) {
    throw new EvidenceError('reserved-bits', 'SNP report: POLICY bit 17 is 0, must be 1');
  }
  if (raw >> 26n !== 0n) {
    throw new EvidenceError('reserved-bits', 'SNP report: POLICY has reserved bits set');
  }
  return {
    ...readBits(raw, guestPolicyBits),
    raw,
    abiMajor: Number((raw >> 8n) & 0xffn),
    abiMinor: Number(raw & 0xffn),
  };
}

/** Unknown bits are reported, not refused: the platform's facts grow with its firmware. */
export function parsePlatformInfo(raw: bigint): PlatformInfo {
  return { ...readBits(raw, platformInfoBits), raw, unknownBits: raw & ~0xffn };
}

/** @throws EvidenceError 'reserved-bits', or 'signature-invalid' if the report says it is unsigned */
export function parseKeyInfo(raw: number): KeyInfo {
  if (raw >>> 5 !== 0) {
    throw new EvidenceError('reserved-bits', 'SNP report: key information has reserved bits set');
  }
  const signingKey = (raw >> 2) & 7;
  if (signingKey === 7) {
    throw new EvidenceError('signature-invalid', 'SNP report: says that nothing signed it');
  }
  if (signingKey > 1) {
    throw new EvidenceError('reserved-bits', `SNP report: SIGNING_KEY ${signingKey} is reserved`);
  }
  return {
    signer: signingKey === 0 ? 'vcek' : 'vlek',
    authorKeyEnabled: (raw & 1) === 1,
    maskChipKey: (raw & 2) === 2,
  };
}
