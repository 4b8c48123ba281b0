// Fields of secrets as bytes, from both KV versions, and what cannot be delivered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Provision } from './provision-document.js';
import { copyField, decodeSecretBase64, readDelivery } from './secret-fields.js';
import { ServerRefusalError } from './server-api.js';
import type { Session } from './session.js';

const version2 = (data: unknown): string =>
  JSON.stringify({ data: { data, metadata: { version: 3 } } });

const found: Readonly<Record<string, readonly [string, string, string]>> = {
  'a field of KV version 2': [version2({ password: 'hunter2' }), 'password', 'hunter2'],
  'a field of KV version 1': ['{"data":{"password":"hunter2"}}', 'password', 'hunter2'],
  'a field named data of KV version 1': ['{"data":{"data":"x"}}', 'data', 'x'],
  'a field named data of KV version 2': [version2({ data: 'x' }), 'data', 'x'],
  'an object named data of KV version 1': ['{"data":{"data":{"a":1}}}', 'data', '{"a":1}'],
  'a number': [version2({ port: 5432 }), 'port', '5432'],
  'a structure as JSON': [version2({ list: [1, 'a'] }), 'list', '[1,"a"]'],
  'an empty text': [version2({ x: '' }), 'x', ''],
};
for (const [name, [answer, field, want]] of Object.entries(found)) {
  test(`delivers ${name}`, () => {
    assert.equal(copyField(Buffer.from(answer), 'secret/x', field).toString(), want);
  });
}

const missing: Readonly<Record<string, readonly [string, string]>> = {
  'a field that is not there': [version2({ a: 'b' }), 'password'],
  'a field that is null': [version2({ password: null }), 'password'],
  'metadata of KV version 2': [version2({ a: 'b' }), 'metadata'],
  'a deleted version': ['{"data":{"data":null,"metadata":{"version":1}}}', 'password'],
  'an answer without data': ['{"data":null}', 'password'],
};
for (const [name, [answer, field]] of Object.entries(missing)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => copyField(Buffer.from(answer), 'secret/x', field), {
      code: 'secret-field-missing',
    });
  });
}

test('base64 gives the bytes back, and the text is wiped', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = Buffer.from(Buffer.from(bytes).toString('base64'));
      assert.deepEqual(decodeSecretBase64(text, 'p', 'f'), Buffer.from(bytes));
      assert.ok(text.every((byte) => byte === 0));
    }),
    { numRuns: 300 },
  );
  assert.equal(decodeSecretBase64(Buffer.from('aGk=\n'), 'p', 'f').toString(), 'hi');
});

for (const text of ['aGk', 'a', '====', 'a-_=', 'aG k', 'aGk=aGk=', 'hunter2!', 'a===']) {
  test(`${JSON.stringify(text)} is not base64`, () => {
    assert.throws(
      () => decodeSecretBase64(Buffer.from(text), 'secret/x', 'f'),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'secret-not-base64');
        assert.equal(error.message, 'secret/x: field "f" is not base64');
        return true;
      },
    );
  });
}

interface Scene {
  readonly session: Session;
  readonly reads: string[];
  readonly answers: Buffer[];
}

function scene(provision: Provision, answers: Readonly<Record<string, string>>): Scene {
  const reads: string[] = [];
  const handed: Buffer[] = [];
  const read = async (path: string): Promise<Buffer> => {
    reads.push(path);
    const answer = answers[path];
    if (answer === undefined) throw new ServerRefusalError(403, ['permission denied'], {});
    const bytes = Buffer.from(answer);
    handed.push(bytes);
    return bytes;
  };
  return { session: { provision, read } as unknown as Session, reads, answers: handed };
}

const env = (name: string, field: string, secretPath = 'secret/data/web') => ({
  name,
  field,
  secretPath,
});

test('each secret is read once, its answer wiped, and the delivery wiped at the end', async () => {
  const file = { path: '/run/x', mode: 0o600, field: 'b', encoding: 'base64' } as const;
  const provision: Provision = {
    env: [env('A', 'a'), env('B', 'a')],
    files: [{ ...file, secretPath: 'secret/data/web' }],
  };
  const it = scene(provision, { 'secret/data/web': version2({ a: 'one', b: 'dHdv' }) });
  const delivery = await readDelivery(it.session);
  assert.deepEqual(it.reads, ['secret/data/web']);
  assert.ok(it.answers.every((answer) => answer.every((byte) => byte === 0)));
  assert.deepEqual(
    delivery.env.map(({ item, value }) => [item.name, value.toString()]),
    [
      ['A', 'one'],
      ['B', 'one'],
    ],
  );
  assert.equal(delivery.files[0]?.value.toString(), 'two');
  delivery.wipe();
  assert.ok(delivery.env.every(({ value }) => value.every((byte) => byte === 0)));
});

const undeliverable: Readonly<Record<string, readonly [Provision, string]>> = {
  'a secret that the policies do not allow': [
    { env: [env('A', 'a'), env('B', 'b', 'secret/data/other')], files: [] },
    'secret-refused',
  ],
  'a field that is missing': [
    { env: [env('A', 'a'), env('B', 'x')], files: [] },
    'secret-field-missing',
  ],
  'a variable with a zero byte': [{ env: [env('A', 'zero')], files: [] }, 'secret-not-text'],
};
for (const [name, [provision, code]] of Object.entries(undeliverable)) {
  test(`nothing is delivered with ${name}`, async () => {
    const it = scene(provision, { 'secret/data/web': version2({ a: 'one', zero: 'a\0b' }) });
    await assert.rejects(readDelivery(it.session), { code });
    assert.ok(it.answers.every((answer) => answer.every((byte) => byte === 0)));
  });
}
