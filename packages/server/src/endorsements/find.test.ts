import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DcapEndorsements } from '@vouchsafe/verifier';
import { DcapCa, mintDcapCollateral } from '@vouchsafe/verifier/testing';
import { MemoryStorage } from '../framework/testing/memory-storage.js';
import { CACHE_LIMITS, EndorsementCache } from './cache.js';
import { type Candidate, EndorsementFinder } from './find.js';
import type { EndorsementSource, SnpKey } from './source.js';
import { MintedChips, tdxQuoteOf } from './testing/minted-evidence.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const DAY_MS = 86_400_000;
const days = (count: number): Date => new Date(NOW.getTime() + count * DAY_MS);
const ca = DcapCa.create({ now: days(-100) });
const quote = tdxQuoteOf(ca);
/** Issued so many days from the start, good for 30 days. */
const issued = (at: number): DcapEndorsements => mintDcapCollateral(ca, { now: days(at) });
const validity = { notBefore: days(-100), notAfter: days(1000) };
const chips = new MintedChips({ product: 'milan', ...validity });
const chipId = new Uint8Array(64).fill(7);
const report = chips.reportOf(chipId);
const vcek = (): SnpKey => chips.keyOf(chipId);
const crl = (at: number, nextUpdate = days(at + 365)): Uint8Array =>
  chips.crl(days(at), nextUpdate);

class FakeSource implements EndorsementSource {
  readonly name: string;
  tdx: readonly DcapEndorsements[] = [];
  keys: readonly SnpKey[] = [];
  crls: readonly Uint8Array[] = [];
  fault: Error | null = null;
  asked = 0;

  constructor(name: string) {
    this.name = name;
  }

  async #give<T>(values: readonly T[]): Promise<readonly T[]> {
    this.asked += 1;
    if (this.fault !== null) throw this.fault;
    return values;
  }

  findDcap = () => this.#give(this.tdx);
  findSnpKeys = () => this.#give(this.keys);
  findSnpCrls = () => this.#give(this.crls);
}

function scene() {
  const storage = new MemoryStorage();
  const bundle = new FakeSource('bundle');
  const vendor = new FakeSource('vendor');
  const offered = new FakeSource('offered');
  const cache = new EndorsementCache(() => storage, CACHE_LIMITS);
  const faults: string[] = [];
  const finder = new EndorsementFinder({
    local: [bundle],
    cache,
    vendors: [vendor],
    refreshIntervalMs: DAY_MS,
    onFault: (source) => faults.push(source),
  });
  const collect = async <N>(found: AsyncGenerator<Candidate<N>>): Promise<Candidate<N>[]> => {
    const all: Candidate<N>[] = [];
    for await (const each of found) all.push(each);
    return all;
  };
  return {
    bundle,
    vendor,
    offered,
    cache,
    faults,
    /** All that would be tried if nothing verified. */
    tdx: (now: Date) => collect(finder.findDcap(quote, offered, now)),
    snp: (now: Date) => collect(finder.findSnp(report, offered, now)),
    /** The first, kept as after a login. */
    async logIn(now: Date): Promise<string> {
      for await (const each of finder.findDcap(quote, offered, now)) {
        await each.keep?.();
        return each.source;
      }
      return 'nothing';
    },
  };
}

const namesOf = (found: readonly { readonly source: string }[]) => found.map((each) => each.source);

test('the bundle is enough: the vendor is not asked', async () => {
  const { bundle, vendor, logIn } = scene();
  bundle.tdx = [issued(0)];
  assert.equal(await logIn(days(1)), 'bundle');
  assert.equal(vendor.asked, 0);
});

test('of all that the server has the freshest is tried first, wherever it lies', async () => {
  const { bundle, cache, tdx } = scene();
  bundle.tdx = [issued(-3), issued(-1)];
  await cache.keepDcap(quote, issued(-2), NOW);
  const found = await tdx(NOW);
  assert.deepEqual(namesOf(found), ['bundle', 'cache', 'bundle']);
});

test('what the vendor gave is used again for a day without asking, then asked for anew', async () => {
  const { vendor, logIn } = scene();
  vendor.tdx = [issued(0)];
  assert.equal(await logIn(days(0)), 'vendor');
  assert.equal(await logIn(days(0.99)), 'cache');
  assert.equal(vendor.asked, 1);
  vendor.tdx = [issued(1)];
  assert.equal(await logIn(days(1)), 'vendor');
  assert.equal(await logIn(days(1.5)), 'cache');
  assert.equal(vendor.asked, 2);
});

test('an answer that is the same as before is noted as current', async () => {
  const { vendor, logIn } = scene();
  vendor.tdx = [issued(0)];
  await logIn(days(0));
  await logIn(days(1));
  assert.equal(await logIn(days(1.5)), 'cache');
  assert.equal(vendor.asked, 2);
});

test('an outage leaves what is cached in use, and the vendor is not asked by every login', async () => {
  const { vendor, faults, logIn } = scene();
  vendor.tdx = [issued(0)];
  await logIn(days(0));
  vendor.fault = new Error('down');
  const minute = 1 / 1440;
  for (let time = 0; time < 30; time += 1) {
    assert.equal(await logIn(days(2 + time * minute)), 'cache');
  }
  assert.equal(vendor.asked, 3);
  assert.deepEqual(faults, ['vendor', 'vendor']);
});

test('a vendor that goes back in time does not win over what is newer', async () => {
  const { vendor, logIn } = scene();
  vendor.tdx = [issued(0)];
  await logIn(days(0));
  vendor.tdx = [issued(-5)];
  assert.equal(await logIn(days(2)), 'cache');
});

