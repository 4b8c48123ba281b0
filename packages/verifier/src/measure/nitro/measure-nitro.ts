// What an enclave's attestation document will state as PCR0, PCR1, PCR2 and PCR8, from its image file (AWS Nitro
// Enclaves user guide, "Where to get an enclave's measurements"). Offline.

import { concatBytes } from '../../encoding/bytes.js';
import type { Certificate } from '../../pki/certificate.js';
import type { CryptoProvider } from '../../provider.js';
import { type EnclaveImage, parseEnclaveImage } from './eif.js';
import { verifyImageSignature } from './image-signature.js';

const pcrBytes = 48;

/** 48 bytes each. PCR3 and PCR4 depend on the instance that starts the enclave, not on the image. */
export interface NitroMeasurement {
  /** Kernel, command line and all ramdisks. */
  readonly pcr0: Uint8Array;
  /** Kernel, command line and the first ramdisk. */
  readonly pcr1: Uint8Array;
  /** All ramdisks but the first. */
  readonly pcr2: Uint8Array;
  /** The certificate that the image is signed with; null if it is not signed. */
  readonly pcr8: Uint8Array | null;
  /** That certificate. Its signature over PCR0 holds; nothing else about it was judged. */
  readonly signer: Certificate | null;
  readonly image: EnclaveImage;
}

/** A PCR that is extended once, from zero. */
async function extendOnce(data: Uint8Array, provider: CryptoProvider): Promise<Uint8Array> {
  const digest = await provider.digest('sha384', data);
  return provider.digest('sha384', concatBytes(new Uint8Array(pcrBytes), digest));
}

/** @throws EvidenceError as parseEnclaveImage(), and verifyImageSignature() where the image is signed */
export async function measureNitro(
  bytes: Uint8Array,
  provider: CryptoProvider,
): Promise<NitroMeasurement> {
  const image = parseEnclaveImage(bytes);
  const [first, ...application] = image.ramdisks;
  const boot = [image.kernel, image.commandLine, ...(first === undefined ? [] : [first])];
  const pcr0 = await extendOnce(concatBytes(...boot, ...application), provider);
  const signer =
    image.signature === null ? null : await verifyImageSignature(image.signature, pcr0, provider);
  return {
    pcr0,
    pcr1: await extendOnce(concatBytes(...boot), provider),
    pcr2: await extendOnce(concatBytes(...application), provider),
    pcr8: signer === null ? null : await extendOnce(signer.raw, provider),
    signer,
    image,
  };
}
