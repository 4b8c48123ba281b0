// Credentials for TPMs in files: what goes to the TPM and what is kept. Must never write the secret, and never write
// over anything.
import { rmSync, writeFileSync } from 'node:fs';
import { type BegunCredential, credentialFile, EvidenceError } from '@vouchsafe/verifier';
import { CommandError } from '../../session/explain.js';

/** Exit codes besides 0 and 1, as of `attest verify`. */
export const credentialExitCodes = { usage: 2, notGenuine: 4 } as const;

function writeNew(path: string, what: string, bytes: Uint8Array | string): void {
  try {
    writeFileSync(path, bytes, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unwritable';
    throw new CommandError(`${what}: cannot write ${path}: ${code}`, 1);
  }
}

/** Both files or neither. @throws CommandError exit code 1, also if there is something already */
export function writeBegun(
  { credential, pending }: BegunCredential,
  paths: { readonly credential: string; readonly pending: string },
): void {
  writeNew(paths.pending, 'pending', `${pending}\n`);
  try {
    writeNew(paths.credential, 'credential', credentialFile(credential));
  } catch (error) {
    rmSync(paths.pending, { force: true });
    throw error;
  }
}

/** What keys and certificates must be refused for, with its code. @throws CommandError exit code 4 */
export async function judging<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    const { notGenuine } = credentialExitCodes;
    throw new CommandError(`refused: ${error.code}: ${error.message}`, notGenuine);
  }
}
