// A verified Nitro document as named claims. Says what is so; whether it is good enough is appraise().

import { encodeHex } from '../encoding/hex.js';
import { joinClaims } from '../join-claims.js';
import type { Certificate } from '../pki/certificate.js';
import type { ClaimValue } from '../types.js';
import type { NitroDocument } from './parse.js';

function findHex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : encodeHex(bytes);
}

/** `i-0123456789abcdef0-enc0123456789abcdef`, or with `tpm`: the instance that it belongs to. */
function findInstance(moduleId: string): string | null {
  return /^(i-[0-9a-f]{8,17})-(?:enc|tpm)[0-9a-f]+$/.exec(moduleId)?.[1] ?? null;
}

/**
 * Registers of an enclave are `pcr0` and so on, those of a TPM `nitrotpm_pcr0`: they mean different
 * things, and no reference value for the one fits the other. A field that the document does not have
 * has no claim, so that a policy that asks for it is not met.
 */
export function nitroClaims(
  document: NitroDocument,
  leaf: Certificate,
): Readonly<Record<string, ClaimValue>> {
  const prefix = document.kind === 'enclave' ? 'pcr' : 'nitrotpm_pcr';
  const registers = [...document.pcrs].sort(([a], [b]) => a - b);
  return joinClaims(
    {
      document_kind: document.kind,
      module_id: document.moduleId,
      instance_id: findInstance(document.moduleId),
      timestamp: document.timestamp.toISOString(),
      digest: 'SHA384',
    },
    Object.fromEntries(registers.map(([index, pcr]) => [`${prefix}${index}`, encodeHex(pcr)])),
    {
      user_data: findHex(document.userData),
      nonce: findHex(document.nonce),
      public_key: findHex(document.publicKey),
      signer_name: leaf.subject.commonName,
    },
  );
}
