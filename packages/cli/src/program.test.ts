// The program around the commands: help, guesses, environment, names it is installed under, pipes that close.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseArguments } from './arguments/parse-arguments.js';
import { commands, groups } from './commands/registry.js';
import { formatCommandHelp } from './help.js';
import { connectionFlags } from './session/options.js';
import { bin, newFolder, runVouchsafe, startStub, testRows } from './testing/stub-server.js';

testRows({
  'nothing shows help and fails with 127': {
    args: [],
    code: 127,
    out: '',
    err: /^Usage: vouchsafe/,
  },
  '-help shows help': { args: ['-help'], out: /^Usage: vouchsafe <command>/ },
  'help shows help': { args: ['help'], out: /^Usage: vouchsafe <command>/ },
  'help with a command shows its help': {
    args: ['help', 'kv', 'get'],
    out: /^Usage: vouchsafe kv get/,
  },
  '-h on a group shows its help': { args: ['kv', '-h'], out: /^Usage: vouchsafe kv <command>/ },
  'a group alone shows its help and fails with 1': {
    args: ['kv', 'metadata'],
    code: 1,
    out: '',
    err: /^Usage: vouchsafe kv metadata <command>/,
  },
  'an unknown command guesses': {
    args: ['stauts'],
    code: 127,
    err: 'unknown command: vouchsafe stauts\nhint: did you mean "vouchsafe status"?\n',
  },
  'an unknown command in a group guesses there': {
    args: ['kv', 'metadata', 'gett'],
    code: 1,
    err: /did you mean "vouchsafe kv metadata get"/,
  },
  'an unknown command that is near nothing points to help': {
    args: ['frobnicate'],
    code: 127,
    err: /"vouchsafe -help" lists/,
  },
  'an unknown flag guesses': {
    args: ['status', '-adress=x'],
    code: 1,
    err: /^unknown flag: -adress\n\nhint: did you mean -address\?\n\nUsage: vouchsafe status/,
  },
  'an unknown format fails': {
    args: ['status', '-format=xml'],
    code: 1,
    err: /^-format: want one of/,
  },
  'an unknown format in the environment fails': {
    args: ['status'],
    env: { VAULT_FORMAT: 'xml' },
    code: 1,
    err: /^VOUCHSAFE_FORMAT: want/,
  },
  'flags of the connection may stand before the command': {
    args: ['-namespace', 'a/', 'read', '-format=json', 'x'],
    answers: { 'GET x': [200, { data: { a: 1 } }] },
    out: /"a": 1/,
    calls: ['GET x'],
  },
  'other flags before the command are refused': {
    args: ['-mount=secret', 'kv', 'get', 'x'],
    code: 1,
    err: /^unknown flag before the command: -mount/,
  },
  'a header of our own cannot be replaced': {
    args: ['read', '-header=X-Vault-Token=x', 'x'],
    code: 1,
    err: /^-header: names that begin with X-Vault- are reserved/,
    calls: [],
  },
  'an address with a password is refused without repeating it': {
    args: ['status', '-address=https://me:hidden@127.0.0.1'],
    code: 1,
    err: /^(?![\s\S]*hidden)address: must not hold a user/,
  },
  'an answer that is not JSON is a fault, and is not repeated': {
    args: ['read', 'x'],
    answers: { 'GET x': [200, 'hidden'] },
    code: 2,
    err: /^(?![\s\S]*hidden)Error/,
  },
  '-output-policy shows what the request needs': {
    args: ['list', '-output-policy', 'secret/metadata'],
    out: 'path "secret/metadata/" {\n  capabilities = ["list"]\n}\n',
    calls: [],
  },
  'server without a configuration fails': {
    args: ['server'],
    code: 1,
    err: /^-config or -dev must be given/,
  },
});

