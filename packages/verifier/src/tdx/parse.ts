// TDX evidence: a DCAP quote about a TD, taken apart (Intel TDX Module ABI, TDREPORT_STRUCT and
// TDINFO; quote body types 2 and 3). Must never trust what it reads.

import { readChain } from '../dcap/collateral.js';
import { parsePckExtensions } from '../dcap/pck-extensions.js';
import { parseQuote, type Quote, type QuoteBodyKind } from '../dcap/quote.js';
import { encodeHex } from '../encoding/hex.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import type { Certificate } from '../pki/certificate.js';
import type { EndorsementRef, Evidence } from '../types.js';

/** What a TD report states, NOT trusted. Byte strings are views on the quote. */
export interface TdReport {
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  readonly rtmr0: Uint8Array;
  readonly rtmr1: Uint8Array;
  readonly rtmr2: Uint8Array;
  readonly rtmr3: Uint8Array;
  readonly reportData: Uint8Array;
  /** TD 1.5 only: TEE_TCB_SVN_2 and MR_SERVICETD. */
  readonly td15: { readonly teeTcbSvn2: Uint8Array; readonly mrServiceTd: Uint8Array } | null;
}

export interface TdxEvidence extends Evidence {
  readonly format: 'tdx-dcap';
  readonly quote: Quote;
  /** Leaf first, as the quote carries it. */
  readonly pckChain: readonly Certificate[];
  readonly report: TdReport;
}

const measurementBytes = 48;

/**
 * Reads one quote about a TD, version 4 or 5, with its PCK chain.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-version' |
 *   'unsupported-algorithm' | 'unsupported-format' | 'chain-invalid' | 'public-key-invalid'
 */
export function parseTdxEvidence(bytes: Uint8Array): TdxEvidence {
  const quote = parseQuote(bytes);
  return {
    format: 'tdx-dcap',
    quote,
    pckChain: readChain(quote.certificationData, 'PCK chain'),
    report: parseTdReport(quote.body, quote.bodyKind),
  };
}

function parseTdReport(body: Uint8Array, kind: QuoteBodyKind): TdReport {
  const reader = new ByteReader(body, 'TD report');
  const measurement = (field: string): Uint8Array => reader.bytes(measurementBytes, field);
  // The order of these members is the order of the fields.
  const report = {
    teeTcbSvn: reader.bytes(16, 'TEE_TCB_SVN'),
    mrSeam: measurement('MRSEAM'),
    mrSignerSeam: measurement('MRSIGNERSEAM'),
    seamAttributes: reader.bytes(8, 'SEAMATTRIBUTES'),
    tdAttributes: reader.bytes(8, 'TDATTRIBUTES'),
    xfam: reader.bytes(8, 'XFAM'),
    mrTd: measurement('MRTD'),
    mrConfigId: measurement('MRCONFIGID'),
    mrOwner: measurement('MROWNER'),
    mrOwnerConfig: measurement('MROWNERCONFIG'),
    rtmr0: measurement('RTMR0'),
    rtmr1: measurement('RTMR1'),
    rtmr2: measurement('RTMR2'),
    rtmr3: measurement('RTMR3'),
    reportData: reader.bytes(64, 'REPORTDATA'),
  };
  const td15 =
    kind === 'td-report-1.5'
      ? {
          teeTcbSvn2: reader.bytes(16, 'TEE_TCB_SVN_2'),
          mrServiceTd: measurement('MR_SERVICETD'),
        }
      : null;
  reader.end();
  return { ...report, td15 };
}

/**
 * What to fetch for this quote: TCB info by FMSPC, QE identity, the CRL of the PCK's issuer, the
 * root's CRL. @throws EvidenceError 'malformed' if the PCK certificate does not say what it is
 */
export function tdxEndorsementsFor(evidence: TdxEvidence): readonly EndorsementRef[] {
  const [pck] = evidence.pckChain;
  if (pck === undefined) throw new EvidenceError('chain-invalid', 'PCK chain: empty');
  const { fmspc } = parsePckExtensions(pck.extensions);
  const processor = pck.issuer.commonName === 'Intel SGX PCK Processor CA';
  return [
    { kind: 'tcb-info', id: encodeHex(fmspc) },
    { kind: 'qe-identity', id: 'TD_QE' },
    { kind: 'pck-crl', id: processor ? 'processor' : 'platform' },
    { kind: 'root-ca-crl', id: 'intel-sgx-root-ca' },
  ];
}
