// Evidence in the genuine TDX format, signed by the software vendor of a -dev server, about files that the shim itself
// has hashed. For trying things out on any machine. It proves nothing, and whoever opens it is told so.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ShimError, systemCodeOf } from '../errors.js';
import { measureCommand } from '../measure.js';
import {
  type Attester,
  type AttesterKind,
  type AttesterSettings,
  type CollectedEvidence,
  cmwTypes,
  reportDataBytes,
} from './attester.js';

const CA_FILE = 'simulated-tee.json';
const CA_BYTES_MAX = 64 * 1024;

/** For whoever starts a shim with this attester; to be shown each time. */
export const simulationWarning =
  'WARNING! The TEE is SIMULATED: the evidence proves nothing, and only a -dev server takes it. Never hand it a real secret.';

async function readCa(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return await readCa(join(path, CA_FILE));
    if (!found.isFile() || found.size > CA_BYTES_MAX) {
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
export async function openSimulatedTdx(settings: AttesterSettings): Promise<Attester> {
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
  const text = await readCa(settings.simulatedTee);
  // Only here: a shim on hardware never loads the software vendor.
  const { DcapCa, mintTdxQuote } = await import('@vouchsafe/verifier/testing');
  let ca: ReturnType<typeof DcapCa.create>;
  try {
    ca = DcapCa.fromJson(text);
  } catch {
    // The parser's message may quote the file, which holds keys.
    throw new ShimError(
      'simulated-tee-invalid',
      `${settings.simulatedTee}: not a simulated vendor’s file`,
    );
  }
  // Once, as a TD is measured at launch: what is delivered later must not change it.
  const { mrtd, rtmr3 } = await measureCommand(settings.command, settings.env);
  return {
    name: 'simulated',
    format: 'tdx-dcap',
    async collect(reportData: Uint8Array): Promise<CollectedEvidence> {
      if (reportData.length !== reportDataBytes) {
        throw new ShimError('report-data-invalid', `report data: want ${reportDataBytes} bytes`);
      }
      const report = { reportData: new Uint8Array(reportData), mrTd: mrtd, rtmr3 };
      const value = mintTdxQuote(ca, { version: 4, report });
      return { evidence: { type: cmwTypes.tdxQuote, value }, endorsements: [] };
    },
  };
}

export const simulatedTdx: AttesterKind = {
  name: 'simulated',
  isPresent: async (settings) => settings.simulatedTee !== null,
  open: openSimulatedTdx,
};
