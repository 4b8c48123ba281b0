// Evidence in a genuine format, signed by a software vendor of a -dev server, about files that the shim itself has
// hashed. For trying things out on any machine. It proves nothing, and whoever opens it is told so.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ShimError, systemCodeOf } from '../errors.js';
import { measureCommand } from '../measure.js';
import {
  type Attester,
  type AttesterKind,
  type AttesterSettings,
  type CollectedEvidence,
  checkReportData,
  evidenceTypeOf,
} from './attester.js';

const VENDOR_BYTES_MAX = 64 * 1024;

/** For whoever starts a shim with this attester; to be shown each time. */
export const simulationWarning =
  'WARNING! The TEE is SIMULATED: the evidence proves nothing, and only a -dev server takes it. Never hand it a real secret.';

async function readVendor(path: string, file: string): Promise<string> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return await readVendor(join(path, file), file);
    if (!found.isFile() || found.size > VENDOR_BYTES_MAX) {
      throw new ShimError('simulated-tee-invalid', `${path}: not a simulated vendor’s file`);
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof ShimError) throw error;
    throw new ShimError(
      'simulated-tee-absent',
      `${path}: cannot be read (${systemCodeOf(error) || 'unknown fault'})`,
      {
        hint: 'start the server with -dev-tee=FOLDER, and name the same folder here',
        cause: error,
      },
    );
  }
}

/** @throws ShimError */
async function openSimulatedTee(settings: AttesterSettings): Promise<Attester> {
  if (settings.simulatedTee === null) {
    throw new ShimError('simulated-tee-absent', 'simulated TEE: no folder is named', {
      hint: 'give -simulated-tee=FOLDER or VOUCHSAFE_SIMULATED_TEE: the folder of the server’s -dev-tee',
    });
  }
  if (settings.command.length === 0) {
    throw new ShimError('simulated-tee-no-command', 'simulated TEE: no command to measure', {
      hint: 'give the workload’s command after --',
    });
  }
  // Only here: a shim on hardware never loads the software vendors.
  const { simulatedMachines } = await import('./simulated-machines.js');
  const { simulatedFormat: format, simulatedTee: path, clock } = settings;
  const { file, power } = simulatedMachines[format];
  const text = await readVendor(path, file);
  // Once, as a machine is measured at launch: what is delivered later must not change it.
  const measurement = await measureCommand(settings.command, settings.env);
  let attest: Awaited<ReturnType<typeof power>>;
  try {
    attest = await power(text, measurement, clock);
  } catch {
    // The parser's message may quote the file, which holds keys.
    throw new ShimError('simulated-tee-invalid', `${path}: no file of the vendor for ${format}`);
  }
  return {
    name: 'simulated',
    format,
    async collect(reportData: Uint8Array): Promise<CollectedEvidence> {
      checkReportData(reportData);
      const value = await attest(new Uint8Array(reportData));
      return { evidence: { type: evidenceTypeOf(format), value }, endorsements: [] };
    },
  };
}

export const simulatedTee: AttesterKind = {
  name: 'simulated',
  isPresent: async (settings) => settings.simulatedTee !== null,
  open: openSimulatedTee,
};
