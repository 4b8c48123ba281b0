// The bytes that tie evidence to one login (docs/attested-login.md sections 2 to 4), as the server builds them too.
// Pure: no key and no connection is touched here.
import { createHash } from 'node:crypto';

export const BINDING_PROFILE = 'vouchsafe-binding-v1';
export const EXPORTER_LABEL = 'EXPORTER-vouchsafe-attested-login';
export const EXPORTER_BYTES = 32;
export const CHALLENGE_BYTES = 32;

/** Each part behind its length (4 bytes, big endian), so that no two lists of parts give the same bytes. */
export function lengthPrefixed(parts: readonly (string | Uint8Array)[]): Buffer {
  const out: Uint8Array[] = [];
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    out.push(length, bytes);
  }
  return Buffer.concat(out);
}

/** What one login is tied to. `exporter` is empty for the binding level 'key'. */
export interface LoginBinding {
  readonly challenge: Buffer;
  readonly mount: string;
  readonly role: string;
  readonly serverIdentity: Buffer;
  readonly publicKey: Buffer;
  readonly exporter: Buffer;
}

/** The 64 bytes that the evidence must carry. */
export function reportData(binding: LoginBinding): Buffer {
  const bytes = lengthPrefixed([
    'vouchsafe/attested-login/v1',
    binding.challenge,
    binding.mount,
    binding.role,
    binding.serverIdentity,
    binding.publicKey,
    binding.exporter,
  ]);
  return createHash('sha512').update(bytes).digest();
}

/** What the workload signs to show that it holds its key now. */
export function loginProofBytes(report: Uint8Array): Buffer {
  return lengthPrefixed(['vouchsafe/login-proof/v1', report]);
}

/** What the server signs about a challenge. */
export function challengeBytes(
  challenge: Buffer,
  mount: string,
  role: string,
  time: string,
): Buffer {
  return lengthPrefixed(['vouchsafe/challenge/v1', challenge, mount, role, time]);
}
