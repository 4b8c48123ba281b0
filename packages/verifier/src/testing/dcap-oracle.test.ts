// Another implementation of DCAP verification (dcap-qvl, Rust as WebAssembly) beside this one, spoiled
// inputs to show to both, and why they may differ. Holds no test of its own: the name keeps it out of the
// published package.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { parseDcapEndorsements } from '../dcap/endorsements.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { EvidenceError } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import type { EvidenceFormat } from '../types.js';
import { parseEvidence, verifyEvidence } from '../verify.js';
import { text } from './dcap-vectors.test.js';
import { type Below, numbersFrom, spoilBytes } from './seeded.test.js';
import { readVector, skipWithoutVectors } from './vectors.test.js';

type Collateral = Readonly<Record<string, string>>;

/** A status with its advisories, or the word for why there is none. */
type Verdict =
  | { readonly status: string; readonly advisories: readonly string[] }
  | { readonly refused: string };

interface Input {
  readonly quote: Uint8Array;
  readonly collateral: Collateral;
  readonly now: Date;
}

interface Oracle {
  js_verify(quote: Uint8Array, collateral: Collateral, now: bigint): unknown;
  initSync(options: { readonly module: Uint8Array }): void;
}

async function loadOracle(): Promise<Oracle | null> {
  const name: string = '@phala/dcap-qvl-web';
  try {
    const oracle = (await import(name)) as Oracle;
    const wasm = createRequire(import.meta.url).resolve(`${name}/dcap-qvl-web_bg.wasm`);
    oracle.initSync({ module: new Uint8Array(readFileSync(wasm)) });
    return oracle;
  } catch {
    return null;
  }
}

const oracle = await loadOracle();
const skipWithoutOracle: string | false =
  skipWithoutVectors || (oracle === null ? 'no @phala/dcap-qvl-web: run npm ci' : false);

function readInput(path: string, time: string): Input {
  const collateral = JSON.parse(text(`${path}.collateral.json`)) as Collateral;
  return { quote: readVector(`${path}.quote`), collateral, now: new Date(time) };
}

function judgeByOracle({ quote, collateral, now }: Input): Verdict {
  try {
    const seconds = BigInt(Math.floor(now.getTime() / 1000));
    const result = oracle?.js_verify(quote, collateral, seconds);
    const { status, advisory_ids: ids } = result as { status: string; advisory_ids: string[] };
    // Its word for "no level fits".
    return status === 'Unknown' ? { refused: status } : { status, advisories: ids };
  } catch (error) {
    return { refused: String(error) };
  }
}

async function judge({ quote, collateral, now }: Input, format: EvidenceFormat): Promise<Verdict> {
  try {
    const claims = await verifyEvidence({
      evidence: parseEvidence(quote, format),
      endorsements: parseDcapEndorsements(JSON.stringify(collateral)),
      roots: pinnedIntelRoots,
      expectedBinding: { binding: 'not-checked' },
      now,
      provider: nodeProvider,
    });
    return { status: String(claims.tcbStatus), advisories: claims.advisories };
  } catch (error) {
    if (error instanceof EvidenceError) return { refused: error.code };
    throw error;
  }
}

function spoilText(whole: string, below: Below): string {
  const at = below(whole.length);
  const [before, after] = [whole.slice(0, at), whole.slice(at)];
  switch (below(5)) {
    case 0:
      return before;
    case 1:
      return before + after.slice(1 + below(8));
    case 2:
      return `${before}${'0a} "\n'[below(6)]}${after}`;
    default:
      return (
        before +
        String.fromCharCode((after.charCodeAt(0) ^ (1 << below(7))) & 0x7f) +
        after.slice(1)
      );
  }
}

/**
 * `count` inputs, each spoiled in one place: the quote, a member of the collateral, a member swapped
 * for that of another set, or the time, by up to two months.
 */
function* spoiledInputs(good: Input, foreign: Collateral, count: number): Generator<Input> {
  const below = numbersFrom(good.quote.length);
  const members = Object.keys(good.collateral);
  for (let index = 0; index < count; index += 1) {
    const name = members[below(members.length)] ?? '';
    const own = good.collateral[name] ?? '';
    const withMember = (value: string): Input => ({
      ...good,
      collateral: { ...good.collateral, [name]: value },
    });
    const kind = below(20);
    if (kind < 9) yield { ...good, quote: spoilBytes(good.quote, below) };
    else if (kind < 17) yield withMember(spoilText(own, below));
    else if (kind < 18) yield withMember(foreign[name] ?? '');
    else
      yield { ...good, now: new Date(good.now.getTime() + (below(5_184_000) - 2_592_000) * 1000) };
  }
}

