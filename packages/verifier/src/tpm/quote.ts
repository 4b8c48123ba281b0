// Is this quote signed by this key, about these PCR values? Shared by every format that has a TPM in
// it. Must never ask whose key it is: its caller has to know.

import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { EvidenceError } from '../errors.js';
import { bankBytes } from '../eventlog/event-log.js';
import type { PublicKey } from '../pki/algorithm.js';
import { coordinateBytes } from '../pki/raw-key.js';
import type { CryptoProvider, DigestAlgorithm } from '../provider.js';
import { signatureAlgorithmOf } from './algorithm.js';
import type { TpmAttest, TpmSignature } from './attest.js';

/** The form that the provider takes; null if the numbers cannot be a signature by this key. */
function rawSignature(signature: TpmSignature, key: PublicKey): Uint8Array | null {
  if (signature.scheme !== 'ecdsa') return signature.numbers[0] ?? null;
  if (key.kind !== 'ec') return null;
  const length = coordinateBytes[key.curve];
  const fixed = new Uint8Array(2 * length);
  for (const [index, number] of signature.numbers.entries()) {
    const start = number.findIndex((byte) => byte !== 0);
    const value = start < 0 ? new Uint8Array() : number.subarray(start);
    if (value.length > length) return null;
    fixed.set(value, (index + 1) * length - value.length);
  }
  return fixed;
}

/** @throws EvidenceError 'signature-invalid' | 'unsupported-algorithm' */
export async function checkQuoteSignature(
  attest: TpmAttest,
  signature: TpmSignature,
  key: PublicKey,
  provider: CryptoProvider,
): Promise<void> {
  const curve = key.kind === 'ec' ? key.curve : null;
  const algorithm = signatureAlgorithmOf(signature.scheme, signature.hash, curve);
  const raw = rawSignature(signature, key);
  if (raw !== null && (await provider.verify(algorithm, key.spki, raw, attest.raw))) return;
  throw new EvidenceError('signature-invalid', 'TPM quote: signature does not verify');
}

/**
 * Checks that the values are those of the selected PCRs, no more and no fewer: their hash, in
 * ascending order, is what was signed. `hash` is that of the signature (part 3, TPM2_Quote).
 * @throws EvidenceError 'pcr-mismatch'
 */
export async function checkPcrDigest(
  attest: TpmAttest,
  values: ReadonlyMap<number, Uint8Array>,
  hash: DigestAlgorithm,
  provider: CryptoProvider,
): Promise<void> {
  const mismatch = (why: string) => new EvidenceError('pcr-mismatch', `TPM quote: ${why}`);
  if (values.size !== attest.pcrs.length) throw mismatch('other PCRs given than were quoted');
  const selected = attest.pcrs.map((pcr) => {
    const value = values.get(pcr);
    if (value === undefined) throw mismatch(`PCR ${pcr} was quoted and not given`);
    if (value.length !== bankBytes[attest.bank]) throw mismatch(`PCR ${pcr} of the wrong length`);
    return value;
  });
  const digest = await provider.digest(hash, concatBytes(...selected));
  if (!equalBytes(digest, attest.pcrDigest)) throw mismatch('PCR values are not those quoted');
}
