// The sets of genuine quotes and collateral, with what their collectors say of them. Holds no test of its
// own: the name keeps it out of the published package.

import { type DcapEndorsements, splitSignedDocument } from '../dcap/endorsements.js';
import { readVector, skipWithoutVectors } from './vectors.test.js';

export const text = (path: string): string => new TextDecoder().decode(readVector(path));

export interface VectorSet {
  readonly name: string;
  readonly quote: string;
  readonly collateral: string;
  readonly check_at: string;
  readonly status: string;
  readonly computed: {
    readonly tcb_date: string | null;
    readonly advisory_ids: readonly string[];
    /** Null in sets about SGX. */
    readonly tdx_module: readonly [string, boolean, string | null] | null;
    readonly qe_status: string;
    readonly tcb_eval_number: number;
    readonly all_valid_window: readonly [string, string];
  };
}

export interface VectorFile {
  readonly file: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

export const facts = (
  skipWithoutVectors === false ? JSON.parse(text('facts.json')) : { sets: [], files: [] }
) as { readonly sets: readonly VectorSet[]; readonly files: readonly VectorFile[] };

/** Files of a set that comes in parts; null for what it lacks. */
export interface CollateralParts {
  readonly tcbInfo: string;
  readonly qeIdentity: string | null;
  /** PEM, or a whole collateral document out of which the chain is taken. */
  readonly tcbChain: string;
  readonly rootCrl: string | null;
  readonly pckCrl: string | null;
}

/** The parts as one; the PCK CRL's chain is that of the quote, whose certificates these are. */
export function assembleCollateral(parts: CollateralParts, pckChain: Uint8Array): DcapEndorsements {
  const tcbInfo = splitSignedDocument(text(parts.tcbInfo), 'tcbInfo');
  const qeIdentity =
    parts.qeIdentity === null
      ? { text: '', signature: new Uint8Array() }
      : splitSignedDocument(text(parts.qeIdentity), 'enclaveIdentity');
  const pem = new TextDecoder().decode(pckChain).replace(/\0+$/, '');
  const [, ...issuers] = pem.split(/(?=-----BEGIN)/);
  const tcbChain = parts.tcbChain.endsWith('.json')
    ? (JSON.parse(text(parts.tcbChain)) as Record<string, string>).tcb_info_issuer_chain
    : text(parts.tcbChain);
  return {
    format: 'dcap',
    pckCertificateChain: null,
    pckCrlIssuerChain: issuers.join(''),
    rootCaCrl: parts.rootCrl === null ? new Uint8Array() : readVector(parts.rootCrl),
    pckCrl: parts.pckCrl === null ? new Uint8Array() : readVector(parts.pckCrl),
    tcbInfoIssuerChain: tcbChain ?? '',
    tcbInfo: tcbInfo.text,
    tcbInfoSignature: tcbInfo.signature,
    qeIdentityIssuerChain: tcbChain ?? '',
    qeIdentity: qeIdentity.text,
    qeIdentitySignature: qeIdentity.signature,
  };
}
