// Every attester there is, one line each, in the order in which 'auto' asks them. Must never choose a simulation that
// nobody asked for.
import { ShimError } from '../errors.js';
import type { Attester, AttesterKind, AttesterSettings } from './attester.js';
import { configfsTsm } from './configfs-tsm.js';
import { gramine } from './gramine.js';
import { simulatedTee } from './simulated.js';

export const attesterKinds: readonly AttesterKind[] = [configfsTsm, gramine, simulatedTee];

/** Names for -attester. */
export const attesterNames: readonly string[] = ['auto', ...attesterKinds.map((kind) => kind.name)];

/**
 * The attester of that name, or the first that is present.
 * @throws ShimError 'attester-unknown', 'attester-absent', or the attester's own
 */
export async function openAttester(name: string, settings: AttesterSettings): Promise<Attester> {
  if (name !== 'auto') {
    const found = attesterKinds.find((kind) => kind.name === name);
    if (found !== undefined) return await found.open(settings);
    throw new ShimError('attester-unknown', `attester: want one of ${attesterNames.join(', ')}`);
  }
  for (const kind of attesterKinds) {
    if (await kind.isPresent(settings)) return await kind.open(settings);
  }
  throw new ShimError(
    'attester-absent',
    `no TEE here: nothing at ${settings.tsmPath} and ${settings.graminePath}`,
    {
      hint: 'run inside a TDX or SEV-SNP guest with Linux 6.7 or newer, or in an SGX enclave with Gramine; to try things out, start the server with -dev-tee=FOLDER and use -attester=simulated -simulated-tee=FOLDER',
    },
  );
}
