// The same evidence judged by another implementation (dcap-qvl, Rust as WebAssembly; version 4 quotes
// only): equal verdicts on genuine sets, and nothing that it refuses is accepted here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { parseDcapEndorsements } from '../dcap/endorsements.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { EvidenceError } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import { parseTdxEvidence } from './parse.js';
import { verifyTdx } from './verify.js';

type Collateral = Record<string, string>;
type Verdict = { readonly status: string; readonly advisories: readonly string[] } | null;
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
const skip = skipWithoutVectors || (oracle === null ? 'no @phala/dcap-qvl-web: run npm ci' : false);

function judgeByOracle(quote: Uint8Array, collateral: Collateral, now: Date): Verdict {
  try {
    const result = oracle?.js_verify(quote, collateral, BigInt(Math.floor(now.getTime() / 1000)));
    const { status, advisory_ids: ids } = result as { status: string; advisory_ids: string[] };
    // Its word for "no level fits".
    return status === 'Unknown' ? null : { status, advisories: ids };
  } catch {
    return null;
  }
}

async function judge(quote: Uint8Array, collateral: Collateral, now: Date): Promise<Verdict> {
  try {
    const evidence = parseTdxEvidence(quote);
    const claims = await verifyTdx({
      evidence,
      endorsements: parseDcapEndorsements(JSON.stringify(collateral)),
      roots: pinnedIntelRoots,
      expectedBinding: { binding: 'not-checked' },
      now,
      provider: nodeProvider,
    });
    return { status: String(claims.tcbStatus), advisories: claims.advisories };
  } catch (error) {
    if (error instanceof EvidenceError) return null;
    throw error;
  }
}

const readJson = (path: string) =>
  JSON.parse(new TextDecoder().decode(readVector(path))) as Collateral;

describe('like dcap-qvl', { skip }, () => {
  const sets: [string, string, string][] = [
    ['tdx/phala-dcap-qvl/tdx-v4-production', '2025-07-04T10:16:31Z', 'UpToDate'],
    ['tdx/flashbots-attested-tls/tdx-v4-gcp-2026-01', '2026-02-11T09:25:52Z', 'UpToDate'],
    ['tdx/flashbots-attested-tls/tdx-v4-gcp-2026-06', '2026-07-15T08:03:03Z', 'UpToDate'],
    ['tdx/automata/tdx-v4-production-00806f050000', '2025-07-22T09:13:34Z', 'OutOfDate'],
  ];
  for (const [path, time, status] of sets) {
    it(`${path} is ${status}`, async () => {
      const quote = readVector(`${path}.quote`);
      const collateral = readJson(`${path}.collateral.json`);
      const theirs = judgeByOracle(quote, collateral, new Date(time));
      assert.equal(theirs?.status, status);
      assert.deepEqual(await judge(quote, collateral, new Date(time)), theirs);
    });
  }

  const [path, time] = ['tdx/phala-dcap-qvl/tdx-v4-production', new Date('2025-07-04T10:16:31Z')];

  it('refuses each flipped bit of a quote that it refuses', async () => {
    const quote = readVector(`${path}.quote`);
    const collateral = readJson(`${path}.collateral.json`);
    let refused = 0;
    // 331 is prime to 8, so that every position within a byte is met.
    for (let bit = 0; bit < quote.length * 8; bit += 331) {
      const changed = Uint8Array.from(quote);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (judgeByOracle(changed, collateral, time) !== null) continue;
      refused += 1;
      assert.equal(await judge(changed, collateral, time), null, `bit ${bit}`);
    }
    assert.ok(refused > 80, `${refused} refused`);
  });

  it('refuses each changed character of collateral that it refuses', async () => {
    const quote = readVector(`${path}.quote`);
    const collateral = readJson(`${path}.collateral.json`);
    let refused = 0;
    for (const [name, text] of Object.entries(collateral)) {
      for (let at = 5; at < text.length; at += Math.ceil(text.length / 12)) {
        const other = text[at] === '1' ? '2' : '1';
        const changed = { ...collateral, [name]: text.slice(0, at) + other + text.slice(at + 1) };
        if (judgeByOracle(quote, changed, time) !== null) continue;
        refused += 1;
        assert.equal(await judge(quote, changed, time), null, `${name} at ${at}`);
      }
    }
    assert.ok(refused > 50, `${refused} refused`);
  });
});
