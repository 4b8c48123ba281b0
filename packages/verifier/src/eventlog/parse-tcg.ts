// The binary logs of TCG firmware: crypto agile (TCG_PCR_EVENT2) and SHA-1 only (TCG_PCR_EVENT), of
// TPMs and, as CCEL, of TDs (PC Client Platform Firmware Profile 1.06, section 10; UEFI 2.10, section
// 38). Must never trust an event, nor let anything follow the last one but filler.

import { copyBytes, isZero } from '../encoding/bytes.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import {
  type Bank,
  bankBytes,
  type EventLog,
  eventLogBytesMax,
  eventsMax,
  eventType,
  type LogEvent,
} from './event-log.js';

/** TPM_ALG_ID of the banks that can be replayed (TPM 2.0 part 2, table 9). */
const bankOfAlgorithm: ReadonlyMap<number, Bank> = new Map([
  [0x4, 'sha1'],
  [0xb, 'sha256'],
  [0xc, 'sha384'],
  [0xd, 'sha512'],
]);

const algorithmsMax = 8;
const digestBytesMax = 64;
const pcrMax = 23;
/** UEFI 2.10, 38.4.1: measurement register 0 is MRTD, 1 to 4 are RTMR 0 to 3. */
const ccelRegisterMax = 4;
const agileSignature = 'Spec ID Event03\0';
const localitySignature = 'StartupLocality\0';

type LogKind = 'tcg' | 'ccel';
type Algorithms = ReadonlyMap<number, number>;

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `event log: ${why}`);
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** TCG_EfiSpecIDEvent: which algorithms every event has a digest of, and how long each is. */
function readAlgorithms(data: Uint8Array): Algorithms {
  const reader = new ByteReader(data, 'event log header');
  reader.bytes(16, 'signature');
  reader.u32le('platform class');
  reader.bytes(4, 'version');
  const count = reader.u32le('number of algorithms');
  if (count === 0 || count > algorithmsMax) throw malformed(`${count} algorithms`);
  const algorithms = new Map<number, number>();
  for (let i = 0; i < count; i += 1) {
    const id = reader.u16le('algorithm');
    const length = reader.u16le('digest size');
    const bank = bankOfAlgorithm.get(id);
    const fits = bank === undefined ? length <= digestBytesMax : length === bankBytes[bank];
    if (algorithms.has(id) || length === 0 || !fits) throw malformed('header names wrong digests');
    algorithms.set(id, length);
  }
  reader.bytes(reader.u8('vendor info size'), 'vendor info');
  reader.end();
  return algorithms;
}

function registerOf(index: number, type: number, kind: LogKind): number | null {
  // Extends nothing, and Windows writes 0xFFFFFFFF there.
  if (type === eventType.noAction) return null;
  if (index > (kind === 'ccel' ? ccelRegisterMax : pcrMax)) throw malformed(`register ${index}`);
  if (kind === 'tcg') return index;
  if (index === 0) throw malformed('an event that extends MRTD');
  return index - 1;
}

function readSha1Event(reader: ByteReader, kind: LogKind): LogEvent {
  const index = reader.u32le('register');
  const type = reader.u32le('type');
  const digest = reader.bytes(20, 'digest');
  const data = reader.bytes(reader.u32le('size'), 'data');
  const register = registerOf(index, type, kind);
  return { register, type, digests: new Map([['sha1', digest]]), data, name: null };
}

function readAgileEvent(reader: ByteReader, kind: LogKind, algorithms: Algorithms): LogEvent {
  const index = reader.u32le('register');
  const type = reader.u32le('type');
  const count = reader.u32le('number of digests');
  if (count !== algorithms.size) throw malformed(`an event with ${count} digests`);
  const seen = new Set<number>();
  const digests = new Map<Bank, Uint8Array>();
  for (let i = 0; i < count; i += 1) {
    const id = reader.u16le('algorithm');
    const length = algorithms.get(id);
    if (length === undefined || seen.has(id)) throw malformed('an event with a wrong digest');
    seen.add(id);
    const digest = reader.bytes(length, 'digest');
    const bank = bankOfAlgorithm.get(id);
    if (bank !== undefined) digests.set(bank, digest);
  }
  const data = reader.bytes(reader.u32le('size'), 'data');
  return { register: registerOf(index, type, kind), type, digests, data, name: null };
}

/**
 * Where the events end: at the end of the bytes, or where only 0xFF or only zeros follow. An event of
 * all zeros would be EV_PREBOOT_CERT without a digest, which is none.
 */
function isFiller(rest: Uint8Array): boolean {
  return isZero(rest) || rest.every((byte) => byte === 0xff);
}

/** PC Client Platform Firmware Profile 1.06, section 10.4.5.3. Only before PCR 0 was extended. */
function readLocality(events: readonly LogEvent[], kind: LogKind): number {
  let locality = 0;
  let extended = false;
  let stated = false;
  for (const { register, type, data } of events) {
    if (register === 0) extended = true;
    if (type !== eventType.noAction || kind !== 'tcg') continue;
    if (data.length !== 17 || ascii(data.subarray(0, 16)) !== localitySignature) continue;
    locality = data[16] ?? 0;
    // 0 and 3 by TPM2_Startup, 4 by an H-CRTM.
    if (stated || extended || ![0, 3, 4].includes(locality)) throw malformed('startup locality');
    stated = true;
  }
  return locality;
}

/**
 * Reads a log as firmware keeps it; 'tcg' of a TPM, 'ccel' of a TD. At most 1 MiB and 4096 events.
 * Whether it is crypto agile is told by its first event. The input is copied first.
 * @throws EvidenceError 'malformed' | 'trailing-data'
 */
export function parseTcgEventLog(input: Uint8Array, kind: LogKind): EventLog {
  if (input.length > eventLogBytesMax) throw malformed('too large');
  const bytes = copyBytes(input);
  const reader = new ByteReader(bytes, 'event log');
  const first = readSha1Event(reader, kind);
  const agile =
    first.type === eventType.noAction && ascii(first.data.subarray(0, 16)) === agileSignature;
  if (kind === 'ccel' && !agile) throw malformed('CCEL that is not crypto agile');
  const algorithms = agile ? readAlgorithms(first.data) : new Map([[0x4, 20]]);
  const events: LogEvent[] = agile ? [] : [first];
  while (reader.remaining > 0) {
    if (isFiller(bytes.subarray(reader.offset))) break;
    if (events.length >= eventsMax) throw malformed(`more than ${eventsMax} events`);
    events.push(agile ? readAgileEvent(reader, kind, algorithms) : readSha1Event(reader, kind));
  }
  const banks = [...algorithms.keys()].flatMap((id) => bankOfAlgorithm.get(id) ?? []);
  return { kind, banks, startupLocality: readLocality(events, kind), events };
}