test('environment: flags win over VOUCHSAFE_*, which wins over VAULT_*', async () => {
  const answers = { 'GET x': [200, { data: { a: 1 } }] } as const;
  const [flag, own, vault] = [
    await startStub(answers),
    await startStub(answers),
    await startStub(answers),
  ];
  const env = {
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: 'hvs.vault',
    VAULT_NAMESPACE: 'vault-ns',
    VAULT_WRAP_TTL: '60',
    VAULT_FORMAT: 'json',
  };
  const both = { ...env, VOUCHSAFE_ADDR: own.address, VOUCHSAFE_TOKEN: 'hvs.own' };
  await runVouchsafe(['read', 'x'], { env });
  await runVouchsafe(['read', 'x'], { env: { ...both, VOUCHSAFE_NAMESPACE: 'own-ns' } });
  const args = ['read', `-address=${flag.address}`, '-ns=flag-ns', '-wrap-ttl=5m', 'x'];
  const last = await runVouchsafe([...args, '-format=table'], { env: both });
  assert.match(last.out, /^Key/);
  const seen = [vault, own, flag].map(({ calls }) => {
    assert.equal(calls.length, 1);
    const headers = calls[0]?.headers ?? {};
    return ['x-vault-token', 'x-vault-namespace', 'x-vault-wrap-ttl'].map((name) => headers[name]);
  });
  assert.deepEqual(seen, [
    ['hvs.vault', 'vault-ns', '60'],
    ['hvs.own', 'own-ns', '60'],
    ['hvs.own', 'flag-ns', '5m'],
  ]);
});

test('installed under another name it goes by that name', async () => {
  for (const name of ['vault', 'bao']) {
    const program = join(newFolder(), name);
    symlinkSync(bin, program);
    const help = await runVouchsafe(['kv', 'get', '-h'], { program });
    assert.match(help.out, new RegExp(`^Usage: ${name} kv get`));
    const version = await runVouchsafe(['version'], { program });
    assert.match(version.out, /^Vouchsafe v\d/);
  }
});

test('a reader that stops reading ends the program quietly', async () => {
  const keys = Array.from({ length: 50_000 }, (_, index) => `key-${index}`);
  const stub = await startStub({ 'GET x/?list=true': [200, { data: { keys } }] });
  const child = spawn(process.execPath, [bin, 'list', 'x'], {
    env: { PATH: process.env.PATH ?? '', HOME: newFolder(), VAULT_ADDR: stub.address },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const err: Buffer[] = [];
  child.stderr.on('data', (chunk) => err.push(chunk));
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0);
  assert.equal(Buffer.concat(err).toString(), '');
});

test('hints for the ways a connection fails', async () => {
  const garbage = createServer((socket) => socket.end('no http\r\n\r\n'));
  const reset = createServer((socket) => socket.destroy());
  const ports: number[] = [];
  for (const server of [garbage, reset]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  const rows: [string, RegExp][] = [
    [`http://127.0.0.1:${ports[0]}`, /hint: the server may want TLS; try -address=https:/],
    [`http://127.0.0.1:${ports[1]}`, /hint: the server may want TLS; try -address=https:/],
    [
      `https://127.0.0.1:${ports[0]}`,
      /hint: the server seems to speak plain HTTP; try -address=http:/,
    ],
    ['unix:///nonexistent/socket', /hint: no server answers at unix:/],
    ['http://127.0.0.1:1', /hint: no server answers at/],
  ];
  for (const [address, hint] of rows) {
    const outcome = await runVouchsafe(['read', 'x'], { env: { VAULT_ADDR: address } });
    assert.equal(outcome.code, 2, address);
    assert.match(outcome.err, hint, address);
  }
  garbage.close();
  reset.close();
});

test('every command says what it is, and its examples parse', async () => {
  for (const [name, load] of commands) {
    const found = await load();
    assert.ok(found.usage === name || found.usage.startsWith(`${name} `), name);
    assert.match(found.summary, /^[A-Z][^\n]{5,60}$/, name);
    assert.ok(found.examples.length > 0, name);
    assert.match(formatCommandHelp('vouchsafe', found), /^Usage: vouchsafe/);
    const flags = { ...connectionFlags, field: connectionFlags.address, ...found.flags };
    for (const [, line] of found.examples) {
      assert.ok(line.startsWith(name), `${name}: ${line}`);
      const words = line
        .slice(name.length)
        .split(' ')
        .filter((word) => word !== '');
      const { args } = parseArguments(flags, words, {
        stopAtFirstArgument: found.stopAtFirstArgument ?? false,
      });
      const [least, most] = found.arguments;
      assert.ok(args.length >= least && args.length <= most, `${name}: ${line}`);
    }
  }
});

test('names are unique, and every group has a summary', () => {
  const names = commands.map(([name]) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) {
    const words = name.split(' ');
    for (let length = 1; length < words.length; length += 1) {
      const group = words.slice(0, length).join(' ');
      assert.ok(groups[group], group);
    }
  }
});
