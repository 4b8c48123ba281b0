// What SGX and TDX evidence have in common: a quote, mostly with the certificates of its platform. Must
// never trust what it reads.

import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import type { Certificate } from '../pki/certificate.js';
import type { EndorsementRef, Evidence } from '../types.js';
import type { CertificationData } from './certification-data.js';
import { readChain } from './collateral.js';
import { parsePckExtensions } from './pck-extensions.js';
import { parseQuote, type Quote, type Tee } from './quote.js';

export interface DcapEvidence extends Evidence {
  readonly format: 'sgx-dcap' | 'tdx-dcap';
  readonly quote: Quote;
  /** Leaf first, as the quote carries it; the leaf alone or nothing if that is all it carries. */
  readonly pckChain: readonly Certificate[];
}

/**
 * Reads one quote about this TEE with the certificates in it.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'reserved-bits' | 'unsupported-version' |
 *   'unsupported-algorithm' | 'unsupported-format' | 'chain-invalid' | 'public-key-invalid'
 */
export function readQuote(
  bytes: Uint8Array,
  tee: Tee,
): { readonly quote: Quote; readonly pckChain: readonly Certificate[] } {
  const quote = parseQuote(bytes, tee);
  return { quote, pckChain: readCertificates(quote.certification) };
}

function readCertificates(certification: CertificationData): readonly Certificate[] {
  if (certification.kind !== 'pck-chain' && certification.kind !== 'pck-leaf') return [];
  const chain = readChain(certification.pem, 'PCK chain');
  if (certification.kind === 'pck-chain' || chain.length === 1) return chain;
  throw new EvidenceError('chain-invalid', 'PCK certificate: want one, without its chain');
}

/**
 * What to fetch for this quote: TCB info by FMSPC, QE identity, the CRL of the PCK's issuer, the root's
 * CRL. Where the quote has no certificate, that comes first: only it says what else is wanted.
 * @throws EvidenceError 'malformed' if the PCK certificate does not say what it is
 */
export function dcapEndorsementsFor(evidence: DcapEvidence): readonly EndorsementRef[] {
  const { quote, pckChain } = evidence;
  const [pck] = pckChain;
  const qeIdentity = { kind: 'qe-identity', id: quote.tee === 'SGX' ? 'QE' : 'TD_QE' };
  const rootCrl = { kind: 'root-ca-crl', id: 'intel-sgx-root-ca' };
  if (pck === undefined) {
    const certificate = { kind: 'pck-certificate', id: describePlatform(quote) };
    return [certificate, qeIdentity, rootCrl];
  }
  const { fmspc } = parsePckExtensions(pck.extensions);
  const processor = pck.issuer.commonName === 'Intel SGX PCK Processor CA';
  return [
    { kind: 'tcb-info', id: encodeHex(fmspc) },
    qeIdentity,
    { kind: 'pck-crl', id: processor ? 'processor' : 'platform' },
    rootCrl,
  ];
}

/**
 * The parameters of Intel's and of caching services ("Get PCK Certificate"), which take an encrypted
 * PPID only.
 */
function describePlatform({ qeId, certification }: Quote): string {
  const parameters: [string, Uint8Array][] = [['qeid', qeId]];
  if (certification.kind === 'platform-name') {
    const { encryption, ppid, cpuSvn, pceSvn, pceId } = certification;
    if (encryption !== 'none') parameters.push(['encrypted_ppid', ppid]);
    parameters.push(['cpusvn', cpuSvn], ['pcesvn', pceSvn], ['pceid', pceId]);
  }
  if (certification.kind === 'platform-manifest') {
    parameters.push(['platform_manifest', certification.manifest]);
  }
  return parameters.map(([name, value]) => `${name}=${encodeHex(value)}`).join('&');
}
