// Intel's collateral for one platform, as bytes and text that somebody fetched. Reads the document
// that carries it; must never trust or interpret what is inside (collateral.ts does).

import { decodeHex, encodeHex } from '../encoding/hex.js';
import { type Json, parseStrictJson } from '../encoding/strict-json.js';
import { EvidenceError } from '../errors.js';
import type { Endorsements } from '../types.js';
import { objectAt } from './json-fields.js';

/** NOT trusted. Chains are PEM text, leaf first; signatures are r || s over the exact text given. */
export interface DcapEndorsements extends Endorsements {
  readonly format: 'dcap';
  /** Of the platform, for quotes that do not carry it; null if it was not fetched. */
  readonly pckCertificateChain: string | null;
  readonly pckCrlIssuerChain: string;
  readonly rootCaCrl: Uint8Array;
  readonly pckCrl: Uint8Array;
  readonly tcbInfoIssuerChain: string;
  readonly tcbInfo: string;
  readonly tcbInfoSignature: Uint8Array;
  readonly qeIdentityIssuerChain: string;
  readonly qeIdentity: string;
  readonly qeIdentitySignature: Uint8Array;
}

const documentLimits = { charactersMax: 4_194_304, depthMax: 2, valuesMax: 64 };
const signedLimits = { charactersMax: 262_144, depthMax: 10, valuesMax: 20_000 };

/**
 * Reads the JSON document in which verifiers exchange collateral: nine strings, CRLs and signatures
 * in hex, and `pck_certificate_chain` where the quote has none. Other members are ignored.
 * @throws EvidenceError 'crl-missing' | 'collateral-missing' | 'collateral-invalid' | 'malformed'
 */
export function parseDcapEndorsements(text: string): DcapEndorsements {
  const document = objectAt(
    parseStrictJson(text, 'collateral', documentLimits).value,
    'collateral',
  );
  const rootCaCrl = readText(document.root_ca_crl, 'root_ca_crl', 'crl-missing');
  const pckCrl = readText(document.pck_crl, 'pck_crl', 'crl-missing');
  const member = (name: string): string => readText(document[name], name, 'collateral-missing');
  return {
    format: 'dcap',
    pckCertificateChain: isGiven(document.pck_certificate_chain)
      ? member('pck_certificate_chain')
      : null,
    pckCrlIssuerChain: member('pck_crl_issuer_chain'),
    rootCaCrl: decodeHex(rootCaCrl),
    pckCrl: decodeHex(pckCrl),
    tcbInfoIssuerChain: member('tcb_info_issuer_chain'),
    tcbInfo: member('tcb_info'),
    tcbInfoSignature: decodeHex(member('tcb_info_signature')),
    qeIdentityIssuerChain: member('qe_identity_issuer_chain'),
    qeIdentity: member('qe_identity'),
    qeIdentitySignature: decodeHex(member('qe_identity_signature')),
  };
}

/** The document that parseDcapEndorsements reads. */
export function formatDcapEndorsements(endorsements: DcapEndorsements): string {
  const { pckCertificateChain } = endorsements;
  return JSON.stringify({
    ...(pckCertificateChain === null ? {} : { pck_certificate_chain: pckCertificateChain }),
    pck_crl_issuer_chain: endorsements.pckCrlIssuerChain,
    root_ca_crl: encodeHex(endorsements.rootCaCrl),
    pck_crl: encodeHex(endorsements.pckCrl),
    tcb_info_issuer_chain: endorsements.tcbInfoIssuerChain,
    tcb_info: endorsements.tcbInfo,
    tcb_info_signature: encodeHex(endorsements.tcbInfoSignature),
    qe_identity_issuer_chain: endorsements.qeIdentityIssuerChain,
    qe_identity: endorsements.qeIdentity,
    qe_identity_signature: encodeHex(endorsements.qeIdentitySignature),
  });
}

/**
 * Takes one answer of Intel's service apart: {"tcbInfo": …, "signature": "…"} or the same with
 * enclaveIdentity. What was signed is the member's text as it came.
 * @throws EvidenceError 'malformed' | 'collateral-invalid' | 'collateral-missing'
 */
export function splitSignedDocument(
  answer: string,
  member: 'tcbInfo' | 'enclaveIdentity',
): { readonly text: string; readonly signature: Uint8Array } {
  const { value, memberTexts } = parseStrictJson(answer, 'PCS answer', signedLimits);
  const signature = readText(
    objectAt(value, 'PCS answer').signature,
    'signature',
    'collateral-missing',
  );
  const text = memberTexts.get(member);
  if (text === undefined) throw new EvidenceError('collateral-missing', `${member}: not given`);
  return { text, signature: decodeHex(signature) };
}

function readText(
  value: Json | undefined,
  name: string,
  missing: 'crl-missing' | 'collateral-missing',
): string {
  if (!isGiven(value)) {
    throw new EvidenceError(missing, `${name}: not given`);
  }
  if (typeof value !== 'string') {
    throw new EvidenceError('collateral-invalid', `${name}: want a string`);
  }
  return value;
}

function isGiven(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== '';
}
