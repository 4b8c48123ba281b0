// Intel's SGX extensions of a PCK certificate (Intel SGX PCK Certificate and CRL Specification,
// section 1.3.5): which platform this is and what its TCB is. Reads; trusts nothing.

import { certificateDerLimits, DerReader } from '../encoding/der.js';
import { EvidenceError } from '../errors.js';
import type { Extensions } from '../pki/certificate.js';

export interface PckExtensions {
  readonly ppid: Uint8Array;
  /** 16 security version numbers of the SGX platform. */
  readonly sgxComponents: readonly number[];
  readonly pceSvn: number;
  readonly cpuSvn: Uint8Array;
  readonly pceId: Uint8Array;
  readonly fmspc: Uint8Array;
  readonly sgxType: number;
  /** Only on multi-package (Platform CA) parts. */
  readonly platformInstanceId: Uint8Array | null;
  readonly dynamicPlatform: boolean | null;
  readonly cachedKeys: boolean | null;
  readonly smtEnabled: boolean | null;
}

const base = '1.2.840.113741.1.13.1';
const componentCount = 16;

/** @throws EvidenceError 'malformed' | 'trailing-data' if one is missing, double or misshapen */
export function parsePckExtensions(extensions: Extensions): PckExtensions {
  const extension = extensions.get(base);
  if (extension === undefined) throw malformed('no SGX extensions');
  const outer = DerReader.open(extension.value, 'PCK extensions', certificateDerLimits);
  const list = outer.sequence('SGX extensions');
  outer.end();
  const fields = readFields(list, base);
  const tcb = readFields(getField(fields, '2').sequence('TCB'), `${base}.2`);
  const sgxComponents = Array.from({ length: componentCount }, (_, index) =>
    readByte(getField(tcb, String(index + 1)), `component ${index + 1}`),
  );
  const configuration = fields.get('7')?.sequence('configuration');
  const flags = configuration === undefined ? new Map() : readFields(configuration, `${base}.7`);
  const flag = (id: string): boolean | null => flags.get(id)?.boolean('flag') ?? null;
  return {
    ppid: readOctets(fields, '1', 16),
    sgxComponents,
    pceSvn: readSvn(getField(tcb, '17')),
    cpuSvn: readOctets(tcb, '18', 16),
    pceId: readOctets(fields, '3', 2),
    fmspc: readOctets(fields, '4', 6),
    sgxType: getField(fields, '5').enumerated('SGX type'),
    platformInstanceId: fields.has('6') ? readOctets(fields, '6', 16) : null,
    dynamicPlatform: flag('1'),
    cachedKeys: flag('2'),
    smtEnabled: flag('3'),
  };
}

type Fields = ReadonlyMap<string, DerReader>;

/** SEQUENCE OF SEQUENCE { id, value }: the last arc of each id to a reader at its value. */
function readFields(list: DerReader, prefix: string): Fields {
  const fields = new Map<string, DerReader>();
  while (!list.done) {
    const entry = list.sequence('entry');
    const oid = entry.oid('id');
    const id = oid.slice(prefix.length + 1);
    if (!oid.startsWith(`${prefix}.`) || fields.has(id)) throw malformed(`unexpected ${oid}`);
    const value = entry.next('value');
    entry.end();
    fields.set(id, entry.nested(value.raw, id));
  }
  return fields;
}

function getField(fields: Fields, id: string): DerReader {
  const reader = fields.get(id);
  if (reader === undefined) throw malformed(`field ${id} is missing`);
  return reader;
}

function readOctets(fields: Fields, id: string, length: number): Uint8Array {
  const bytes = getField(fields, id).octetString(id);
  if (bytes.length !== length) throw malformed(`field ${id} is not ${length} bytes`);
  return bytes;
}

function readByte(reader: DerReader, name: string): number {
  const value = reader.smallInteger(name);
  if (value > 0xff) throw malformed(`${name} is over 255`);
  return value;
}

function readSvn(reader: DerReader): number {
  const value = reader.smallInteger('PCESVN');
  if (value > 0xffff) throw malformed('PCESVN is over 65535');
  return value;
}

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `PCK certificate: ${why}`);
}
