import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SgxEvidence } from '@vouchsafe/verifier';
import { DcapCa, mintDcapCollateral } from '@vouchsafe/verifier/testing';
import { ApiError } from '../framework/errors.js';
import { MemoryStorage } from '../framework/testing/memory-storage.js';
import { CACHE_LIMITS, EndorsementCache } from './cache.js';
import { MintedChips, sgxQuoteOf, tdxQuoteOf } from './testing/minted-evidence.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const DAY_MS = 86_400_000;
const later = (ms: number): Date => new Date(NOW.getTime() + ms);
const ca = DcapCa.create({ now: NOW });
const quote = tdxQuoteOf(ca);
const collateral = mintDcapCollateral(ca, { now: NOW });
const validity = { notBefore: later(-DAY_MS), notAfter: later(DAY_MS) };
const chips = new MintedChips({ product: 'milan', ...validity });
const idOf = (chip: number): Uint8Array => new Uint8Array(64).fill(chip);
const reportOf = (chip: number) => chips.reportOf(idOf(chip));
const keyOf = (chip: number) => chips.keyOf(idOf(chip));
const crl = chips.crl(NOW, later(100 * DAY_MS));

test('collateral comes back as it was kept, with the time at which it was fetched', async () => {
  const storage = new MemoryStorage();
  const cache = new EndorsementCache(() => storage, CACHE_LIMITS);
  assert.equal(await cache.findDcap(quote), null);
  await cache.keepDcap(quote, collateral, NOW);
  assert.deepEqual(await cache.findDcap(quote), { fetchedAt: NOW.getTime(), value: collateral });
});

test('collateral of a platform is kept for each kind of TEE, and for each platform that is only named', async () => {
  const storage = new MemoryStorage();
  const cache = new EndorsementCache(() => storage, CACHE_LIMITS);
  const named = (ppid: number): SgxEvidence =>
    sgxQuoteOf(ca, { certificationType: 3, certificationData: new Uint8Array(404).fill(ppid) });
  const kept = [quote, sgxQuoteOf(ca, {}), named(1), named(2)].map((evidence, index) => ({
    evidence,
    value: { ...collateral, pckCertificateChain: index < 2 ? null : `chain ${index}` },
  }));
  for (const { evidence, value } of kept) await cache.keepDcap(evidence, value, NOW);
  for (const { evidence, value } of kept) {
    assert.deepEqual((await cache.findDcap(evidence))?.value, value);
  }
  assert.equal(storage.keys().length, 4);
});

test('what one process keeps another one sees, also when it has an older one in memory', async () => {
  const storage = new MemoryStorage();
  const [one, other] = [0, 1].map(() => new EndorsementCache(() => storage, CACHE_LIMITS));
  assert.ok(one !== undefined && other !== undefined);
  await one.keepDcap(quote, collateral, NOW);
  await other.findDcap(quote);
  const newer = mintDcapCollateral(ca, { now: later(DAY_MS) });
  await one.keepDcap(quote, newer, later(DAY_MS));
  assert.deepEqual((await other.findDcap(quote))?.value, newer);
});

test('an entry that has not changed is not read again', async () => {
  const storage = new MemoryStorage();
  const cache = new EndorsementCache(() => storage, CACHE_LIMITS);
  await cache.keepDcap(quote, collateral, NOW);
  const first = await cache.findDcap(quote);
  const { reads } = storage;
  assert.equal((await cache.findDcap(quote))?.value, first?.value);
  assert.equal(storage.reads, reads);
});

test('collateral of another platform or another CA is not found', async () => {
  const storage = new MemoryStorage();
  const cache = new EndorsementCache(() => storage, CACHE_LIMITS);
  await cache.keepDcap(quote, collateral, NOW);
  const strange = DcapCa.create({ now: NOW, platform: { fmspc: new Uint8Array(6).fill(9) } });
  assert.equal(await cache.findDcap(tdxQuoteOf(strange)), null);
});

test('many who keep the same at once write it once', async () => {
  const storage = new MemoryStorage();
  const cache = new EndorsementCache(() => storage, CACHE_LIMITS);
  await cache.keepDcap(quote, collateral, NOW);
  await cache.keepDcap(quote, collateral, later(59_999));
  assert.equal(storage.commits.length, 1);
  await cache.keepDcap(quote, collateral, later(60_000));
  assert.equal(storage.commits.length, 2);
});

