// Genuine quotes and collateral of SGX and TDX: what is verified at which time, and what must be refused although every
// piece of it is genuine. Holds no test of its own: the formats call it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EvidenceError } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { type DcapFormat, good } from '../testing/dcap-scene.test.js';
import {
  endorsementsOf,
  readCollateral,
  readQuote,
  text,
  type VectorSet,
} from '../testing/dcap-vectors.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { TrustedRoot, VerifiedClaims } from '../types.js';
import { parseEvidence, verifyEvidence } from '../verify.js';
import type { DcapEndorsements } from './endorsements.js';
import { pinnedIntelRoots } from './roots.js';

type Format = Pick<DcapFormat, 'format'>;

/** Reads evidence that has to be of this format. */
export function parseQuoteOf({ format }: Format, bytes: Uint8Array) {
  const evidence = parseEvidence(bytes, format);
  if (evidence.format !== 'sgx-dcap' && evidence.format !== 'tdx-dcap') {
    throw new TypeError('want a quote');
  }
  return evidence;
}

/** Verifies a quote, bound to whatever it says. */
export function verifyQuoteOf(
  format: Format,
  bytes: Uint8Array,
  endorsements: DcapEndorsements,
  now: Date,
  roots: readonly TrustedRoot[] = pinnedIntelRoots,
): Promise<VerifiedClaims> {
  const evidence = parseQuoteOf(format, bytes);
  const expectedBinding = Uint8Array.from(evidence.report.reportData);
  const provider = nodeProvider;
  return verifyEvidence({ evidence, endorsements, roots, expectedBinding, now, provider });
}

export function verifySet(format: Format, set: VectorSet, time: string): Promise<VerifiedClaims> {
  const bytes = readQuote(set.quote);
  const { certification } = parseQuoteOf(format, bytes).quote;
  const chain = certification.kind === 'pck-chain' ? certification.pem : new Uint8Array();
  return verifyQuoteOf(format, bytes, endorsementsOf(set, chain), new Date(time));
}

/** Sets with the code for which they are refused when they are to be checked, null for those that are verified. */
export function judgesSets(
  format: Format,
  sets: readonly (readonly [VectorSet, refusal: string | null])[],
  alsoCheck: (claims: VerifiedClaims, set: VectorSet) => void,
): void {
  describe(`genuine sets of ${format.format}`, { skip: skipWithoutVectors }, () => {
    for (const [set, refusal] of sets) {
      const { name, check_at: time, status, computed } = set;
      if (refusal !== null) {
        it(`${name}: refused, ${refusal}`, async () => {
          const code = refusal;
          await assert.rejects(verifySet(format, set, time), { name: 'EvidenceError', code });
        });
        continue;
      }
      it(`${name}: ${status}`, async () => {
        const claims = await verifySet(format, set, time);
        assert.equal(claims.tcbStatus, status);
        assert.deepEqual(claims.advisories, computed.advisory_ids);
        assert.equal(claims.values.tcb_date, computed.tcb_date);
        assert.equal(claims.values.qe_status, computed.qe_status);
        assert.equal(claims.values.tcb_evaluation_number, computed.tcb_eval_number);
        alsoCheck(claims, set);
      });

      const [from, to] = computed.all_valid_window;
      it(`${name}: valid from ${from} to ${to} and not a second longer`, async () => {
        await verifySet(format, set, from);
        await verifySet(format, set, to);
        const outside = [
          [from, -1000, /not-yet-valid$/],
          [to, 1000, /expired$/],
        ] as const;
        for (const [edge, offset, code] of outside) {
          const moment = new Date(Date.parse(edge) + offset).toISOString();
          await assert.rejects(verifySet(format, set, moment), { code });
        }
      });
    }
  });
}

/** A quote and its collateral (without `.quote` and `.collateral.json`), and a time at which both are good. */
export interface GenuineBase {
  readonly path: string;
  readonly at: Date;
}

/** Sentence, code, and what replaces members of the good collateral. */
export type Mix = readonly [string, string, () => Partial<DcapEndorsements>];

export function refusesMixes(format: Format, { path, at }: GenuineBase, mixes: readonly Mix[]) {
  describe(`${format.format}: genuine pieces that do not belong together`, {
    skip: skipWithoutVectors,
  }, () => {
    const refused = (endorsements: DcapEndorsements, roots: readonly TrustedRoot[], code: string) =>
      assert.rejects(verifyQuoteOf(format, readVector(`${path}.quote`), endorsements, at, roots), {
        name: 'EvidenceError',
        code,
      });

    const wrongSigner = (): Partial<DcapEndorsements> => ({
      tcbInfoIssuerChain: text('bad/oasis-core/tcb-signing-chain-wrong-leaf.pem'),
    });
    const all: readonly Mix[] = [
      ...mixes,
      ['genuine CA in place of the TCB signing certificate', 'chain-invalid', wrongSigner],
    ];
    for (const [name, code, pick] of all) {
      it(`refuses the ${name}`, async () => {
        const mixed = { ...readCollateral(`${path}.collateral.json`), ...pick() };
        await refused(mixed, pinnedIntelRoots, code);
      });
    }

    it('refuses genuine evidence when only a testing CA is trusted', async () => {
      await refused(readCollateral(`${path}.collateral.json`), good.roots, 'chain-untrusted');
    });
  });
}

/** Flips one bit in `step`, which should be prime to 8 so that every position within a byte is met. */
export function refusesSpoiled(format: Format, { path, at }: GenuineBase, step: number): void {
  describe(`${format.format}: a genuine quote`, { skip: skipWithoutVectors }, () => {
    it('is refused when cut at any length', () => {
      const quote = readVector(`${path}.quote`);
      for (let length = 0; length < quote.length; length += 1) {
        // Closing zeros of the chain belong to it: without them the stated length is not there.
        const cut = quote.subarray(0, length);
        assert.throws(() => parseQuoteOf(format, cut), { name: 'EvidenceError' }, `${length}`);
      }
    });

    it('is refused with a bit flipped anywhere up to the certificates', async () => {
      const quote = readVector(`${path}.quote`);
      const genuine = readCollateral(`${path}.collateral.json`);
      const certificates = new TextDecoder('latin1').decode(quote).indexOf('-----BEGIN');
      let signatures = 0;
      for (let bit = 0; bit < certificates * 8; bit += step) {
        const changed = Uint8Array.from(quote);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await assert.rejects(
          async () => verifyQuoteOf(format, changed, genuine, at),
          (error) => {
            assert.ok(error instanceof EvidenceError, `bit ${bit}: ${String(error)}`);
            if (error.code === 'signature-invalid') signatures += 1;
            return true;
          },
          `bit ${bit} may be flipped`,
        );
      }
      assert.ok(signatures > 50, String(signatures));
    });
  });
}
