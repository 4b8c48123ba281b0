// AMD's profile for SEV-SNP reports (draft-deeglaze-amd-sev-snp-corim-profile-02): measurements are numbered, in the order
// of the report's fields. Says which claim each number is.

import { equalBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import type { Requirement } from '../types.js';
import {
  bytesRequirement,
  type Claims,
  digestRequirement,
  joinClaims,
  onlyValue,
  svnRequirement,
} from './claims.js';
import type { CorimState } from './comid.js';
import { malformed, unsupported } from './fields.js';
import type { CorimMeasurement } from './measurement.js';

export const amdProfiles: readonly string[] = [
  'tag:amd.com,2024:snp-corim-profile',
  'http://amd.com/2024/snp-corim-profile',
];

const signers: Readonly<Record<string, 'vcek' | 'vlek'>> = {
  'oid:1.3.6.1.4.1.3704.3.1': 'vcek',
  'oid:1.3.6.1.4.1.3704.3.2': 'vlek',
};
const sha384 = 7;
const launchMeasurementKey = 641;
const chipIdBytes = 64;
const digestBytes = 48;

type Reader = (measurement: CorimMeasurement) => Claims;

const bytes =
  (claim: string, length: number): Reader =>
  (measurement) => ({ [claim]: bytesRequirement(onlyValue(measurement, 'raw'), length) });

/** Big-endian; a mask would have no meaning for a claim that is a number. */
const number =
  (claim: string, length: number): Reader =>
  (measurement) => {
    const { value, mask } = onlyValue(measurement, 'raw');
    if (mask !== null || value.length !== length) throw unsupported(`${claim}: kind of value`);
    return { [claim]: [value.reduce((sum, byte) => sum * 256 + byte, 0)] };
  };

/** TCB_VERSION as a little-endian number. A minimum would compare its parts as one number: refused. */
const tcb =
  (claim: string): Reader =>
  (measurement) => {
    const { svn, isMinimum } = onlyValue(measurement, 'svn');
    if (isMinimum) throw unsupported(`${claim}: a minimum of several levels at once`);
    const raw = new Uint8Array(8);
    if (svn >> 64n !== 0n) throw malformed(`${claim}: more than 64 bits`);
    new DataView(raw.buffer).setBigUint64(0, svn, true);
    return { [claim]: [encodeHex(raw)] };
  };

const firmware =
  (prefix: string): Reader =>
  (measurement) => {
    const { version } = onlyValue(measurement, 'version');
    const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(version)?.slice(1).map(Number);
    if (parts === undefined) throw malformed(`${prefix}: want three numbers`);
    return Object.fromEntries(
      ['major', 'minor', 'build'].map((part, i): [string, Requirement] => [
        `${prefix}_${part}`,
        [parts[i] ?? 0],
      ]),
    );
  };

const readers: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [
    0,
    (measurement) => {
      const { version } = onlyValue(measurement, 'version');
      if (!/^\d{1,3}$/.test(version)) throw malformed('report version');
      return { report_version: [Number(version)] };
    },
  ],
  [1, (measurement) => ({ guest_svn: svnRequirement(onlyValue(measurement, 'svn')) })],
  [2, bytes('policy', 8)],
  [3, bytes('family_id', 16)],
  [4, bytes('image_id', 16)],
  [5, number('vmpl', 4)],
  [6, tcb('current_tcb')],
  [7, bytes('platform_info', 8)],
  [640, bytes('report_data', 64)],
  [
    launchMeasurementKey,
    (measurement) => ({
      measurement: digestRequirement(onlyValue(measurement, 'digests').digests, sha384),
    }),
  ],
  [642, bytes('host_data', 32)],
  [643, bytes('id_key_digest', digestBytes)],
  [644, bytes('author_key_digest', digestBytes)],
  [645, bytes('report_id', 32)],
  [646, bytes('report_id_ma', 32)],
  [647, tcb('reported_tcb')],
  [648, number('cpuid_family', 1)],
  [649, number('cpuid_model', 1)],
  [650, number('cpuid_stepping', 1)],
  [3328, bytes('chip_id', chipIdBytes)],
  [3329, tcb('committed_tcb')],
  [3330, firmware('current_firmware')],
  [3936, firmware('committed_firmware')],
  [3968, tcb('launch_tcb')],
]);

/** Whose reports. Veraison names an environment by its launch measurement: the same value must be asked for. */
function environmentClaims({ environment, measurements }: CorimState): Claims {
  const { classId, vendor, model, instance } = environment;
  const signer = signers[classId ?? ''];
  if (signer === undefined || vendor !== null || model !== null) {
    throw unsupported('class that is not one of AMD’s two');
  }
  const claims: Claims = { signer: [signer] };
  if (instance === null) return claims;
  if (signer === 'vlek') {
    const name = String.fromCharCode(...instance);
    if (!/^[\x20-\x7e]+$/.test(name)) throw unsupported('name of a cloud provider');
    return { ...claims, csp_id: [name] };
  }
  if (instance.length === chipIdBytes) return { ...claims, chip_id: [encodeHex(instance)] };
  const launch = measurements.find(({ key }) => key === launchMeasurementKey);
  const digest =
    launch === undefined ? undefined : onlyValue(launch, 'digests').digests.get(sha384);
  if (digest === undefined || !equalBytes(digest, instance)) throw unsupported('kind of instance');
  return claims;
}

/** @throws EvidenceError 'unsupported-format' | 'malformed' */
export function amdClaims(state: CorimState): Claims {
  return joinClaims([
    environmentClaims(state),
    ...state.measurements.map((measurement) => {
      const read = typeof measurement.key === 'number' ? readers.get(measurement.key) : undefined;
      if (read === undefined) throw unsupported(`measurement ${measurement.key}`);
      return read(measurement);
    }),
  ]);
}
