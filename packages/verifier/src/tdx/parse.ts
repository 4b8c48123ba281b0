// TDX evidence: a DCAP quote about a TD, taken apart (Intel TDX Module ABI, TDREPORT_STRUCT and
// TDINFO; quote body types 2 and 3). Must never trust what it reads.

import { type DcapEvidence, readQuote } from '../dcap/evidence.js';
import type { QuoteBodyKind } from '../dcap/quote.js';
import { ByteReader } from '../encoding/reader.js';

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

export interface TdxEvidence extends DcapEvidence {
  readonly format: 'tdx-dcap';
  readonly report: TdReport;
}

const measurementBytes = 48;

/**
 * Reads one quote about a TD, version 4 or 5, with the certificates in it.
 * @throws EvidenceError with the codes of readQuote
 */
export function parseTdxEvidence(bytes: Uint8Array): TdxEvidence {
  const { quote, pckChain } = readQuote(bytes, 'TDX');
  return {
    format: 'tdx-dcap',
    quote,
    pckChain,
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
