// Quotes of an SGX enclave that runs under Gramine, from its pseudo-files (Gramine manual, "Attestation and Secret
// Provisioning"): report data in, quote out. Must never ask for two quotes at once: the files are one per process.
import { join } from 'node:path';
import { ShimError, systemCodeOf } from '../errors.js';
import {
  type Attester,
  type AttesterKind,
  type AttesterSettings,
  type CollectedEvidence,
  checkReportData,
  evidenceTypeOf,
} from './attester.js';
import { type DeviceFiles, nodeDeviceFiles } from './device-files.js';

export const GRAMINE_PATH = '/dev/attestation';
const QUOTE_BYTES_MAX = 64 * 1024;
const WORD_BYTES_MAX = 64;
const TYPE_FILE = 'attestation_type';

function explain(error: unknown, path: string): ShimError {
  if (error instanceof ShimError) return error;
  const code = systemCodeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new ShimError('gramine-absent', `${path}: not there`, {
      hint: 'run inside an enclave (gramine-sgx; gramine-direct has no quotes)',
      cause: error,
    });
  }
  return new ShimError('gramine-failed', `${path}: ${code || 'failed'}`, {
    hint: 'the quoting enclave and its service (aesmd) must run on the host, and the manifest must have sgx.remote_attestation = "dcap"',
    cause: error,
  });
}

async function collectQuote(
  files: DeviceFiles,
  base: string,
  reportData: Uint8Array,
): Promise<CollectedEvidence> {
  const quote = join(base, 'quote');
  try {
    await files.write(join(base, 'user_report_data'), reportData);
    const value = await files.read(quote, QUOTE_BYTES_MAX);
    if (value.length === 0) throw new ShimError('gramine-failed', `${quote}: empty`);
    return { evidence: { type: evidenceTypeOf('sgx-dcap'), value }, endorsements: [] };
  } catch (error) {
    throw explain(error, base);
  }
}

/** @throws ShimError 'gramine-absent', 'gramine-failed', 'gramine-not-dcap' */
export async function openGramine(
  settings: Pick<AttesterSettings, 'graminePath'>,
  files: DeviceFiles,
): Promise<Attester> {
  const base = settings.graminePath;
  const typeFile = join(base, TYPE_FILE);
  let type: string;
  try {
    type = (await files.read(typeFile, WORD_BYTES_MAX)).toString('latin1').trim();
  } catch (error) {
    throw explain(error, typeFile);
  }
  if (type !== 'dcap') {
    throw new ShimError('gramine-not-dcap', `${typeFile}: the enclave has no DCAP attestation`, {
      hint: 'the manifest must have sgx.remote_attestation = "dcap"',
    });
  }
  let last: Promise<unknown> = Promise.resolve();
  return {
    name: 'gramine',
    format: 'sgx-dcap',
    collect(reportData) {
      const next = last.then(() => {
        checkReportData(reportData);
        return collectQuote(files, base, reportData);
      });
      last = next.catch(() => undefined);
      return next;
    },
  };
}

export const gramine: AttesterKind = {
  name: 'gramine',
  isPresent: (settings) => nodeDeviceFiles.isFile(join(settings.graminePath, TYPE_FILE)),
  open: (settings) => openGramine(settings, nodeDeviceFiles),
};
