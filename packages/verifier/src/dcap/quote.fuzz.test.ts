// Parsers of untrusted input: whatever comes in, they read it or refuse it with an EvidenceError.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { parseSgxEvidence } from '../sgx/parse.js';
import { parseTdxEvidence } from '../tdx/parse.js';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { good, now, reportData } from '../testing/dcap-scene.test.js';
import { assertRefusesCleanly, mutationsOf, randomBytes } from '../testing/mutation.test.js';
import { mintSgxQuote } from '../testing/sgx-quote.js';
import { mintTdxQuote } from '../testing/tdx-quote.js';
import { parseEvidence } from '../verify.js';
import { formatDcapEndorsements, parseDcapEndorsements } from './endorsements.js';
import { parseQeIdentity } from './qe-identity.js';
import { parseQuote } from './quote.js';
import { parseTcbInfo } from './tcb-info.js';

const quote = mintTdxQuote(good, { version: 5, report: { reportData } });
const collateral = mintDcapCollateral(good, { now });
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const headStart = quote.subarray(0, 54);
/** A genuine beginning, so that the fuzzer gets past the version. */
const begun = randomBytes.map((tail) => Uint8Array.from([...headStart, ...tail]));

it('spoiled quotes are read or refused', () => {
  assertRefusesCleanly(
    fc.oneof(mutationsOf(quote), begun),
    (bytes) => parseQuote(bytes, 'TDX'),
    10_000,
  );
});

const enclaveQuotes = [3, 4, 5].map((version) =>
  mintSgxQuote(good, { version: version as 3 | 4 | 5, report: { reportData } }),
);
it('spoiled quotes about enclaves are read or refused', () => {
  const spoiled = fc.oneof(...enclaveQuotes.map(mutationsOf));
  assertRefusesCleanly(spoiled, (bytes) => parseQuote(bytes, 'SGX'), 10_000);
  assertRefusesCleanly(spoiled, parseSgxEvidence, 1_000);
});

it('spoiled quotes with their chains are read or refused', () => {
  assertRefusesCleanly(mutationsOf(quote), parseTdxEvidence, 1_000);
});

it('random input of any kind is read or refused', () => {
  const input = fc.oneof(randomBytes, fc.string().map(encode), fc.base64String().map(encode));
  assertRefusesCleanly(input, (bytes) => parseEvidence(bytes, 'detect'), 2_000);
});

const tcbInfo = encode(collateral.tcbInfo);
it('spoiled TCB info is read or refused', () => {
  assertRefusesCleanly(mutationsOf(tcbInfo), (bytes) => parseTcbInfo(decode(bytes)), 10_000);
});

const qeIdentity = encode(collateral.qeIdentity);
it('spoiled QE identities are read or refused', () => {
  assertRefusesCleanly(mutationsOf(qeIdentity), (bytes) => parseQeIdentity(decode(bytes)), 10_000);
});

const document = encode(formatDcapEndorsements(collateral));
it('spoiled collateral documents are read or refused', () => {
  assertRefusesCleanly(
    mutationsOf(document),
    (bytes) => parseDcapEndorsements(decode(bytes)),
    1_000,
  );
});

it('JSON of other shapes is refused', () => {
  const text = fc.json({ maxDepth: 4 }).map(encode);
  assertRefusesCleanly(text, (bytes) => parseTcbInfo(decode(bytes)), 5_000);
});

it('minted quotes of every version are refused at every length but their own', () => {
  const parsers = [
    ...enclaveQuotes.map((bytes) => [bytes, parseSgxEvidence] as const),
    [mintTdxQuote(good, { version: 4, report: { reportData } }), parseTdxEvidence] as const,
    [quote, parseTdxEvidence] as const,
  ];
  for (const [bytes, parse] of parsers) {
    parse(bytes);
    for (let length = 0; length < bytes.length; length += 1) {
      assert.throws(() => parse(bytes.subarray(0, length)), { name: 'EvidenceError' }, `${length}`);
    }
  }
});
