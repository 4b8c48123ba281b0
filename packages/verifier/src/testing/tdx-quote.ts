// Mints TDX quotes, versions 4 and 5, in the genuine format with the keys of a software Intel. Every
// field can be replaced before it is signed; nothing here checks what it signs.

import { concatBytes } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import type { DcapCa } from './dcap-ca.js';
import { type MintQuoteOptions, quoteHeader, signQuote, u16, u32 } from './dcap-quote.js';

/** Fields of a TD report in their order. */
export interface TdReportFields {
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
  /** TD 1.5 only, like the next. */
  readonly teeTcbSvn2: Uint8Array;
  readonly mrServiceTd: Uint8Array;
}

export interface MintTdxQuoteOptions extends MintQuoteOptions {
  readonly version: 4 | 5;
  /** Version 5: 2 is a TD 1.0 report, 3 (the default) a TD 1.5 report. */
  readonly bodyType?: 2 | 3;
  readonly report: Partial<TdReportFields>;
}

const fieldLengths: Readonly<Record<keyof TdReportFields, number>> = {
  teeTcbSvn: 16,
  mrSeam: 48,
  mrSignerSeam: 48,
  seamAttributes: 8,
  tdAttributes: 8,
  xfam: 8,
  mrTd: 48,
  mrConfigId: 48,
  mrOwner: 48,
  mrOwnerConfig: 48,
  rtmr0: 48,
  rtmr1: 48,
  rtmr2: 48,
  rtmr3: 48,
  reportData: 64,
  teeTcbSvn2: 16,
  mrServiceTd: 48,
};
const td15Fields: readonly string[] = ['teeTcbSvn2', 'mrServiceTd'];

const fieldDefaults: Partial<TdReportFields> = {
  teeTcbSvn: decodeHex('05010200000000000000000000000000'),
  teeTcbSvn2: decodeHex('05010200000000000000000000000000'),
  tdAttributes: decodeHex('0000001000000000'),
  xfam: decodeHex('e702060000000000'),
};

/** A quote over these fields, everything else zero or as genuine platforms have it. */
export function mintTdxQuote(ca: DcapCa, options: MintTdxQuoteOptions): Uint8Array {
  const { version } = options;
  const signedPart = concatBytes(quoteHeader('TDX', version, options), bodyOf(options));
  return signQuote(ca, 'TDX', version, signedPart, options);
}

function bodyOf({ version, bodyType = 3, report }: MintTdxQuoteOptions): Uint8Array {
  const td15 = version === 5 && bodyType === 3;
  const fields: TdReportFields = {
    ...(Object.fromEntries(
      Object.entries(fieldLengths).map(([name, length]) => [name, new Uint8Array(length)]),
    ) as unknown as TdReportFields),
    ...fieldDefaults,
    ...report,
  };
  const parts: Uint8Array[] = [];
  for (const [name, length] of Object.entries(fieldLengths)) {
    const value = fields[name as keyof TdReportFields];
    if (value.length !== length) throw new TypeError(`${name}: want ${length} bytes`);
    if (td15 || !td15Fields.includes(name)) parts.push(value);
  }
  const body = concatBytes(...parts);
  return version === 4 ? body : concatBytes(u16(bodyType), u32(body.length), body);
}
