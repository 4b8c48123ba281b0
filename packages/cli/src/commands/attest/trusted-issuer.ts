// Whom `attest verify` believes: the vendors whose roots are built in, or, for results of other verifiers, the issuer
// that the flags name. Takes nothing from the evidence but its format.
import {
  type AnyEvidence,
  EvidenceError,
  parseJwks,
  pinnedRootsOf,
  type TrustedIssuer,
  type TrustedRoot,
  takesIssuers,
} from '@vouchsafe/verifier';
import { UsageError } from '../../arguments/flag.js';
import { CommandError } from '../../session/explain.js';
import { readBlocks, readBounded } from './evidence-files.js';

export interface IssuerFlags {
  readonly jwks: string | null;
  readonly issuerRoot: string | null;
  readonly issuer: string | null;
  readonly audience: string | null;
}

function readKeys({ jwks, issuerRoot }: IssuerFlags): TrustedIssuer['keys'] {
  if ((jwks === null) === (issuerRoot === null)) {
    throw new UsageError('-jwks or -issuer-root: a token needs one of them, and not both');
  }
  try {
    if (jwks !== null) {
      return { kind: 'jwks', keys: parseJwks(readBounded(jwks, 'jwks').toString('utf8')) };
    }
    const roots = readBlocks(issuerRoot ?? '', 'CERTIFICATE');
    return {
      kind: 'x5c',
      roots: roots.map((der) => ({ kind: 'certificate', der })),
      revocation: { kind: 'not-checked' },
    };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new CommandError(`${jwks ?? issuerRoot}: holds no keys to trust: ${error.message}`, 1);
  }
}

/** @throws UsageError if a result is given without the flags that say whom to believe about it */
export function readRoots(evidence: AnyEvidence, flags: IssuerFlags): readonly TrustedRoot[] {
  const { format } = evidence;
  if (!takesIssuers(format)) return pinnedRootsOf(format);
  const keys = readKeys(flags);
  if (flags.issuer === null) {
    throw new UsageError('-issuer: a token needs the name of the issuer that is trusted');
  }
  // Google writes an audience into each token; the others into none, unless they were asked to.
  if (flags.audience === null && format === 'google-confidential-space') {
    throw new UsageError('-audience: a Confidential Space token needs the audience that is wanted');
  }
  return [{ kind: 'issuer', format, issuer: flags.issuer, audience: flags.audience, keys }];
}
