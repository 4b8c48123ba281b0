// Which files make up a configuration, and in which order they count.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConfigFiles, loadServerConfig, NODE_CONFIG_FILES } from './load.js';
import { ConfigError } from './problems.js';

const STORAGE = 'storage "inmem" { }';
const LISTENER = 'listener "tcp" { tls_disable = true }';

function filesOf(tree: Readonly<Record<string, string | readonly string[]>>): ConfigFiles {
  return {
    async list(path) {
      const entry = tree[path];
      if (entry === undefined) throw new Error('no such file');
      return typeof entry === 'string' ? null : entry;
    },
    async read(path) {
      const entry = tree[path];
      if (typeof entry !== 'string') throw new Error('no such file');
      return entry;
    },
  };
}

const TREE = filesOf({
  'a.hcl': `${STORAGE} ${LISTENER} cluster_name = "a"`,
  conf: ['z.hcl', 'b.json', 'notes.txt'],
  'conf/b.json': '{"cluster_name": "b"}',
  'conf/z.hcl': 'cluster_name = "z" ui = true',
  empty: ['notes.txt'],
});

async function load(
  paths: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string | null> {
  return (await loadServerConfig({ paths, env, dev: false, files: TREE })).clusterName;
}

test('files, folders in the order of names, then the environment', async () => {
  assert.equal(await load(['a.hcl']), 'a');
  assert.equal(await load(['a.hcl', 'conf']), 'z');
  assert.equal(await load(['conf', 'a.hcl']), 'a');
  assert.equal(await load(['a.hcl'], { VAULT_LOCAL_CONFIG: '{"cluster_name": "env"}' }), 'env');
  assert.equal(await load(['a.hcl'], { VAULT_LOCAL_CONFIG: '' }), 'a');
  const env = { VAULT_API_ADDR: 'https://x:1', VAULT_LOG_LEVEL: 'debug' };
  const config = await loadServerConfig({ paths: ['a.hcl'], env, dev: false, files: TREE });
  assert.deepEqual([config.apiAddr, config.logLevel], ['https://x:1', 'debug']);
});

test('VOUCHSAFE_ variables win over VAULT_ ones, unless they are empty', async () => {
  const env = {
    VOUCHSAFE_API_ADDR: 'https://v:1',
    VAULT_API_ADDR: 'https://x:1',
    VOUCHSAFE_LOG_LEVEL: '',
    VAULT_LOG_LEVEL: 'debug',
    VOUCHSAFE_LOG_FORMAT: 'json',
    VOUCHSAFE_CLUSTER_ADDR: 'https://v:2',
  };
  const config = await loadServerConfig({ paths: ['a.hcl'], env, dev: false, files: TREE });
  assert.deepEqual(
    [config.apiAddr, config.logLevel, config.logFormat],
    ['https://v:1', 'debug', 'json'],
  );
  assert.match(config.warnings.join(), /^environment:1: "cluster_addr" has no effect/);
  const local = {
    VOUCHSAFE_LOCAL_CONFIG: 'cluster_name = "own"',
    VAULT_LOCAL_CONFIG: 'cluster_name = "vault"',
  };
  assert.equal(await load(['a.hcl'], local), 'own');
  assert.equal(await load(['a.hcl'], { ...local, VOUCHSAFE_LOCAL_CONFIG: ' ' }), 'vault');
  await assert.rejects(
    load(['a.hcl'], { VOUCHSAFE_LOCAL_CONFIG: 'x' }),
    /^ConfigError: VOUCHSAFE_LOCAL_CONFIG:1/,
  );
});

test('refuses files that cannot be read, empty folders and bad variables', async () => {
  for (const paths of [['no.hcl'], ['empty'], ['a.hcl', 'no.hcl']]) {
    await assert.rejects(
      load(paths),
      (error) => error instanceof ConfigError && error.problems[0]?.code === 'config-unreadable',
    );
  }
  await assert.rejects(
    load(['a.hcl'], { VAULT_LOG_LEVEL: 'loud' }),
    /^ConfigError: environment:1: /,
  );
  await assert.rejects(load(['a.hcl'], { VAULT_LOCAL_CONFIG: 'x' }), ConfigError);
});

test('real files are read, and large ones are not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-config-'));
  try {
    await writeFile(join(folder, 'one.hcl'), `${STORAGE} ${LISTENER}`);
    const input = { env: {}, dev: false, files: NODE_CONFIG_FILES };
    const config = await loadServerConfig({ ...input, paths: [folder] });
    assert.equal(config.listeners[0]?.source.file, join(folder, 'one.hcl'));
    await writeFile(join(folder, 'two.hcl'), `#${'x'.repeat(1024 * 1024)}`);
    await assert.rejects(loadServerConfig({ ...input, paths: [folder] }), /file is too large/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
