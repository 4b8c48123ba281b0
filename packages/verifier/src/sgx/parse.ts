// SGX evidence: a DCAP quote about an enclave, taken apart. Must never trust what it reads.

import { type EnclaveReport, parseEnclaveReport } from '../dcap/enclave-report.js';
import { type DcapEvidence, readQuote } from '../dcap/evidence.js';

export interface SgxEvidence extends DcapEvidence {
  readonly format: 'sgx-dcap';
  readonly report: EnclaveReport;
}

/**
 * Reads one quote about an enclave, version 3, 4 or 5, with the certificates in it.
 * @throws EvidenceError with the codes of readQuote
 */
export function parseSgxEvidence(bytes: Uint8Array): SgxEvidence {
  const { quote, pckChain } = readQuote(bytes, 'SGX');
  return { format: 'sgx-dcap', quote, pckChain, report: parseEnclaveReport(quote.body) };
}
