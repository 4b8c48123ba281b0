// The way from a command to a role that accepts it, as the help of `attest measure` shows it: documents from files.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { operatorWith, writeScript } from '../../testing/operator.js';
import { startRealServer } from '../../testing/real-server.js';
import { newFolder, type Outcome, runVouchsafe } from '../../testing/stub-server.js';
import { attestMeasure } from './measure.js';

const skip = process.platform === 'linux' ? false : 'secret files need Linux';

test('measured values, a policy and provision are written from files, and let the command in', {
  skip,
}, async () => {
  const folder = newFolder();
  const at = (name: string): string => join(folder, name);
  const server = await startRealServer([`-dev-tee=${at('tee')}`, '-dev-no-store-token']);
  const root = { VAULT_ADDR: server.address, VAULT_TOKEN: server.rootToken };
  const { must } = operatorWith(root);
  const app = writeScript('#!/bin/sh\nprintf %s "$DB_PASSWORD"\n');
  await must(['auth', 'enable', 'attest']);
  await must(['kv', 'put', 'secret/web', 'password=correct horse']);
  writeFileSync(at('web.hcl'), 'path "secret/data/web" { capabilities = ["read"] }');
  await must(['policy', 'write', 'web', at('web.hcl')]);

  writeFileSync(at('values.json'), await must(['attest', 'measure', '--', app]));
  // The command that the help names, but for the folder and the form of the answer.
  const [, example = ''] = /"(write [^"]+)"/.exec(attestMeasure.details) ?? [];
  const words = example.replace('@values.json', `@${at('values.json')}`).split(' ');
  const values = await must([...words.slice(0, 1), '-field=digest', ...words.slice(1)]);
  writeFileSync(at('policy.json'), '{"name": "files", "formats": {"tdx-dcap": {}}}');
  const policy = await must([
    'write',
    '-field=digest',
    'auth/attest/policy',
    `policy=@${at('policy.json')}`,
  ]);
  const env = [{ name: 'DB_PASSWORD', path: 'secret/data/web', field: 'password' }];
  writeFileSync(at('p.json'), JSON.stringify({ env }));
  await must([
    ...['write', 'auth/attest/role/web', `policy=${policy}`, `reference_values=${values}`],
    ...['token_policies=web', `provision=@${at('p.json')}`],
  ]);

  const run = (...command: string[]): Promise<Outcome> => {
    const args = ['run', '-role=web', `-simulated-tee=${at('tee')}`, '--', ...command];
    return runVouchsafe(args, { env: { VAULT_ADDR: server.address } });
  };
  const outcome = await run(app);
  assert.equal(outcome.out, 'correct horse', outcome.err);
  assert.match((await run(app, 'more')).err, /reference-mismatch/);
  assert.equal(await server.stop(), 0);
});
