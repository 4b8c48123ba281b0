// The sets of genuine quotes and collateral, with what their collectors say of them. Holds no test of its own: the name
// keeps it out of the published package.

import {
  type DcapEndorsements,
  parseDcapEndorsements,
  splitSignedDocument,
} from '../dcap/endorsements.js';
import { decodeHex } from '../encoding/hex.js';
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

const phala = 'sgx/phala-dcap-qvl/sgx-v3-production.collateral.json';
const oasis = 'sgx/oasis-core/tcb-signing-chain.pem';
const july2023: CollateralParts = {
  tcbInfo: 'tdx/go-tdx-guest/tdx-tcb-info-50806f000000-2023-06.json',
  qeIdentity: 'tdx/go-tdx-guest/td-qe-identity-2023-06.json',
  tcbChain: oasis,
  rootCrl: 'tdx/go-tdx-guest/root-ca-crl-2023-04.der',
  pckCrl: 'tdx/go-tdx-guest/pck-platform-crl-2023-06.der',
};

/** Sets that come as single files. */
const partsOf: Readonly<Record<string, CollateralParts>> = {
  'sgx-oasis-2022-12': {
    tcbInfo: 'sgx/oasis-core/sgx-tcb-info-v3-00606a000000.json',
    qeIdentity: 'sgx/oasis-core/sgx-qe-identity-v2.json',
    tcbChain: oasis,
    rootCrl: null,
    pckCrl: null,
  },
  'sgx-automata-2025-08': {
    tcbInfo: 'sgx/automata/sgx-tcb-info-v3-00606a000000-2025-08.json',
    qeIdentity: 'sgx/automata/sgx-qe-identity-2025-08.json',
    tcbChain: phala,
    rootCrl: 'tdx/automata/root-ca-crl-2025-03.der',
    pckCrl: 'sgx/automata/pck-platform-crl-2025-08.der',
  },
  'sgx-automata-debug-2025-05': {
    tcbInfo: 'sgx/automata/sgx-tcb-info-v3-00a067110000-2025-05.json',
    qeIdentity: null,
    tcbChain: phala,
    rootCrl: 'tdx/automata/root-ca-crl-2025-03.der',
    pckCrl: null,
  },
  'tdx4-go-tdx-guest-2023-07': july2023,
  'tdx4-trustee-debug-2023-07': july2023,
  'tdx4-oasis-2024-09': {
    tcbInfo: 'tdx/oasis-core/tdx-tcb-info-c0806f000000-2024-09.json',
    qeIdentity: 'tdx/oasis-core/td-qe-identity-2024-09.json',
    tcbChain: oasis,
    rootCrl: null,
    pckCrl: null,
  },
  'tdx4-trustee-00a06d080000-2025-11': {
    tcbInfo: 'tdx/trustee/tdx-tcb-info-00a06d080000-2025-10.json',
    qeIdentity: 'tdx/trustee/td-qe-identity-2025-10.json',
    tcbChain: oasis,
    rootCrl: null,
    pckCrl: null,
  },
};

/** Its publisher appended a line of text, which belongs to nothing. */
export const quoteWithText = 'tdx/go-tdx-guest/tdx-v4-production-spr-e4.quote';

/** A quote in whatever it is written. */
export function readQuote(path: string): Uint8Array {
  const [file = path] = path.split(' ');
  if (file.endsWith('.hex')) return decodeHex(text(file).trim().replace(/^0x/, ''));
  if (file === quoteWithText) return readVector(file).subarray(0, -39);
  if (!file.endsWith('.evidence.json')) return readVector(file);
  const { tdx_quote_base64: quote } = JSON.parse(text(file)) as { tdx_quote_base64: string };
  return Uint8Array.from(Buffer.from(quote, 'base64url'));
}

export const readCollateral = (path: string): DcapEndorsements => parseDcapEndorsements(text(path));

/** The collateral of a set, for a quote with this chain in it. */
export function endorsementsOf({ name, collateral }: VectorSet, pckChain: Uint8Array) {
  const parts = partsOf[name];
  return parts === undefined ? readCollateral(collateral) : assembleCollateral(parts, pckChain);
}

/** Files of a set that comes in parts; null for what it lacks. */
interface CollateralParts {
  readonly tcbInfo: string;
  readonly qeIdentity: string | null;
  /** PEM, or a whole collateral document out of which the chain is taken. */
  readonly tcbChain: string;
  readonly rootCrl: string | null;
  readonly pckCrl: string | null;
}

/** The parts as one; the PCK CRL's chain is that of the quote, whose certificates these are. */
function assembleCollateral(parts: CollateralParts, pckChain: Uint8Array): DcapEndorsements {
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
