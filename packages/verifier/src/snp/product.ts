// AMD's product lines and the names they go by in CPUID, in certificates and at the KDS.
// A processor that is not listed is refused: its layouts are not known.

import { EvidenceError } from '../errors.js';

export type SnpProduct = 'milan' | 'genoa' | 'turin';
export type SnpSigner = 'vcek' | 'vlek';

export const snpProducts: readonly SnpProduct[] = ['milan', 'genoa', 'turin'];

/** As AMD spells it in certificate names and KDS paths. */
export const productTitles = { milan: 'Milan', genoa: 'Genoa', turin: 'Turin' } as const;

// Bergamo and Siena are Zen 4c parts that the Genoa authorities certify.
const productNames: Readonly<Record<string, SnpProduct>> = {
  Milan: 'milan',
  Genoa: 'genoa',
  Bergamo: 'genoa',
  Siena: 'genoa',
  Turin: 'turin',
};

export interface Cpuid {
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
}

/** The line by combined family and model (CPUID 8000_0001h), or null for a part not known here. */
export function findProductByCpuid({ family, model }: Cpuid): SnpProduct | null {
  if (family === 0x19 && model <= 0x0f) return 'milan';
  if (family === 0x19 && model >= 0x10 && model <= 0x1f) return 'genoa';
  if (family === 0x19 && model >= 0xa0 && model <= 0xaf) return 'genoa';
  if (family === 0x1a && model <= 0x1f) return 'turin';
  return null;
}

/** 'Milan-B0' and 'Milan' alike; null for a name not known here. */
export function findProductByName(name: string): SnpProduct | null {
  const [line] = name.split('-');
  return line !== undefined && Object.hasOwn(productNames, line)
    ? (productNames[line] ?? null)
    : null;
}

export interface ChainNames {
  readonly leaf: string | null;
  readonly intermediate: string | null;
  readonly root: string | null;
}

/**
 * Which line's authority for which kind of key this chain is, by its common names. All three must
 * agree. Names mean something only in a chain that leads to a pinned root.
 * @throws EvidenceError 'chain-invalid'
 */
export function identifyChain(names: ChainNames): {
  readonly product: SnpProduct;
  readonly signer: SnpSigner;
} {
  for (const product of snpProducts) {
    const title = productTitles[product];
    if (names.root !== `ARK-${title}`) continue;
    if (names.intermediate === `SEV-${title}` && names.leaf === 'SEV-VCEK') {
      return { product, signer: 'vcek' };
    }
    if (names.intermediate === `SEV-VLEK-${title}` && names.leaf === 'SEV-VLEK') {
      return { product, signer: 'vlek' };
    }
  }
  throw new EvidenceError('chain-invalid', 'SNP chain: not that of a VCEK or VLEK of one product');
}