/** Text without what PEM may have anywhere: two that are equal so carry the same certificates. */
const dense = (pem: string): string => pem.replace(/[^\x21-\x7e]/g, '');
const latin1 = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

/** Changed in the last certificate of a chain alone, or in white space. */
function onlyRootOrSpace(good: string, spoiled: string): boolean {
  const root = good.lastIndexOf('-----BEGIN');
  return good.slice(0, root) === spoiled.slice(0, root) || dense(good) === dense(spoiled);
}

/** Why this verifier may refuse what dcap-qvl accepts; null if nothing explains it. */
function explain(good: Input, spoiled: Input, code: string): string | null {
  if (spoiled.now !== good.now) {
    return /-not-yet-valid$/.test(code) ? 'it does not look at dates of issue' : null;
  }
  if (spoiled.quote !== good.quote) {
    const before = spoiled.quote.subarray(0, good.quote.length);
    if (code === 'trailing-data' && latin1(before) === latin1(good.quote)) {
      return 'it ignores what follows a quote';
    }
    return onlyRootOrSpace(latin1(good.quote), latin1(spoiled.quote))
      ? 'it knows the root itself and reads white space and the copy of the root loosely'
      : null;
  }
  const names = Object.keys(good.collateral);
  const name = names.find((each) => spoiled.collateral[each] !== good.collateral[each]) ?? '';
  if (name.startsWith('qe_identity')) return 'it does not check the quoting enclave at all';
  if (name === 'pck_crl_issuer_chain') return 'it takes the issuer of the PCK certificate instead';
  if (name !== 'tcb_info_issuer_chain') return null;
  return onlyRootOrSpace(good.collateral[name] ?? '', spoiled.collateral[name] ?? '')
    ? 'it knows the root itself and reads white space and the copy of the root loosely'
    : null;
}

/**
 * Shows `count` spoiled inputs to both. Fails if this verifier accepts what the other refuses, or gives
 * another status, or refuses what the other accepts without a reason that is known.
 * @returns how many both refused, both accepted, and were refused here for a known reason
 */
async function compare(
  good: Input,
  format: EvidenceFormat,
  foreign: Collateral,
  count: number,
): Promise<{ readonly refused: number; readonly accepted: number; readonly stricter: number }> {
  const tally = { refused: 0, accepted: 0, stricter: 0 };
  let index = 0;
  for (const input of spoiledInputs(good, foreign, count)) {
    const theirs = judgeByOracle(input);
    const ours = await judge(input, format);
    const where = `input ${index}: dcap-qvl ${JSON.stringify(theirs)}, here ${JSON.stringify(ours)}`;
    index += 1;
    if ('refused' in theirs) {
      assert.ok('refused' in ours, where);
      tally.refused += 1;
    } else if ('refused' in ours) {
      assert.notEqual(explain(good, input, ours.refused), null, where);
      tally.stricter += 1;
    } else {
      assert.deepEqual(ours, theirs, where);
      tally.accepted += 1;
    }
  }
  return tally;
}

/** Sets (path, time, status) that both must judge alike; of the first, 2,000 spoiled inputs too. */
export function agreesWithOracle(
  format: EvidenceFormat,
  sets: readonly (readonly [path: string, time: string, status: string])[],
  foreignPath: string,
): void {
  describe(`${format}: like dcap-qvl`, { skip: skipWithoutOracle }, () => {
    for (const [path, time, status] of sets) {
      it(`${path} is ${status}`, async () => {
        const input = readInput(path, time);
        const theirs = judgeByOracle(input);
        assert.equal('status' in theirs && theirs.status, status);
        assert.deepEqual(await judge(input, format), theirs);
      });
    }

    it('judges 2,000 spoiled inputs', async () => {
      const [[path, time] = ['', '']] = sets;
      const { collateral } = readInput(foreignPath, time);
      const tally = await compare(readInput(path, time), format, collateral, 2000);
      assert.ok(tally.refused > 1000, JSON.stringify(tally));
      assert.ok(tally.accepted > 100, JSON.stringify(tally));
    });
  });
}
