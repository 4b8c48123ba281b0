// `attest credential make` and `check`, and `attest verify` with what they leave, with a software TPM in between.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  activateCredential,
  createSoftwareAk,
  createSoftwareAkCa,
  createSoftwareEk,
  mintAttest,
  mintEkCertificate,
  type SoftwareAk,
  signAttest,
  tpmContainer,
  tpmSignature,
} from '@vouchsafe/verifier/testing';
import { newFolder, type Outcome, runVouchsafe } from '../../testing/stub-server.js';

const dates = { notBefore: new Date('2025-01-01'), notAfter: new Date('2040-01-01') };
const ca = createSoftwareAkCa(dates);
const ek = createSoftwareEk({ kind: 'rsa-2048' });
const ak = createSoftwareAk({ kind: 'ecdsa-p256' });
const other = createSoftwareAk({ kind: 'ecdsa-p256' });
const nameOf = ({ publicArea }: SoftwareAk) =>
  Buffer.concat([Buffer.of(0, 0xb), createHash('sha256').update(publicArea).digest()]);

interface Desk {
  readonly path: (name: string) => string;
  readonly make: (...changes: string[]) => Promise<Outcome>;
}

/** A folder with what the machine sent, and the command that makes a credential of it. */
function newDesk(): Desk {
  const folder = newFolder();
  const path = (name: string) => join(folder, name);
  writeFileSync(path('ek'), ek.publicArea);
  writeFileSync(path('ak'), ak.publicArea);
  writeFileSync(path('cert'), mintEkCertificate(ca, ek.publicKey, dates));
  writeFileSync(path('issuer'), ca.intermediate.der);
  writeFileSync(path('root'), ca.root.der);
  const files = ['ek', 'ak', 'root', 'credential', 'pending'];
  const given = files.map((name) => `-${name}=${path(name)}`);
  const chain = [`-ek-cert=${path('cert')}`, `-ek-cert=${path('issuer')}`];
  const at = '-at=2026-01-01T00:00:00Z';
  const words = ['attest', 'credential', 'make', at, ...given, ...chain];
  return { path, make: (...changes) => runVouchsafe([...words, ...changes]) };
}

/** What the machine's TPM makes of the file, for one of its keys. */
function activate({ path }: Desk, name: Uint8Array = nameOf(ak)): void {
  const file = readFileSync(path('credential'));
  const idBytes = 2 + file.readUInt16BE(8);
  const idObject = new Uint8Array(file.subarray(8, 8 + idBytes));
  const encryptedSeed = new Uint8Array(file.subarray(8 + idBytes));
  writeFileSync(path('answer'), activateCredential(ek, name, { idObject, encryptedSeed }));
}

const check = ({ path }: Desk, at = '2026-01-01T00:30:00Z') => {
  const flags = ['-format=json', `-pending=${path('pending')}`, `-at=${at}`];
  return runVouchsafe(['attest', 'credential', 'check', ...flags, path('answer')]);
};

function putQuote({ path }: Desk, key: SoftwareAk): string {
  const pcrs = new Map([[7, new Uint8Array(32)]]);
  const quote = mintAttest({ bank: 'sha256', pcrs, extraData: new Uint8Array(32) }, 'sha256');
  const signature = tpmSignature(key, signAttest(key, quote));
  const container = tpmContainer({ quote, signature, akPublic: key.publicArea, pcrs });
  writeFileSync(path('quote'), JSON.stringify(container));
  return path('quote');
}

