// One good piece of SGX evidence. Holds no test of its own: the name keeps it out of the published package.

import {
  type DcapFormat,
  type DcapScene,
  playerOf,
  refusesAs,
  reportData,
  type SceneRows,
} from './dcap-scene.test.js';
import { type MintSgxQuoteOptions, mintSgxQuote } from './sgx-quote.js';

export type SgxScene = DcapScene<MintSgxQuoteOptions>;

const named = { format: 'sgx-dcap', tee: 'SGX' } as const;

/** A quote of version 3. */
export const playSgx = playerOf<MintSgxQuoteOptions>(named, (ca, quote) =>
  mintSgxQuote(ca, { version: 3, report: { reportData }, ...quote }),
);

export const sgxFormat: DcapFormat = { ...named, play: playSgx, bodyEnd: 48 + 384 };

export function refusesSgx(what: string, rows: SceneRows<SgxScene>): void {
  refusesAs(playSgx, what, rows);
}
