// Options of an audit device as operators give them, checked. What is not known is refused: an option that is ignored
// would be a promise about the log that nobody keeps.
import { invalidRequest } from '../framework/errors.js';

/** How records look on one device. */
export interface RecordOptions {
  /** Nothing is hashed, on this device only. */
  readonly logRaw: boolean;
  readonly hmacAccessor: boolean;
  /** Lists are written as how many names there were. */
  readonly elideListResponses: boolean;
  /** Put before each line; '' unless the server's configuration allows it. */
  readonly prefix: string;
}

/** What shows least. */
export const DEFAULT_RECORD_OPTIONS: RecordOptions = {
  logRaw: false,
  hmacAccessor: true,
  elideListResponses: false,
  prefix: '',
};

export interface DeviceOptions extends RecordOptions {
  /** A path, 'stdout' or 'discard'. */
  readonly filePath: string;
  /** Of a file; null keeps what is there, and 0600 for a new one. */
  readonly mode: number | null;
  readonly skipTest: boolean;
}

const KNOWN: ReadonlySet<string> = new Set([
  'file_path',
  'path',
  'mode',
  'log_raw',
  'hmac_accessor',
  'elide_list_responses',
  'format',
  'prefix',
  'skip_test',
]);
const EXECUTABLE = 0o111;

function readFlag(options: Readonly<Record<string, string>>, name: string, absent: boolean) {
  const text = options[name];
  if (text === undefined || text === '') return absent;
  if (['true', '1', 't', 'T', 'TRUE', 'True'].includes(text)) return true;
  if (['false', '0', 'f', 'F', 'FALSE', 'False'].includes(text)) return false;
  throw invalidRequest(`audit option "${name}" is not valid: want true or false`, 'audit-option');
}

function readMode(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  if (!/^0?[0-7]{3,4}$/.test(text)) {
    throw invalidRequest(
      'audit option "mode" is not valid: want octal, such as 0600',
      'audit-option',
    );
  }
  const mode = Number.parseInt(text, 8);
  if ((mode & EXECUTABLE) !== 0 || mode > 0o777) {
    throw invalidRequest('audit option "mode" is not valid: must not be executable', 'audit-mode');
  }
  return mode === 0 ? null : mode;
}

/** @param allowPrefix from the server's configuration (allow_audit_log_prefixing). @throws ApiError audit-option, … */
export function parseDeviceOptions(
  type: string,
  options: Readonly<Record<string, string>>,
  allowPrefix: boolean,
): DeviceOptions {
  if (type !== 'file' && type !== 'stdout') {
    throw invalidRequest('unknown audit device type: want "file" or "stdout"', 'audit-type');
  }
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) throw invalidRequest(`unknown audit option "${name}"`, 'audit-option');
  }
  const { format = 'json', prefix = '' } = options;
  if (format !== 'json') {
    throw invalidRequest('audit option "format" is not valid: want json', 'audit-option');
  }
  if (prefix !== '' && !allowPrefix) {
    throw invalidRequest('audit option "prefix" is not allowed by this server', 'audit-prefix');
  }
  const filePath = type === 'stdout' ? 'stdout' : (options.file_path ?? options.path ?? '');
  if (filePath === '') throw invalidRequest('file_path is required', 'audit-option');
  return {
    filePath: filePath === '/dev/stdout' ? 'stdout' : filePath,
    mode: readMode(options.mode),
    logRaw: readFlag(options, 'log_raw', false),
    hmacAccessor: readFlag(options, 'hmac_accessor', true),
    elideListResponses: readFlag(options, 'elide_list_responses', false),
    skipTest: readFlag(options, 'skip_test', false),
    prefix,
  };
}
