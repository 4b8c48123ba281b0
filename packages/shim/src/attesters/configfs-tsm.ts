// Evidence from Linux's own interface, configfs-tsm (Documentation/ABI/testing/configfs-tsm-report, Linux 6.7 and
// newer): one folder per request, report data in, quote or report out. Must always remove its folder.
import { randomBytes } from 'node:crypto';
import { ShimError, systemCodeOf } from '../errors.js';
import {
  type Attester,
  type AttesterKind,
  type AttesterSettings,
  type CmwRecord,
  type CollectedEvidence,
  checkReportData,
  evidenceTypeOf,
} from './attester.js';
import { type DeviceFiles, nodeDeviceFiles } from './device-files.js';

export const TSM_PATH = '/sys/kernel/config/tsm/report';
const ATTEMPTS_MAX = 5;
const EVIDENCE_BYTES_MAX = 64 * 1024;
const CERTIFICATES_BYTES_MAX = 128 * 1024;
const WORD_BYTES_MAX = 64;
const CERTIFICATES_TYPE = 'application/vnd.vouchsafe.snp-certificates';

type Format = Attester['format'];

/** What the kernel calls its providers. */
const providers: Readonly<Record<string, Format>> = {
  sev_guest: 'sev-snp',
  tdx_guest: 'tdx-dcap',
};

/** Somebody else's request came between; worth another try. */
const BUSY = ['EAGAIN', 'EBUSY', 'EINTR'];
/** Said of auxblob by providers that have none. */
const NOTHING = ['ENOENT', 'ENODATA', 'EINVAL', 'EOPNOTSUPP', 'ENOTSUP', 'ENXIO'];

function explain(error: unknown, path: string): ShimError {
  if (error instanceof ShimError) return error;
  const code = systemCodeOf(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new ShimError('tsm-denied', `${path}: not allowed (${code})`, {
      hint: 'only root may ask for evidence: run the shim as root, or give its container the report folder to write to',
      cause: error,
    });
  }
  if (code === 'ENXIO') {
    return new ShimError('tsm-no-provider', `${path}: the kernel has no TEE behind it`, {
      hint: 'load the guest driver: modprobe sev-guest, or modprobe tdx-guest',
      cause: error,
    });
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new ShimError('tsm-absent', `${path}: not there`, {
      hint: 'needs Linux 6.7 or newer with configfs mounted (mount -t configfs none /sys/kernel/config) and the guest driver loaded',
      cause: error,
    });
  }
  return new ShimError('tsm-failed', `${path}: ${code || 'failed'}`, {
    hint: 'dmesg may say what the firmware or the quoting service objects to',
    cause: error,
  });
}

class ConfigfsTsm implements Attester {
  readonly name = 'configfs-tsm';
  readonly format: Format;
  readonly #base: string;
  readonly #files: DeviceFiles;

  constructor(base: string, format: Format, files: DeviceFiles) {
    this.#base = base;
    this.format = format;
    this.#files = files;
  }

  async collect(reportData: Uint8Array): Promise<CollectedEvidence> {
    checkReportData(reportData);
    return await inFolder(this.#base, this.#files, async (folder) => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        const collected = await this.#request(folder, reportData);
        if (collected !== null) return collected;
      }
      throw new ShimError('tsm-busy', `${folder}: changed by others ${ATTEMPTS_MAX} times`, {
        hint: 'find out what else writes to the report interface, and try again',
      });
    });
  }

  /** Null when the request was changed while it was answered. */
  async #request(folder: string, reportData: Uint8Array): Promise<CollectedEvidence | null> {
    const before = await readGeneration(this.#files, folder);
    try {
      await this.#files.write(`${folder}/inblob`, reportData);
      const outblob = await this.#files.read(`${folder}/outblob`, EVIDENCE_BYTES_MAX);
      const endorsements = await this.#endorsements(folder);
      const provider = await readWord(this.#files, `${folder}/provider`);
      // Ours was the only write: anything else and the blob may be over somebody else's data.
      if ((await readGeneration(this.#files, folder)) !== before + 1n) return null;
      if (providers[provider] !== this.format || outblob.length === 0) {
        throw new ShimError('tsm-failed', `${folder}: no evidence of the expected kind`);
      }
      const type = evidenceTypeOf(this.format);
      return { evidence: { type, value: outblob }, endorsements };
    } catch (error) {
      if (BUSY.includes(systemCodeOf(error))) return null;
      throw error;
    }
  }

  async #endorsements(folder: string): Promise<readonly CmwRecord[]> {
    if (this.format !== 'sev-snp') return [];
    try {
      const table = await this.#files.read(`${folder}/auxblob`, CERTIFICATES_BYTES_MAX);
      return table.length === 0 ? [] : [{ type: CERTIFICATES_TYPE, value: table }];
    } catch (error) {
      if (NOTHING.includes(systemCodeOf(error))) return [];
      throw error;
    }
  }
}

async function readWord(files: DeviceFiles, path: string): Promise<string> {
  return (await files.read(path, WORD_BYTES_MAX)).toString('latin1').trim();
}

async function readGeneration(files: DeviceFiles, folder: string): Promise<bigint> {
  const text = await readWord(files, `${folder}/generation`);
  if (!/^\d{1,20}$/.test(text))
    throw new ShimError('tsm-failed', `${folder}/generation: no number`);
  return BigInt(text);
}

/** A folder of its own for each request, gone afterwards whatever happens. */
async function inFolder<T>(
  base: string,
  files: DeviceFiles,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = `${base}/vouchsafe-${randomBytes(8).toString('hex')}`;
  try {
    await files.makeFolder(folder);
  } catch (error) {
    throw explain(error, base);
  }
  let result: T;
  try {
    result = await use(folder);
  } catch (error) {
    // The first fault is the one to tell.
    await files.removeFolder(folder).catch(() => undefined);
    throw explain(error, folder);
  }
  await files.removeFolder(folder).catch((error: unknown) => {
    throw explain(error, folder);
  });
  return result;
}

/** Asks the kernel which TEE it speaks for. @throws ShimError 'tsm-absent', 'tsm-denied', 'tsm-no-provider' */
export async function openConfigfsTsm(
  settings: Pick<AttesterSettings, 'tsmPath'>,
  files: DeviceFiles,
): Promise<Attester> {
  const base = settings.tsmPath;
  const provider = await inFolder(base, files, (folder) => readWord(files, `${folder}/provider`));
  const format = Object.hasOwn(providers, provider) ? providers[provider] : undefined;
  if (format === undefined) {
    throw new ShimError('tsm-provider-unknown', `${base}: a TEE of a kind that is not known here`, {
      hint: `known: ${Object.keys(providers).join(', ')}`,
    });
  }
  return new ConfigfsTsm(base, format, files);
}

export const configfsTsm: AttesterKind = {
  name: 'configfs-tsm',
  isPresent: (settings) => nodeDeviceFiles.isFolder(settings.tsmPath),
  open: (settings) => openConfigfsTsm(settings, nodeDeviceFiles),
};
