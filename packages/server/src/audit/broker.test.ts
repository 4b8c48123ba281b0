import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { ApiError } from '../framework/errors.js';
import { MemoryStorage } from '../framework/testing/memory-storage.js';
import { AuditBroker } from './broker.js';
import { AuditTable } from './table.js';
import { NOW, RESPONSE, record, TOKEN } from './testing/records.js';

class Output extends Writable {
  text = '';
  writes = 0;
  fails = false;

  override _write(chunk: Buffer, _: string, done: (error?: Error) => void): void {
    this.writes += 1;
    if (this.fails) {
      done(new Error('broken pipe'));
      return;
    }
    this.text += chunk.toString();
    done();
  }
}

function setUp(context: TestContext, view = new MemoryStorage()) {
  const folder = mkdtempSync(join(tmpdir(), 'audit-'));
  const output = new Output();
  output.on('error', () => undefined);
  const messages: string[] = [];
  const plugins = join(folder, 'plugins');
  mkdirSync(plugins);
  const options = {
    table: new AuditTable(view),
    stdout: output,
    pluginDirectory: plugins,
    allowPrefix: false,
    log: (_: string, message: string) => messages.push(message),
  };
  const broker = new AuditBroker(options);
  context.after(() => {
    broker.close();
    rmSync(folder, { recursive: true });
  });
  const enable = (path: string, deviceOptions: Record<string, string>, type = 'file') =>
    broker.enable(path, { type, description: '', options: deviceOptions, local: false }, NOW);
  return { view, folder, plugins, output, messages, broker, enable, options };
}

function lines(path: string): Record<string, unknown>[] {
  const text = readFileSync(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return error.code;
  }
  return 'accepted';
}

test('without devices nothing is written and nothing refused', async (context) => {
  const { broker } = setUp(context);
  await broker.logRequest(record());
  await broker.logResponse({ ...record(), response: RESPONSE });
});

