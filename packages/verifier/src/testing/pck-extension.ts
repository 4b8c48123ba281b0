// Writes the SGX extensions of a PCK certificate, for the software Intel of dcap-ca.ts.

import {
  derBoolean,
  derEnumerated,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
} from './der-writer.js';
import type { MintedExtension } from './x509.js';

/** What a PCK certificate states of its platform. Null leaves a field out. */
export interface PckFields {
  readonly ppid: Uint8Array;
  readonly sgxComponents: readonly number[];
  readonly pceSvn: number;
  readonly cpuSvn: Uint8Array;
  readonly pceId: Uint8Array;
  readonly fmspc: Uint8Array;
  readonly platformInstanceId: Uint8Array | null;
  readonly dynamicPlatform: boolean;
  readonly cachedKeys: boolean;
  readonly smtEnabled: boolean;
}

const base = '1.2.840.113741.1.13.1';

function field(id: string, value: Uint8Array): Uint8Array {
  return derSequence(derOid(`${base}.${id}`), value);
}

export function pckExtension(fields: PckFields): MintedExtension {
  const tcb = [
    ...fields.sgxComponents.map((svn, index) => field(`2.${index + 1}`, derInteger(svn))),
    field('2.17', derInteger(fields.pceSvn)),
    field('2.18', derOctetString(fields.cpuSvn)),
  ];
  const configuration = derSequence(
    field('7.1', derBoolean(fields.dynamicPlatform)),
    field('7.2', derBoolean(fields.cachedKeys)),
    field('7.3', derBoolean(fields.smtEnabled)),
  );
  const instance =
    fields.platformInstanceId === null
      ? []
      : [field('6', derOctetString(fields.platformInstanceId)), field('7', configuration)];
  const value = derSequence(
    field('1', derOctetString(fields.ppid)),
    field('2', derSequence(...tcb)),
    field('3', derOctetString(fields.pceId)),
    field('4', derOctetString(fields.fmspc)),
    field('5', derEnumerated(1)),
    ...instance,
  );
  return { oid: base, value };
}
