// Mints SGX quotes, versions 3, 4 and 5, in the genuine format with the keys of a software Intel. Every
// field can be replaced before it is signed; nothing here checks what it signs.

import { concatBytes } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import type { DcapCa } from './dcap-ca.js';
import {
  type EnclaveReportFields,
  encodeEnclaveReport,
  type MintQuoteOptions,
  quoteHeader,
  signQuote,
  u16,
  u32,
} from './dcap-quote.js';

export interface MintSgxQuoteOptions extends MintQuoteOptions {
  readonly version: 3 | 4 | 5;
  readonly report: Partial<EnclaveReportFields>;
  /** Version 5: replaces the body type, 1 for an enclave. */
  readonly bodyType?: number;
}

/** INIT and MODE64BIT, no debug; XFRM with x87, SSE and AVX. */
const attributes = decodeHex('05000000000000000700000000000000');

/** A quote over these fields, everything else zero or as genuine enclaves have it. */
export function mintSgxQuote(ca: DcapCa, options: MintSgxQuoteOptions): Uint8Array {
  const { version, bodyType = 1 } = options;
  const { cpuSvn } = ca.platform;
  const body = encodeEnclaveReport({ cpuSvn, attributes, isvSvn: 1, ...options.report });
  const descriptor =
    version === 5 ? concatBytes(u16(bodyType), u32(body.length)) : new Uint8Array();
  const signedPart = concatBytes(quoteHeader('SGX', version, options), descriptor, body);
  return signQuote(ca, 'SGX', version, signedPart, options);
}
