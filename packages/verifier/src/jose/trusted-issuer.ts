// Whom to believe about a token: an issuer by name, the audience it writes for, and its keys. A trust
// input like a root certificate: always the caller's own, never out of the evidence. Types only.

import type { RevocationPolicy, TrustedRoot } from '../pki/chain.js';
import type { EvidenceFormat } from '../types.js';
import type { KeySet } from './jwk.js';

/**
 * 'jwks': the issuer's keys, pinned; the token names one by `kid`.
 * 'x5c': the root of the issuer's PKI, pinned; the token brings the chain in its header.
 */
export type IssuerKeys =
  | { readonly kind: 'jwks'; readonly keys: KeySet }
  | {
      readonly kind: 'x5c';
      readonly roots: readonly TrustedRoot[];
      readonly revocation: RevocationPolicy;
    };

export interface TrustedIssuer {
  readonly kind: 'issuer';
  /** Only tokens of this format are believed: one service's keys say nothing about another's. */
  readonly format: EvidenceFormat;
  /** `iss`, character for character. */
  readonly issuer: string;
  /** `aud`, character for character. Null: this issuer writes none, and a token with one is refused. */
  readonly audience: string | null;
  readonly keys: IssuerKeys;
}
