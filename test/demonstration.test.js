// `npm start`, as a newcomer runs it: to the end by itself, and up until Ctrl-C with commands that work when pasted.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const START = join(root, 'tools', 'start.js');

function plainEnv() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VAULT|VOUCHSAFE|NODE_TEST)_?/.test(name)),
  );
}

test('npm start -- --once shows the main job and ends with 0', () => {
  const run = spawnSync(process.execPath, [START, '--once'], {
    cwd: root,
    env: plainEnv(),
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /workload: DATABASE_PASSWORD arrived \(28 characters/);
  assert.match(run.stdout, /workload: \/\S+service\.key arrived \(36 bytes/);
  assert.match(run.stdout, /As a SEV-SNP guest, .* it got them too/);
  assert.match(run.stdout, /attestation refused: reference-mismatch/);
  assert.match(run.stdout, /403 attestation refused: challenge-used/);
  assert.match(run.stdout, /All of it worked/);
  assert.ok(!run.stdout.includes('correct-horse-battery-staple'), 'the secret itself is shown');
});

function startInteractive() {
  const child = spawn(process.execPath, [START], {
    cwd: root,
    env: plainEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ready = new Promise((resolve, reject) => {
    const look = (part) => {
      output += part.toString();
      if (output.includes('Ctrl-C ends it')) resolve(output);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('exit', () => reject(new Error(output)));
  });
  const ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  return { child, ready, ended };
}

test('with its port taken it says so and takes another; what it proposes works; Ctrl-C ends it', async (t) => {
  const blocker = createServer();
  const held = await new Promise((resolve) => {
    blocker.once('error', () => resolve(false));
    blocker.listen(8200, '127.0.0.1', () => resolve(true));
  });
  t.after(() => blocker.close());
  const { child, ready, ended } = startInteractive();
  t.after(() => child.kill('SIGKILL'));
  const output = await ready;
  assert.match(
    output,
    /Port 8200 is taken by another process: using \d+/,
    `8200 held here: ${held}`,
  );
  const proposals = output.split('\n').filter((line) => /^ +VAULT_ADDR=/.test(line));
  assert.equal(proposals.length, 3);
  const wanted = [
    /password\s+correct-horse/,
    /reference-mismatch/,
    /workload: DATABASE_PASSWORD arrived/,
  ];
  for (const [index, line] of proposals.entries()) {
    const run = spawnSync('sh', ['-c', line], { cwd: root, env: plainEnv(), encoding: 'utf8' });
    assert.equal(run.status, 0, `${line}\n${run.stdout}${run.stderr}`);
    assert.match(run.stdout + run.stderr, wanted[index]);
  }
  child.kill('SIGINT');
  assert.equal(await ended, 0);
});