describe('a credential by hand', () => {
  test('is made, activated, checked, and proves the key of a quote', async () => {
    const desk = newDesk();
    const made = await desk.make();
    assert.equal(made.code, 0, made.err);
    assert.equal(statSync(desk.path('pending')).mode & 0o777, 0o600);
    activate(desk);
    const { code, out } = await check(desk);
    assert.equal(code, 0);
    const told = JSON.parse(out) as Record<string, unknown>;
    assert.equal(told.ak_name, nameOf(ak).toString('hex'));
    assert.equal(told.ek_certificate_subject, 'CN=Software TPM EK');
    assert.equal(told.revocation_checked, false);

    const flags = ['-format=json', '-at=2026-01-01T00:45:00Z'];
    const both = [`-pending=${desk.path('pending')}`, `-answer=${desk.path('answer')}`];
    const verify = async (key: SoftwareAk, given: readonly string[]) => {
      const words = ['attest', 'verify', ...flags, ...given, putQuote(desk, key)];
      const { code, out, err } = await runVouchsafe(words);
      return { code, err, verdict: code === 2 ? null : JSON.parse(out) };
    };
    const accepted = await verify(ak, both);
    assert.deepEqual([accepted.code, accepted.verdict.verdict], [0, 'accepted'], accepted.err);
    assert.equal(accepted.verdict.claims.ak_provenance, 'credential');
    assert.equal(accepted.verdict.claims.ek_fingerprint, told.ek_fingerprint);
    const refused = await verify(other, both);
    assert.deepEqual(
      [refused.code, refused.verdict.faults[0].code],
      [4, 'attestation-key-unproven'],
    );
    assert.equal((await verify(ak, [])).code, 4);
    assert.equal((await verify(ak, both.slice(0, 1))).code, 2);
    assert.equal((await verify(ak, [...both, `-crl=${desk.path('root')}`])).code, 2);
  });

  test('neither file, nor what is printed, holds the secret', async () => {
    const desk = newDesk();
    const { out, err } = await desk.make();
    activate(desk);
    const secret = readFileSync(desk.path('answer'));
    const files = ['pending', 'credential'].map((name) => readFileSync(desk.path(name)));
    const checked = await check(desk);
    const all = Buffer.concat([...files, Buffer.from(out + err + checked.out + checked.err)]);
    for (const form of ['hex', 'base64', 'latin1'] as const) {
      assert.ok(!all.toString('latin1').includes(secret.toString(form)));
    }
  });

  test('is refused for a wrong answer, a late one, and one to another credential', async () => {
    const desk = newDesk();
    await desk.make();
    activate(desk);
    const refuses = async (code: string, outcome: Promise<Outcome>) => {
      const { code: exit, out, err } = await outcome;
      assert.deepEqual([exit, out], [4, '']);
      assert.ok(err.includes(code), err);
    };
    await refuses('credential-expired', check(desk, '2026-01-01T01:00:01Z'));
    const answer = readFileSync(desk.path('answer'));
    writeFileSync(desk.path('answer'), answer.subarray(1));
    await refuses('credential-mismatch', check(desk));
    writeFileSync(desk.path('answer'), Buffer.alloc(32));
    await refuses('credential-mismatch', check(desk));
    const second = newDesk();
    await second.make();
    activate(second);
    const elsewhere = { ...desk, path: (name: string) => second.path(name) };
    writeFileSync(second.path('pending'), readFileSync(desk.path('pending')));
    await refuses('credential-mismatch', check(elsewhere));
    writeFileSync(second.path('pending'), '{}');
    await refuses('malformed', check(elsewhere));
  });

  test('is not made for keys or certificates that are refused, and leaves no file', async () => {
    const rows: readonly [string, string, (desk: Desk) => readonly string[]][] = [
      ['an attestation key as EK', 'endorsement-key-unfit', ({ path }) => [`-ek=${path('ak')}`]],
      ['an EK as attestation key', 'attestation-key-unfit', ({ path }) => [`-ak=${path('ek')}`]],
      [
        'a root that it does not lead to',
        'chain-untrusted',
        (desk) => {
          writeFileSync(desk.path('stranger'), createSoftwareAkCa(dates).root.der);
          return [`-ek-cert=${desk.path('stranger')}`];
        },
      ],
      ['a time after the certificates', 'certificate-expired', () => ['-at=2041-01-01T00:00:00Z']],
      ['two days to answer', 'input-invalid', () => ['-lifetime=172800']],
    ];
    for (const [what, code, changes] of rows) {
      const desk = newDesk();
      const { code: exit, err } = await desk.make(...changes(desk));
      assert.equal(exit, 4, what);
      assert.ok(err.includes(code), `${what}: ${err}`);
      assert.ok(!existsSync(desk.path('pending')) && !existsSync(desk.path('credential')));
    }
  });

  test('writes over nothing, and asks for what it needs', async () => {
    const desk = newDesk();
    writeFileSync(desk.path('credential'), 'mine');
    assert.equal((await desk.make()).code, 1);
    assert.equal(readFileSync(desk.path('credential'), 'utf8'), 'mine');
    assert.ok(!existsSync(desk.path('pending')));
    const bare = await runVouchsafe(['attest', 'credential', 'make']);
    assert.equal(bare.code, 2);
    assert.match(bare.err, /-credential: must be given/);
    assert.equal((await runVouchsafe(['attest', 'credential', 'check', 'answer'])).code, 2);
    assert.equal((await newDesk().make('-lifetime=soon')).code, 2);
    assert.equal((await newDesk().make(`-ek=${desk.path('none')}`)).code, 1);
  });
});
