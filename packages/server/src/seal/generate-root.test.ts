// A root token only for enough shares, and only readable for whoever holds the one-time password.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Barrier } from '../barrier/barrier.js';
import { SecretMemory } from '../secret-memory/secret-memory.js';
import { MemoryEngine } from '../storage/memory.js';
import { FailingEngine } from '../storage/testing/failing.js';
import { Lifecycle } from './lifecycle.js';

const memory = new SecretMemory();
const now = (): number => 1_700_000_000_000;
const TOKEN = 'hvs.0123456789abcdefghijABCD';

async function start() {
  const engine = new FailingEngine(new MemoryEngine());
  const barrier = new Barrier({ engine, memory, now });
  const lifecycle = new Lifecycle({ engine, barrier, memory, now });
  const counts = { secretShares: 5, secretThreshold: 3 };
  const { shares } = await lifecycle.initialise(counts, async () => {});
  for (const share of shares.slice(0, 3)) await lifecycle.unseal(share);
  const made: Buffer[] = [];
  const makeToken = async (): Promise<Buffer> => {
    const token = Buffer.from(TOKEN);
    made.push(token);
    return token;
  };
  return { engine, lifecycle, shares, made, makeToken, generate: lifecycle.generateRoot };
}

function decode(encoded: string, otp: Buffer): string {
  const bytes = Buffer.from(encoded, 'base64');
  return Buffer.from(bytes.map((byte, index) => byte ^ (otp[index] ?? 0))).toString();
}

describe('generate root', () => {
  it('answers about the attempt that was asked about, and never tells the nonce of the next', async () => {
    const { engine, generate, shares, makeToken } = await start();
    const mine = await generate.begin(28, null);
    let goOn = (): void => undefined;
    const until = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    engine.delayWith(() => until);
    const asked = generate.update(shares[0] ?? Buffer.alloc(0), mine.status.nonce, makeToken);
    engine.delayWith(null);
    generate.cancel(null);
    const theirs = await generate.begin(28, null);
    goOn();
    assert.notEqual((await asked).nonce, theirs.status.nonce);
  });

  it('gives the token XORed with the password, and wipes the token', async () => {
    const { generate, shares, makeToken, made } = await start();
    const { status, otp } = await generate.begin(28, null);
    assert.match(otp.toString(), /^[0-9A-Za-z]{28}$/);
    assert.deepEqual([status.started, status.progress, status.required], [true, 0, 3]);
    for (const share of shares.slice(0, 2)) {
      const { complete, encodedToken } = await generate.update(share, status.nonce, makeToken);
      assert.deepEqual([complete, encodedToken], [false, '']);
    }
    assert.equal(made.length, 0);
    const last = await generate.update(shares[4] ?? Buffer.alloc(0), status.nonce, makeToken);
    assert.equal(last.complete, true);
    assert.doesNotMatch(last.encodedToken, /=/);
    assert.equal(decode(last.encodedToken, otp), TOKEN);
    assert.ok(made.every((token) => token.every((byte) => byte === 0)));
    assert.equal((await generate.status(28)).started, false);
  });

  it('takes a password of the client', async () => {
    const { generate, shares, makeToken } = await start();
    const otp = Buffer.alloc(28, 'p');
    const { status } = await generate.begin(28, otp);
    let encoded = '';
    for (const share of shares.slice(0, 3)) {
      encoded = (await generate.update(share, status.nonce, makeToken)).encodedToken;
    }
    assert.equal(decode(encoded, otp), TOKEN);
  });

  it('refuses wrong shares, makes no token, and counts anew', async () => {
    const { generate, shares, makeToken, made } = await start();
    const { status } = await generate.begin(28, null);
    const { nonce } = status;
    const [a, b] = shares;
    assert.ok(a && b);
    await generate.update(a, nonce, makeToken);
    await assert.rejects(generate.update(a, nonce, makeToken), { code: 'share-duplicate' });
    await assert.rejects(generate.update(b, 'x'.repeat(36), makeToken), { code: 'nonce-wrong' });
    await assert.rejects(generate.update(b, '', makeToken), { code: 'nonce-wrong' });
    await generate.update(b, nonce, makeToken);
    const wrong = generate.update(Buffer.alloc(33, 1), nonce, makeToken);
    await assert.rejects(wrong, { code: 'shares-wrong', kind: 'invalid-request' });
    assert.equal(made.length, 0);
    assert.equal((await generate.status(28)).progress, 0);
  });

  it('refuses a second attempt, none at all, a password of another length, and when sealed', async () => {
    const { generate, shares, makeToken, lifecycle } = await start();
    const share = shares[0] ?? Buffer.alloc(0);
    const without = generate.update(share, '', makeToken);
    await assert.rejects(without, { code: 'generate-root-not-started' });
    await assert.rejects(generate.begin(28, Buffer.alloc(27)), { code: 'generate-root-otp' });
    const { status } = await generate.begin(28, null);
    await assert.rejects(generate.begin(28, null), { code: 'generate-root-in-progress' });
    lifecycle.seal();
    await assert.rejects(generate.begin(28, null), { kind: 'sealed' });
    await assert.rejects(generate.update(share, status.nonce, makeToken), { kind: 'sealed' });
    assert.equal((await generate.status(28)).started, false);
  });

  it('is cancelled by its nonce or by a proven caller, and by nobody else', async () => {
    const { generate } = await start();
    generate.cancel('nothing under way');
    const { status } = await generate.begin(28, null);
    assert.throws(() => generate.cancel(''), { code: 'nonce-wrong' });
    assert.throws(() => generate.cancel('x'.repeat(36)), { code: 'nonce-wrong' });
    generate.cancel(status.nonce);
    await generate.begin(28, null);
    generate.cancel(null);
    assert.equal((await generate.status(28)).started, false);
  });

  it('makes no token for an attempt that was cancelled while the shares were checked', async () => {
    const { generate, shares, makeToken, made } = await start();
    const { status } = await generate.begin(28, null);
    for (const share of shares.slice(0, 2)) await generate.update(share, status.nonce, makeToken);
    const last = generate.update(shares[2] ?? Buffer.alloc(0), status.nonce, makeToken);
    generate.cancel(status.nonce);
    await assert.rejects(last, { code: 'generate-root-not-started' });
    assert.equal(made.length, 0);
  });

  it('ends the attempt when the token can not be made, and gives nothing away', async () => {
    const { generate, shares } = await start();
    const { status } = await generate.begin(28, null);
    const failing = async (): Promise<Buffer> => Buffer.from('hvs.short');
    for (const share of shares.slice(0, 2)) await generate.update(share, status.nonce, failing);
    const last = generate.update(shares[2] ?? Buffer.alloc(0), status.nonce, failing);
    await assert.rejects(last, /length/);
    assert.equal((await generate.status(28)).started, false);
  });
});