test('a bundle that is about to run out sends the server to the vendor', async () => {
  const { bundle, vendor, logIn } = scene();
  bundle.tdx = [issued(0)];
  vendor.tdx = [issued(29)];
  assert.equal(await logIn(days(28.9)), 'bundle');
  assert.equal(await logIn(days(29)), 'vendor');
});

test('when nothing of its own verifies the vendor is asked, and the workload last', async () => {
  const { bundle, vendor, offered, tdx } = scene();
  bundle.tdx = [issued(0)];
  vendor.tdx = [issued(-1)];
  offered.tdx = [issued(5)];
  assert.deepEqual(namesOf(await tdx(days(1))), ['bundle', 'vendor', 'offered']);
});

test('the same document from two places is tried once', async () => {
  const { bundle, vendor, offered, tdx } = scene();
  bundle.tdx = [issued(0)];
  vendor.tdx = bundle.tdx;
  offered.tdx = bundle.tdx;
  assert.deepEqual(namesOf(await tdx(days(1))), ['bundle']);
});

test('nothing that the workload brought is kept', async () => {
  const { offered, tdx } = scene();
  offered.tdx = [issued(0)];
  offered.keys = [vcek()];
  const [found] = await tdx(NOW);
  assert.equal(found?.keep, null);
});

test('an SNP key comes with the freshest list of its root, and says where both are from', async () => {
  const { bundle, vendor, cache, snp } = scene();
  bundle.keys = [vcek()];
  bundle.crls = [crl(-9)];
  const newer = crl(-3);
  await cache.keepSnpCrl(report, newer, NOW);
  vendor.fault = new Error('not to be asked');
  const [first] = await snp(NOW);
  assert.equal(first?.source, 'bundle+cache');
  assert.deepEqual(first.endorsements.revocation, { kind: 'crls', crls: [newer] });
});

test('without any list nothing was checked, and the candidate says so', async () => {
  const { bundle, snp } = scene();
  bundle.keys = [vcek()];
  const [first] = await snp(NOW);
  assert.deepEqual(first?.endorsements.revocation, { kind: 'not-checked' });
});

test("another product's list counts as none", async () => {
  const { bundle, snp } = scene();
  const genoa = new MintedChips({ product: 'genoa', ...validity });
  bundle.keys = [vcek()];
  bundle.crls = [genoa.crl(NOW, days(9))];
  const [first] = await snp(NOW);
  assert.deepEqual(first?.endorsements.revocation, { kind: 'not-checked' });
});

test('an expired list is not the same as none: it is handed on, to be refused', async () => {
  const { bundle, snp } = scene();
  bundle.keys = [vcek()];
  bundle.crls = [crl(-20, days(-10))];
  const [first] = await snp(NOW);
  assert.equal(first?.endorsements.revocation.kind, 'crls');
});

test('a list of the vendor that turns out not to be genuine leaves the older one to try', async () => {
  const { bundle, vendor, snp } = scene();
  const imitation = new MintedChips({ product: 'milan', ...validity });
  const forged = imitation.crl(NOW, days(9));
  bundle.keys = [vcek()];
  const older = crl(-364.5, days(0.5));
  bundle.crls = [older];
  vendor.crls = [forged];
  const lists = (await snp(NOW)).map(({ endorsements }) => endorsements.revocation);
  assert.deepEqual(lists.slice(0, 2), [
    { kind: 'crls', crls: [forged] },
    { kind: 'crls', crls: [older] },
  ]);
});

test('a list that is garbage is a fault of its source, and nothing more', async () => {
  const { bundle, vendor, faults, snp } = scene();
  bundle.keys = [vcek()];
  vendor.crls = [new Uint8Array([0x30, 0x03, 1, 2, 3])];
  const [first] = await snp(NOW);
  assert.deepEqual(first?.endorsements.revocation, { kind: 'not-checked' });
  assert.deepEqual(faults, ['vendor']);
});

test('key and list of the vendor are kept together, and the next login asks nobody', async () => {
  const { vendor, snp, cache } = scene();
  vendor.keys = [vcek()];
  vendor.crls = [crl(0)];
  const [first] = await snp(NOW);
  assert.equal(first?.source, 'vendor');
  await first.keep?.();
  assert.equal((await cache.findSnpKeys(report)).length, 1);
  vendor.keys = [];
  const asked = vendor.asked;
  const [second] = await snp(days(0.5));
  assert.equal(second?.source, 'cache');
  assert.equal(second.keep, null);
  // The list is not due; the key was asked for once more only because this test goes through all rounds.
  assert.equal(vendor.asked, asked + 1);
});

test('a workload may bring a key, but never the list that it is looked up in', async () => {
  const { offered, snp } = scene();
  offered.keys = [vcek()];
  offered.crls = [crl(0)];
  const [first] = await snp(NOW);
  assert.equal(first?.source, 'offered');
  assert.deepEqual(first.endorsements.revocation, { kind: 'not-checked' });
});

test('a sealed cache is a fault that stops nobody', async () => {
  const vendor = new FakeSource('vendor');
  vendor.tdx = [issued(0)];
  const faults: string[] = [];
  const finder = new EndorsementFinder({
    local: [],
    cache: new EndorsementCache(() => {
      throw new Error('sealed');
    }, CACHE_LIMITS),
    vendors: [vendor],
    refreshIntervalMs: DAY_MS,
    onFault: (source) => faults.push(source),
  });
  const { value } = await finder.findDcap(quote, new FakeSource('offered'), NOW).next();
  assert.equal((value as Candidate<DcapEndorsements>).source, 'vendor');
  assert.deepEqual(faults, ['cache']);
});
