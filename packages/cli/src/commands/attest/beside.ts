// What lies beside evidence, as the flags name it: of composite evidence each part has its own. Must never give one part
// what was meant for another.
import type { Flag, Values } from '../../arguments/flag.js';
import { repeatedFlag, UsageError } from '../../arguments/flag.js';
import type { IssuerFlags } from './trusted-issuer.js';

/** What is given for one piece of evidence. */
export interface Beside {
  readonly collateral: string | null;
  readonly certs: readonly string[];
  readonly crls: readonly string[];
  readonly eventLogs: readonly string[];
  /** Of a credential for a TPM's key: what was kept, and what the TPM made of it. */
  readonly pending: string | null;
  readonly answer: string | null;
  readonly issuer: IssuerFlags;
}

const files = { valueName: 'FILE' };
const names = { valueName: 'NAME' };

/** Each may be given once for every part of composite evidence, as NAME=VALUE. */
export const besideFlags = {
  collateral: repeatedFlag(
    'SGX, TDX: JSON file with Intel’s TCB info, QE identity, revocation lists and chains.',
    files,
  ),
  certs: repeatedFlag(
    'SEV-SNP: the VCEK or VLEK, DER or PEM, and its chain if at hand; without one, AMD’s. GPU: the device’s chain. TPM: issuers of the key’s certificate.',
    files,
  ),
  crl: repeatedFlag('SEV-SNP, GPU and TPM: revocation list, DER or PEM.', files),
  eventlog: repeatedFlag(
    'Measured-boot log that the quoted registers must bear out: CCEL or dstack JSON of a TD, binary log of a TPM, IMA list.',
    files,
  ),
  pending: repeatedFlag(
    'TPM: what "attest credential make" kept, for a key without certificate.',
    files,
  ),
  answer: repeatedFlag('TPM: what the TPM made of that credential.', files),
  jwks: repeatedFlag('Tokens: JSON file with the issuer’s key set.', files),
  'issuer-root': repeatedFlag(
    'Tokens that bring certificates: the root they must lead to, DER or PEM.',
    files,
  ),
  issuer: repeatedFlag('Tokens: the issuer that is trusted, to the letter.', names),
  audience: repeatedFlag('Tokens: the audience they must be for; without it, for none.', names),
} as const satisfies Readonly<Record<string, Flag<readonly string[]>>>;

export type BesideFlags = Values<typeof besideFlags>;

function gather(pick: (flag: keyof BesideFlags) => readonly string[]): Beside {
  // Of what there can be one of, the last counts, as for every flag.
  const last = (flag: keyof BesideFlags) => pick(flag).at(-1) ?? null;
  return {
    collateral: last('collateral'),
    certs: pick('certs'),
    crls: pick('crl'),
    eventLogs: pick('eventlog'),
    pending: last('pending'),
    answer: last('answer'),
    issuer: {
      jwks: last('jwks'),
      issuerRoot: last('issuer-root'),
      issuer: last('issuer'),
      audience: last('audience'),
    },
  };
}

/** For evidence of one part: values as they are. */
export function besideEvidence(flags: BesideFlags): Beside {
  return gather((flag) => flags[flag]);
}

/** NAME=VALUE; a path that begins so can be written ./NAME=VALUE. */
const named = /^([a-z][a-z0-9-]{0,31})=(.*)$/s;

/** NAME=VALUE is for the part of that name, and VALUE alone for `fallback`. */
function ownerOf(text: string, fallback: string): readonly [name: string, value: string] {
  const found = named.exec(text);
  return found === null ? [fallback, text] : [found[1] ?? '', found[2] ?? ''];
}

/**
 * What is given for each of these parts; what names none of them is for `lead`.
 * @throws UsageError if a value names another part
 */
export function besideParts(
  flags: Partial<BesideFlags>,
  parts: readonly string[],
  lead: string,
): ReadonlyMap<string, Beside> {
  const owned = (flag: keyof BesideFlags) => (flags[flag] ?? []).map((text) => ownerOf(text, lead));
  for (const flag of Object.keys(besideFlags) as (keyof BesideFlags)[]) {
    const unknown = owned(flag).find(([name]) => !parts.includes(name));
    if (unknown === undefined) continue;
    const known = parts.join(', ');
    throw new UsageError(`-${flag}: no part is named ${unknown[0]}; there are ${known}`);
  }
  const valuesOf = (part: string) => (flag: keyof BesideFlags) =>
    owned(flag).flatMap(([name, value]) => (name === part ? [value] : []));
  return new Map(parts.map((part) => [part, gather(valuesOf(part))]));
}