test('a file gets a test record, then request and response, and is not readable for others', async (context) => {
  const { folder, broker, enable } = setUp(context);
  const path = join(folder, 'deep', 'audit.log');
  const entry = await enable('file', { file_path: path });
  assert.match(entry.accessor, /^audit_file_[0-9a-f]{8}$/);
  await broker.logRequest(record());
  await broker.logResponse({ ...record(), response: RESPONSE });
  assert.deepEqual(
    lines(path).map(({ type }) => type),
    ['request', 'request', 'response'],
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.ok(!readFileSync(path).includes(TOKEN));
});

test('records of one turn are one write', async (context) => {
  const { output, broker, enable } = setUp(context);
  await enable('out', { skip_test: 'true' }, 'stdout');
  await Promise.all(Array.from({ length: 50 }, () => broker.logRequest(record())));
  assert.equal(output.writes, 1);
  assert.equal(output.text.split('\n').length, 51);
});

test('one device that works is enough, and the failing one is reported once', async (context) => {
  const { folder, output, messages, broker, enable } = setUp(context);
  const path = join(folder, 'audit.log');
  await enable('out', {}, 'stdout');
  await enable('file', { file_path: path });
  output.fails = true;
  for (let n = 0; n < 3; n += 1) await broker.logRequest(record());
  assert.equal(lines(path).length, 4);
  assert.equal(messages.length, 1);
  assert.match(messages[0] ?? '', /^audit device out\/ fails/);
});

test('when every device fails, requests and answers are refused, and accepted again later', async (context) => {
  const { folder, broker, enable, messages } = setUp(context);
  const path = join(folder, 'logs', 'audit.log');
  await enable('file', { file_path: path });
  rmSync(join(folder, 'logs'), { recursive: true });
  writeFileSync(join(folder, 'logs'), 'a file where the folder was');
  broker.reopenAll();
  assert.equal(await codeOf(() => broker.logRequest(record())), 'audit-failed');
  assert.equal(
    await codeOf(() => broker.logResponse({ ...record(), response: null })),
    'audit-failed',
  );
  rmSync(join(folder, 'logs'));
  await broker.logRequest(record());
  assert.equal(lines(path).length, 1);
  assert.ok(messages.some((message) => message.includes('works again')));
});

test('log_raw concerns the device that has it and no other', async (context) => {
  const { folder, broker, enable } = setUp(context);
  const raw = join(folder, 'raw.log');
  const hashed = join(folder, 'hashed.log');
  await enable('raw', { file_path: raw, log_raw: 'true' });
  await enable('hashed', { file_path: hashed });
  await broker.logRequest(record());
  assert.ok(readFileSync(raw).includes('hunter2'));
  assert.ok(!readFileSync(hashed).includes('hunter2'));
});

test('a device that discards lets requests go on when the others fail', async (context) => {
  const { output, broker, enable } = setUp(context);
  await enable('out', {}, 'stdout');
  await enable('none', { file_path: 'discard' });
  output.fails = true;
  await broker.logRequest(record());
  await broker.disable('none');
  assert.equal(await codeOf(() => broker.logRequest(record())), 'audit-failed');
});

test('every device has its own salt, and hash finds what it wrote', async (context) => {
  const { folder, broker, enable } = setUp(context);
  const path = join(folder, 'audit.log');
  await enable('a', { file_path: path });
  await enable('b', { file_path: 'discard' });
  await broker.logRequest(record());
  const hash = await broker.hash('a', 'hunter2');
  assert.ok(readFileSync(path).includes(hash));
  assert.equal(await broker.hash('a/', Buffer.from('hunter2')), hash);
  assert.notEqual(await broker.hash('b', 'hunter2'), hash);
  assert.equal(await codeOf(() => broker.hash('c', 'x')), 'audit-unknown');
});

const refusals: readonly (readonly [string, Record<string, string>, string])[] = [
  ['no file_path', {}, 'audit-option'],
  ['an executable mode', { file_path: 'F/a.log', mode: '0755' }, 'audit-mode'],
  ['a mode executable for others', { file_path: 'F/a.log', mode: '0601' }, 'audit-mode'],
  ['a setuid mode', { file_path: 'F/a.log', mode: '4600' }, 'audit-mode'],
  ['a mode that is none', { file_path: 'F/a.log', mode: 'rw' }, 'audit-option'],
  ['the plugin directory', { file_path: 'F/plugins/a' }, 'audit-path'],
  ['a folder of the plugin directory', { file_path: 'F/plugins/x/y/a' }, 'audit-path'],
  ['a way around to the plugin directory', { file_path: 'F/x/../plugins/a' }, 'audit-path'],
  ['a link to the plugin directory', { file_path: 'F/link/a' }, 'audit-path'],
  ['the older name of the option', { path: 'F/plugins/a' }, 'audit-path'],
  ['a file that is a link', { file_path: 'F/link-file' }, 'audit-unwritable'],
  ['a file that is executable', { file_path: 'F/program' }, 'audit-mode'],
  ['a folder', { file_path: 'F/plugins/..' }, 'audit-unwritable'],
  ['a place below a file', { file_path: 'F/program/a' }, 'audit-unwritable'],
  ['a prefix', { file_path: 'F/a.log', prefix: 'x' }, 'audit-prefix'],
  ['another format', { file_path: 'F/a.log', format: 'jsonx' }, 'audit-option'],
  ['an unknown option', { file_path: 'F/a.log', filter: 'x' }, 'audit-option'],
  ['a flag that is none', { file_path: 'F/a.log', log_raw: 'maybe' }, 'audit-option'],
];
for (const [name, options, code] of refusals) {
  test(`enabling refuses ${name}, and then nothing is enabled`, async (context) => {
    const { folder, plugins, broker, enable, view } = setUp(context);
    symlinkSync(plugins, join(folder, 'link'));
    writeFileSync(join(folder, 'program'), '');
    chmodSync(join(folder, 'program'), 0o700);
    symlinkSync(join(folder, 'a.log'), join(folder, 'link-file'));
    const placed = Object.fromEntries(
      Object.entries(options).map(([key, value]) => [key, value.replace(/^F\//, `${folder}/`)]),
    );
    assert.equal(await codeOf(() => enable('file', placed)), code);
    assert.deepEqual(await broker.list(), []);
    assert.deepEqual(view.keys(), []);
    await broker.logRequest(record());
  });
}

test('enabling refuses types and paths it does not know, and paths in use', async (context) => {
  const { enable } = setUp(context);
  assert.equal(await codeOf(() => enable('s', { address: 'x' }, 'socket')), 'audit-type');
  for (const path of ['', '../x', 'a//b', 'a b']) {
    assert.equal(await codeOf(() => enable(path, { file_path: 'discard' })), 'audit-path-invalid');
  }
  await enable('a/b', { file_path: 'discard' });
  for (const path of ['a/b', 'a', 'a/b/c']) {
    assert.equal(await codeOf(() => enable(path, { file_path: 'discard' })), 'audit-path-in-use');
  }
});

test('a mode is applied to a file that is already there', async (context) => {
  const { folder, enable } = setUp(context);
  const path = join(folder, 'audit.log');
  writeFileSync(path, '{"older":1}\n');
  await enable('file', { file_path: path, mode: '0640' });
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.equal(lines(path).length, 2);
});

test('a moved file is left behind at reopen', async (context) => {
  const { folder, broker, enable } = setUp(context);
  const path = join(folder, 'audit.log');
  await enable('file', { file_path: path, skip_test: 'true' });
  await broker.logRequest(record());
  renameSync(path, `${path}.1`);
  await broker.logRequest(record());
  broker.reopenAll();
  await broker.logRequest(record());
  assert.equal(lines(`${path}.1`).length, 2);
  assert.equal(lines(path).length, 1);
});

test('another process follows from its next request on', async (context) => {
  const one = setUp(context);
  const other = new AuditBroker({ ...one.options, table: new AuditTable(one.view) });
  const path = join(one.folder, 'audit.log');
  await other.logRequest(record());
  await one.enable('file', { file_path: path, skip_test: 'true' });
  await other.logRequest(record());
  assert.equal(lines(path).length, 1);
  assert.equal(await other.hash('file', 'x'), await one.broker.hash('file', 'x'));
  await one.broker.disable('file/');
  await other.logRequest(record());
  assert.equal(lines(path).length, 1);
  assert.deepEqual(await other.list(), []);
  other.close();
});

test('a device that another process can not open is missed there', async (context) => {
  const one = setUp(context);
  await one.enable('file', { file_path: join(one.folder, 'audit.log') });
  const other = new AuditBroker({
    ...one.options,
    table: new AuditTable(one.view),
    pluginDirectory: one.folder,
  });
  assert.equal(await codeOf(() => other.logRequest(record())), 'audit-failed');
  other.close();
});

test('concurrent requests while a device is being enabled are written once each', async (context) => {
  const { folder, broker, enable } = setUp(context);
  const path = join(folder, 'audit.log');
  const enabling = enable('file', { file_path: path, skip_test: 'true' });
  await Promise.all([enabling, ...Array.from({ length: 20 }, () => broker.logRequest(record()))]);
  const before = lines(path).length;
  await broker.logRequest(record());
  assert.equal(lines(path).length, before + 1);
});

test('audited headers are kept, removed, and never those with tokens', async (context) => {
  const { folder, broker, enable, options } = setUp(context);
  const path = join(folder, 'audit.log');
  await enable('file', { file_path: path, skip_test: 'true' });
  await options.table.addHeader('X-Correlation-Id', { hmac: false });
  await broker.logRequest(record());
  await options.table.removeHeader('x-correlation-ID');
  await broker.logRequest(record());
  const found = lines(path).map(({ request }) => (request as Record<string, unknown>).headers);
  assert.deepEqual(found, [{ 'x-correlation-id': ['c-1'] }, undefined]);
  for (const name of ['X-Vault-Token', 'authorization', 'a b', '']) {
    assert.equal(
      await codeOf(() => options.table.addHeader(name, { hmac: true })),
      'audit-header-invalid',
    );
  }
});

test('an answer under way when the server is sealed is withheld: there is nobody to record it', async (context) => {
  const { folder, broker, enable } = setUp(context);
  await enable('file', { file_path: join(folder, 'audit.log') });
  await broker.logRequest(record());
  broker.close();
  const answer = { ...record(), response: RESPONSE };
  assert.equal(await codeOf(() => broker.logResponse(answer)), 'audit-failed');
  assert.equal(await codeOf(() => broker.logRequest(record())), 'audit-failed');
  assert.equal(await codeOf(() => broker.refresh()), 'audit-failed');
});
