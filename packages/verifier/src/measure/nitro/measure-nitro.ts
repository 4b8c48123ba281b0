// What an enclave's attestation document will state as PCR0, PCR1, PCR2 and PCR8, from its image file (AWS Nitro
// Enclaves user guide, "Where to get an enclave's measurements"). Offline.

import { concatBytes } from '../../encoding/bytes.js';
import type { CryptoProvider } from '../../provider.js';
import { type EnclaveImage, parseEnclaveImage } from './eif.js';

const pcrBytes = 48;

/** 48 bytes each. PCR3 and PCR4 depend on the instance that starts the enclave, not on the image. */
export interface NitroMeasurement {
  /** Kernel, command line and all ramdisks. */
  readonly pcr0: Uint8Array;
  /** Kernel, command line and the first ramdisk. */
  readonly pcr1: Uint8Array;
  /** All ramdisks but the first. */
  readonly pcr2: Uint8Array;
  readonly image: EnclaveImage;
}

/** A PCR that is extended once, from zero. */
export async function extendOnce(data: Uint8Array, provider: CryptoProvider): Promise<Uint8Array> {
  const digest = await provider.digest('sha384', data);
  return provider.digest('sha384', concatBytes(new Uint8Array(pcrBytes), digest));
}

/** @throws EvidenceError as parseEnclaveImage() */
export async function measureNitro(
  bytes: Uint8Array,
  provider: CryptoProvider,
): Promise<NitroMeasurement> {
  const image = parseEnclaveImage(bytes);
  const [first, ...application] = image.ramdisks;
  const boot = [image.kernel, image.commandLine, ...(first === undefined ? [] : [first])];
  return {
    pcr0: await extendOnce(concatBytes(...boot, ...application), provider),
    pcr1: await extendOnce(concatBytes(...boot), provider),
    pcr2: await extendOnce(concatBytes(...application), provider),
    image,
  };
}
