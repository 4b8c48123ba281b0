// What a verified quote says, as claims by name. Spells out and renames; decides nothing.

import { encodeHex } from '../encoding/hex.js';
import type { PublicKey } from '../pki/algorithm.js';
import type { ClaimValue } from '../types.js';
import type { TpmAttest, TpmSignature } from './attest.js';

type Claims = Readonly<Record<string, ClaimValue>>;

/** 'sha256:0,1,7': bank and indices of a selection, ascending. */
export function selectionText(bank: string, pcrs: readonly number[]): string {
  return `${bank}:${pcrs.join(',')}`;
}

function keyKind(key: PublicKey): string {
  return key.kind === 'rsa' ? `rsa-${key.modulusBits}` : `ecc-${key.curve}`;
}

/** Claims of any quote. `pcrs` are values that checkPcrDigest has accepted. */
export function quoteClaims(
  attest: TpmAttest,
  signature: TpmSignature,
  key: PublicKey,
  pcrs: ReadonlyMap<number, Uint8Array>,
): Claims {
  return {
    pcr_selection: selectionText(attest.bank, attest.pcrs),
    pcr_bank: attest.bank,
    ...Object.fromEntries([...pcrs].map(([pcr, value]) => [`pcr${pcr}`, encodeHex(value)])),
    extra_data: encodeHex(attest.extraData),
    // 64 bits: milliseconds since the TPM was made or cleared.
    tpm_clock: attest.clock.toString(),
    tpm_clock_safe: attest.clockSafe,
    tpm_reset_count: attest.resetCount,
    tpm_restart_count: attest.restartCount,
    tpm_firmware_version: attest.firmwareVersion.toString(16).padStart(16, '0'),
    qualified_signer: encodeHex(attest.qualifiedSigner),
    ak_kind: keyKind(key),
    signature_scheme: `${signature.scheme}-${signature.hash}`,
  };
}
