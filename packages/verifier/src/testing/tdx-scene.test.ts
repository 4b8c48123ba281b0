// One good piece of TDX evidence. Holds no test of its own: the name keeps it out of the published package.

import {
  type DcapFormat,
  type DcapScene,
  playerOf,
  refusesAs,
  reportData,
  type SceneRows,
} from './dcap-scene.test.js';
import { type MintTdxQuoteOptions, mintTdxQuote } from './tdx-quote.js';

export type TdxScene = DcapScene<MintTdxQuoteOptions>;

const named = { format: 'tdx-dcap', tee: 'TDX' } as const;

/** A quote of version 5, about a TD 1.5. */
export const playTdx = playerOf<MintTdxQuoteOptions>(named, (ca, quote) =>
  mintTdxQuote(ca, { version: 5, report: { reportData }, ...quote }),
);

export const tdxFormat: DcapFormat = { ...named, play: playTdx, bodyEnd: 48 + 6 + 648 };

export function refusesTdx(what: string, rows: SceneRows<TdxScene>): void {
  refusesAs(playTdx, what, rows);
}