test('one that keeps what another has just kept finds it all the same', async () => {
  const storage = new MemoryStorage();
  const [one, other] = [0, 1].map(() => new EndorsementCache(() => storage, CACHE_LIMITS));
  assert.ok(one !== undefined && other !== undefined);
  await one.keepDcap(quote, collateral, NOW);
  await other.keepDcap(quote, collateral, NOW);
  assert.deepEqual((await other.findDcap(quote))?.value, collateral);
});

test('an SNP key is found for its own chip and no other, for ever', async () => {
  const storage = new MemoryStorage();
  const cache = new EndorsementCache(() => storage, CACHE_LIMITS);
  const key = keyOf(1);
  await cache.keepSnpKey(reportOf(1), key, NOW);
  assert.deepEqual(await cache.findSnpKeys(reportOf(1)), [key]);
  assert.deepEqual(await cache.findSnpKeys(reportOf(2)), []);
});

test('an SNP list is found until it was fetched a week ago, whatever it says itself', async () => {
  const storage = new MemoryStorage();
  const cache = new EndorsementCache(() => storage, CACHE_LIMITS);
  await cache.keepSnpCrl(reportOf(1), crl, NOW);
  const week = 7 * DAY_MS;
  assert.deepEqual(await cache.findSnpCrls(reportOf(2), later(week)), [
    { fetchedAt: NOW.getTime(), value: crl },
  ]);
  assert.deepEqual(await cache.findSnpCrls(reportOf(2), later(week + 1)), []);
});

test("another product's key or list is not kept in a report's name", async () => {
  const storage = new MemoryStorage();
  const cache = new EndorsementCache(() => storage, CACHE_LIMITS);
  const genoa = new MintedChips({ ...validity, product: 'genoa' });
  const other = genoa.crl(NOW, later(DAY_MS));
  await cache.keepSnpCrl(reportOf(1), other, NOW);
  assert.deepEqual(storage.keys(), []);
});

test('a full folder makes room, and what is new stays', async () => {
  const storage = new MemoryStorage();
  const cache = new EndorsementCache(() => storage, { ...CACHE_LIMITS, snpKeysMax: 3 });
  for (const chip of [1, 2, 3, 4, 5]) {
    await cache.keepSnpKey(reportOf(chip), keyOf(chip), NOW);
    assert.equal((await cache.findSnpKeys(reportOf(chip))).length, 1);
    assert.ok(storage.keys().length <= 3);
  }
});

test('while the server is sealed the cache says so, and gives nothing out', async () => {
  const sealed = new ApiError('sealed', 'Vault is sealed');
  const cache = new EndorsementCache(() => {
    throw sealed;
  }, CACHE_LIMITS);
  await assert.rejects(cache.findDcap(quote), sealed);
  await assert.rejects(cache.keepDcap(quote, collateral, NOW), sealed);
});

test('a damaged entry is an error, not an endorsement, and is written over', async () => {
  const storage = new MemoryStorage();
  const cache = new EndorsementCache(() => storage, CACHE_LIMITS);
  await cache.keepSnpKey(reportOf(1), keyOf(1), NOW);
  const [key] = storage.keys();
  assert.ok(key !== undefined);
  await storage.commit([{ put: key, value: Buffer.from('{"fetchedAt":1,"value":{}}') }], []);
  await assert.rejects(cache.findSnpKeys(reportOf(1)));
  await cache.keepSnpKey(reportOf(1), keyOf(1), NOW);
  assert.equal((await cache.findSnpKeys(reportOf(1))).length, 1);
});

test('limits that no folder can have are refused', () => {
  const storage = new MemoryStorage();
  const open = (limits: object) =>
    new EndorsementCache(() => storage, { ...CACHE_LIMITS, ...limits });
  for (const limits of [
    { snpKeysMax: 10_000 },
    { collateralMax: 10_000 },
    { snpKeysMax: 20_000 },
  ]) {
    assert.throws(() => open(limits), RangeError);
  }
  assert.doesNotThrow(() => open({ snpKeysMax: 9_999 }));
});
