// A GPU's measurement report: the SPDM 1.1 request GET_MEASUREMENTS and its response MEASUREMENTS, one after the other
// (DSP0274 1.1.1, sections 10.11.1 and 10.11.2). Parsing trusts nothing.

import { copyBytes } from '../encoding/bytes.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import type { Evidence } from '../types.js';
import { type OpaqueData, parseOpaque } from './opaque.js';

export interface GpuReport extends Evidence {
  readonly format: 'nvidia-gpu';
  /** Of the request: ours. The response has one of the device's own. */
  readonly nonce: Uint8Array;
  /** Index, from 1, to digest. */
  readonly measurements: ReadonlyMap<number, Uint8Array>;
  readonly opaque: OpaqueData;
  /** What the signature covers: request and response up to the signature. */
  readonly signed: Uint8Array;
  /** r || s. */
  readonly signature: Uint8Array;
}

const version = 0x11;
const code = { getMeasurements: 0xe0, measurements: 0x60 } as const;
const nonceBytes = 32;
const digestBytes = 48;
const signatureBytes = 96;
const requestBytes = 37;
/** Far above the 64 measurements of a Hopper. */
const reportBytesMax = 32_768;
const blocksMax = 254;

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `GPU report: ${why}`);
}

export function looksLikeGpuReport(bytes: Uint8Array): boolean {
  return (
    bytes.length > requestBytes + signatureBytes &&
    bytes[0] === version &&
    bytes[1] === code.getMeasurements &&
    bytes[requestBytes] === version &&
    bytes[requestBytes + 1] === code.measurements
  );
}

/** Version and code of a message. @throws EvidenceError 'unsupported-version' | 'malformed' */
function readHeader(reader: ByteReader, expected: number): void {
  if (reader.u8('version') !== version) {
    throw new EvidenceError('unsupported-version', 'GPU report: want SPDM 1.1');
  }
  if (reader.u8('code') !== expected) throw malformed('another message than its place asks for');
}

/** All measurements, signed, of slot 0: anything less is not a report. */
function readRequest(reader: ByteReader): Uint8Array {
  readHeader(reader, code.getMeasurements);
  if (reader.u8('attributes') !== 1) throw malformed('no signature was asked for');
  if (reader.u8('operation') !== 0xff) throw malformed('not all measurements were asked for');
  const nonce = reader.bytes(nonceBytes, 'nonce');
  if (reader.u8('slot') !== 0) throw malformed('not of the device’s own certificates');
  return nonce;
}

/** DMTF measurement blocks (section 10.11.2), each a digest of firmware or configuration. */
function readMeasurements(reader: ByteReader): ReadonlyMap<number, Uint8Array> {
  const count = reader.u8('number of blocks');
  const length = reader.u16le('record length') + reader.u8('record length') * 0x10000;
  if (count === 0 || count > blocksMax) throw malformed('number of measurements');
  const record = reader.sub(length, 'record');
  const measurements = new Map<number, Uint8Array>();
  for (let block = 0; block < count; block += 1) {
    const index = record.u8('index');
    if (record.u8('specification') !== 1) throw malformed('measurement of another specification');
    const inner = record.sub(record.u16le('size'), 'measurement');
    // Bit 7 would say that the value is raw instead of a digest.
    if ((inner.u8('type') & 0x80) !== 0) throw malformed('measurement that is no digest');
    if (inner.u16le('value size') !== digestBytes) throw malformed('digest of another length');
    const digest = inner.bytes(digestBytes, 'value');
    inner.end();
    if (index === 0 || index === 0xff || measurements.has(index))
      throw malformed('index of a block');
    measurements.set(index, digest);
  }
  record.end();
  return measurements;
}

/** @throws EvidenceError 'malformed' | 'unsupported-version' | 'trailing-data' */
export function parseGpuReport(bytes: Uint8Array): GpuReport {
  if (bytes.length > reportBytesMax) throw malformed('too long');
  const raw = copyBytes(bytes);
  const reader = new ByteReader(raw, 'GPU report');
  const nonce = readRequest(reader);
  readHeader(reader, code.measurements);
  // Number of indices, which is 0 when blocks were asked for; slot and whether content changed.
  if (reader.u8('indices') !== 0) throw malformed('an answer to another question');
  if (reader.u8('slot') !== 0) throw malformed('slot, or measurements that were changing');
  const measurements = readMeasurements(reader);
  reader.bytes(nonceBytes, 'nonce of the device');
  const opaque = parseOpaque(reader.bytes(reader.u16le('opaque length'), 'opaque data'));
  const signed = raw.subarray(0, reader.offset);
  const signature = reader.bytes(signatureBytes, 'signature');
  reader.end();
  return { format: 'nvidia-gpu', nonce, measurements, opaque, signed, signature };
}
