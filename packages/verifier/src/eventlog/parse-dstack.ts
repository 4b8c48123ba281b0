// The log of a dstack TD: JSON, firmware's events in RTMR 0 to 2 and the workload's own in RTMR 3
// (dstack attestation documentation, 'event log'). Must never trust a digest, a name or a payload.

import {
  readCount,
  readHexBytes,
  readList,
  readObject,
  readString,
} from '../encoding/json-members.js';
import { type Json, parseStrictJson } from '../encoding/strict-json.js';
import { EvidenceError } from '../errors.js';
import {
  bankBytes,
  type EventLog,
  eventLogBytesMax,
  eventsMax,
  eventType,
  type LogEvent,
} from './event-log.js';

const limits = { charactersMax: 2 * eventLogBytesMax, depthMax: 2, valuesMax: 6 * eventsMax + 1 };
const members = ['imr', 'event_type', 'digest', 'event', 'event_payload'];
const what = 'dstack event log';

function readEvent(value: Json): LogEvent {
  const event = readObject(value, what, members);
  const type = readCount(event.event_type, `${what} event_type`, 0xffffffff);
  const digest = readHexBytes(event.digest, `${what} digest`);
  if (digest.length > bankBytes.sha384) {
    throw new EvidenceError('malformed', `${what}: digest is too long`);
  }
  // A TD has SHA-384 registers; dstack pads shorter digests with zeros.
  const padded = new Uint8Array(bankBytes.sha384);
  padded.set(digest);
  const register = readCount(event.imr, `${what} imr`, 3);
  const name = readString(event.event, `${what} event`);
  return {
    register: type === eventType.noAction ? null : register,
    type,
    digests: new Map([['sha384', padded]]),
    data: readHexBytes(event.event_payload, `${what} event_payload`),
    name: type === eventType.dstackRuntime ? name : null,
  };
}

/** At most 4096 events. @throws EvidenceError 'malformed' */
export function parseDstackEventLog(text: string): EventLog {
  const { value } = parseStrictJson(text, what, limits);
  const events = readList(value, what, eventsMax).map(readEvent);
  return { kind: 'dstack', banks: ['sha384'], startupLocality: 0, events };
}
