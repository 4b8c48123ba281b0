// Reads a measured-boot log from a file, of whichever kind it is. Judges nothing of what it says.
import {
  type EventLog,
  type EvidenceFormat,
  type ImaList,
  parseDstackEventLog,
  parseImaBinary,
  parseImaText,
  parseTcgEventLog,
} from '@vouchsafe/verifier';
import { readBounded } from './evidence-files.js';

/** Evidence whose registers are those of a TD; all others have PCRs. */
const ofTd: readonly EvidenceFormat[] = ['tdx-dcap'];

/**
 * What begins as JSON is dstack's; a line of numbers and hex, or the name of a template where IMA has it, is an IMA list; the rest is
 * firmware's: a CCEL for a TD, a TPM's log otherwise.
 * @throws EvidenceError 'malformed' and others, CommandError
 */
export function readEventLog(path: string, format: EvidenceFormat): EventLog | ImaList {
  const bytes = new Uint8Array(readBounded(path, 'event log'));
  const head = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  if (/^\s*\[/.test(head)) return parseDstackEventLog(Buffer.from(bytes).toString('utf8'));
  if (/^ ?[0-9]{1,2} [0-9a-f]{40} /.test(head))
    return parseImaText(Buffer.from(bytes).toString('utf8'));
  // A list begins with PCR, SHA-1 and length of the template's name.
  if (head.slice(28, 32) === 'ima-') return parseImaBinary(bytes);
  return parseTcgEventLog(bytes, ofTd.includes(format) ? 'ccel' : 'tcg');
}
