// A concise module identifier (draft-ietf-rats-corim, section 5): triples of reference values and endorsements. Kinds of
// triples that are not listed here are refused, since leaving one out could widen what is accepted.

import { type CborItem, type CborLimits, parseCbor } from '../encoding/cbor.js';
import { cborArray, cborBytes } from '../encoding/cbor-fields.js';
import { malformed, readMembers, readText, requireMember, unsupported } from './fields.js';
import {
  type CorimEnvironment,
  type CorimMeasurement,
  readEnvironment,
  readMeasurements,
} from './measurement.js';

const triplesMax = 512;

/** What is, or should be, the state of an environment. */
export interface CorimState {
  readonly environment: CorimEnvironment;
  readonly measurements: readonly CorimMeasurement[];
}

/** What the endorser adds about environments, if all conditions hold. No condition: about the environment as such. */
export interface CorimEndorsement {
  readonly conditions: readonly CorimState[];
  readonly endorsed: readonly CorimState[];
}

export interface Comid {
  readonly id: string;
  readonly reference: readonly CorimState[];
  readonly endorsements: readonly CorimEndorsement[];
}

function readPair(item: CborItem, field: string): readonly [CborItem, CborItem] {
  const [first, second] = cborArray(item, field, { min: 2, max: 2 });
  if (first === undefined || second === undefined) throw malformed(field);
  return [first, second];
}

function readState(item: CborItem): CorimState {
  const [environment, measurements] = readPair(item, 'triple');
  return {
    environment: readEnvironment(environment),
    measurements: readMeasurements(measurements),
  };
}

function readList<T>(item: CborItem | undefined, read: (item: CborItem) => T): readonly T[] {
  if (item === undefined) return [];
  return cborArray(item, 'triples', { min: 1, max: triplesMax }).map(read);
}

function readConditional(item: CborItem): CorimEndorsement {
  const [conditions, endorsed] = readPair(item, 'conditional endorsement');
  return { conditions: readList(conditions, readState), endorsed: readList(endorsed, readState) };
}

function readId(item: CborItem): string {
  const id = requireMember(readMembers(item, 'tag identity', [0, 1]), 0, 'tag identity');
  if (id.type === 'text') return readText(id, 'tag id');
  const uuid = id.type === 'tag' && id.tag === 37n ? id.content : id;
  const bytes = cborBytes(uuid, 'tag id', { min: 16, max: 16 });
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** People and organisations behind a document: of no weight, but of the right shape. */
export function checkEntities(item: CborItem | undefined): void {
  for (const entity of readList(item, (each) => each)) readMembers(entity, 'entity', [0, 1, 2]);
}

/** @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-format' */
export function parseComid(bytes: Uint8Array, limits: CborLimits): Comid {
  // Linked tags (3) need documents that are not here.
  const members = readMembers(parseCbor(bytes, 'CoMID', limits), 'CoMID', [0, 1, 2, 4]);
  checkEntities(members.get(2));
  const triples = readMembers(requireMember(members, 4, 'CoMID'), 'triples', [0, 1, 10]);
  if (triples.size === 0) throw unsupported('CoMID without triples');
  return {
    id: readId(requireMember(members, 1, 'CoMID')),
    reference: readList(triples.get(0), readState),
    endorsements: [
      ...readList(triples.get(1), (item) => ({ conditions: [], endorsed: [readState(item)] })),
      ...readList(triples.get(10), readConditional),
    ],
  };
}
