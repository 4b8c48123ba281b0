// Environments and measurements of a CoMID (draft-ietf-rats-corim, sections 5.1.4 and 5.1.5): whose state it is, and what
// the state is. Reads; what a value means for evidence, a profile says.

import type { CborItem } from '../encoding/cbor.js';
import { cborArray, cborBytes, cborInteger, cborMap } from '../encoding/cbor-fields.js';
import { encodeHex } from '../encoding/hex.js';
import {
  findTagged,
  malformed,
  oidText,
  readCount,
  readMembers,
  readText,
  requireMember,
  unsupported,
} from './fields.js';

const tags = { oid: 111n, uuid: 37n, bytes: 560n, maskedBytes: 563n, svn: 552n, minSvn: 553n };
const bytesMax = 1024;
const listMax = 64;
const anyBytes = { min: 1, max: bytesMax };
const uuidBytes = { min: 16, max: 16 };

/** Null: the environment does not say. */
export interface CorimEnvironment {
  /** 'oid:1.2.3', 'uuid:…' or 'bytes:…' in hex. */
  readonly classId: string | null;
  readonly vendor: string | null;
  readonly model: string | null;
  readonly instance: Uint8Array | null;
}

/** Hash algorithm (IANA named information) to value. */
export type CorimDigests = ReadonlyMap<number, Uint8Array>;

export type CorimValue =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'svn'; readonly svn: bigint; readonly isMinimum: boolean }
  | { readonly kind: 'digests'; readonly digests: CorimDigests }
  | { readonly kind: 'raw'; readonly value: Uint8Array; readonly mask: Uint8Array | null }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'registers'; readonly registers: ReadonlyMap<number | string, CorimDigests> };

/** One measured thing, and all that is said of it. */
export interface CorimMeasurement {
  readonly key: number | string | null;
  readonly values: readonly CorimValue[];
}

function readIdentifier(item: CborItem, field: string): string {
  const oid = findTagged(item, tags.oid);
  if (oid !== null) return `oid:${oidText(cborBytes(oid, field, anyBytes))}`;
  const uuid = findTagged(item, tags.uuid);
  if (uuid !== null) return `uuid:${encodeHex(cborBytes(uuid, field, uuidBytes))}`;
  const bytes = findTagged(item, tags.bytes);
  if (bytes !== null) return `bytes:${encodeHex(cborBytes(bytes, field, anyBytes))}`;
  throw unsupported(`${field}: kind of identifier`);
}

/** environment-map. Layers, indices and groups are refused: no evidence here states them. */
export function readEnvironment(item: CborItem): CorimEnvironment {
  const members = readMembers(item, 'environment', [0, 1]);
  const classMap = members.get(0);
  if (classMap === undefined) throw unsupported('environment without a class');
  const parts = readMembers(classMap, 'class', [0, 1, 2]);
  const [id, vendor, model] = [parts.get(0), parts.get(1), parts.get(2)];
  const instance = members.get(1);
  const instanceBytes = instance === undefined ? null : findTagged(instance, tags.bytes);
  if (instance !== undefined && instanceBytes === null) throw unsupported('kind of instance');
  return {
    classId: id === undefined ? null : readIdentifier(id, 'class id'),
    vendor: vendor === undefined ? null : readText(vendor, 'vendor'),
    model: model === undefined ? null : readText(model, 'model'),
    instance: instanceBytes === null ? null : cborBytes(instanceBytes, 'instance', anyBytes),
  };
}

function readDigests(item: CborItem): CorimDigests {
  const digests = new Map<number, Uint8Array>();
  for (const digest of cborArray(item, 'digests', { min: 1, max: listMax })) {
    const [algorithm, value] = cborArray(digest, 'digest', { min: 2, max: 2 });
    if (algorithm === undefined || value === undefined) throw malformed('digest');
    const id = cborInteger(algorithm, 'hash algorithm', { min: 0, max: 63 });
    if (digests.has(id)) throw malformed('hash algorithm twice');
    digests.set(id, cborBytes(value, 'digest', anyBytes));
  }
  return digests;
}

function readSvn(item: CborItem): CorimValue {
  const minimum = findTagged(item, tags.minSvn);
  const number = minimum ?? findTagged(item, tags.svn) ?? item;
  if (number.type !== 'integer' || number.value < 0n) throw malformed('svn: want a number from 0');
  return { kind: 'svn', svn: number.value, isMinimum: minimum !== null };
}

function readRaw(item: CborItem): CorimValue {
  const plain = findTagged(item, tags.bytes);
  if (plain !== null) {
    return { kind: 'raw', value: cborBytes(plain, 'raw value', anyBytes), mask: null };
  }
  const masked = findTagged(item, tags.maskedBytes);
  if (masked === null) throw unsupported('kind of raw value');
  const [first, second] = cborArray(masked, 'masked value', { min: 2, max: 2 });
  if (first === undefined || second === undefined) throw malformed('masked value');
  const value = cborBytes(first, 'masked value', anyBytes);
  const mask = cborBytes(second, 'mask', { min: value.length, max: value.length });
  return { kind: 'raw', value, mask };
}

function readRegisters(item: CborItem): CorimValue {
  const entries = cborMap(item, 'integrity registers', { min: 1, max: listMax });
  return {
    kind: 'registers',
    registers: new Map(
      entries.map(({ key, value }) => [
        typeof key === 'bigint' ? Number(key) : key,
        readDigests(value),
      ]),
    ),
  };
}

/** Code point of measurement-values-map to its reader. Flags, addresses, keys and profiles' own are refused. */
const readers: ReadonlyMap<number, (item: CborItem) => CorimValue> = new Map([
  [
    0,
    (item) => {
      const members = readMembers(item, 'version', [0, 1]);
      return {
        kind: 'version',
        version: readText(requireMember(members, 0, 'version'), 'version'),
      };
    },
  ],
  [1, readSvn],
  [2, (item) => ({ kind: 'digests', digests: readDigests(item) })],
  [4, readRaw],
  [11, (item) => ({ kind: 'name', name: readText(item, 'name') })],
  [14, readRegisters],
]);

function readKey(item: CborItem): number | string {
  if (item.type === 'text') return readText(item, 'measurement key');
  if (item.type === 'integer') return readCount(item, 'measurement key');
  return readIdentifier(item, 'measurement key');
}

/** measurement-map. Who may have made it (`authorized-by`) is refused: nothing here could check that. */
export function readMeasurement(item: CborItem): CorimMeasurement {
  const members = readMembers(item, 'measurement', [0, 1]);
  const values = readMembers(requireMember(members, 1, 'measurement'), 'values', [
    ...readers.keys(),
  ]);
  if (values.size === 0) throw malformed('measurement without a value');
  const key = members.get(0);
  return {
    key: key === undefined ? null : readKey(key),
    values: [...values].map(([code, value]) => {
      const read = readers.get(code);
      if (read === undefined) throw unsupported(`value ${code}`);
      return read(value);
    }),
  };
}

/** A list of measurements: of a triple, or of a condition. */
export function readMeasurements(item: CborItem): readonly CorimMeasurement[] {
  return cborArray(item, 'measurements', { min: 1, max: listMax }).map(readMeasurement);
}
