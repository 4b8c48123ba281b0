// Every format that the simulated TEE has, with the real server and the real shim over TLS: a workload gets its secret;
// a changed one, one that shows another kind of evidence, and a login sent twice get nothing.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { NodeTransport } from '@vouchsafe/client/node';
import { openAttester, type SimulatedFormat, simulatedFormats } from '@vouchsafe/shim';
import {
  type SimulatedVendor,
  simulatedAmd,
  simulatedAws,
  simulatedIntel,
  simulatedTpm,
} from '@vouchsafe/verifier/testing';
import { type Operator, operatorWith, writeScript } from '../testing/operator.js';
import { overhearLogin } from '../testing/overheard-login.js';
import { startRealServer } from '../testing/real-server.js';
import { newFolder, type Outcome, runVouchsafe } from '../testing/stub-server.js';

const appText = '#!/bin/sh\nprintf %s "$DB_PASSWORD"\n';
const secret = 'correct horse';
/** What a policy has to say beyond naming the format. */
const policies: Readonly<Partial<Record<SimulatedFormat, unknown>>> = {
  // The makers of TPMs publish lists where they like: this server looks at none.
  'tpm2-quote': { allow_unchecked_revocation: true },
};

/** What becomes of evidence by vendors of the same names, made elsewhere. */
const foreign: Readonly<Record<SimulatedFormat, string>> = {
  'tdx-dcap': 'chain-untrusted',
  'sev-snp': 'collateral-missing',
  'sgx-dcap': 'chain-untrusted',
  'aws-nitro': 'chain-untrusted',
  // Its evidence does not bring the root: the intermediate is not by the one of that name.
  'tpm2-quote': 'chain-invalid',
  'azure-snp-vtpm': 'collateral-missing',
  'azure-tdx-vtpm': 'chain-untrusted',
};

interface Scene {
  readonly env: Readonly<Record<'VAULT_ADDR' | 'VAULT_CACERT', string>>;
  readonly operator: Operator;
  readonly tee: string;
  readonly foreignTee: string;
  readonly app: string;
  readonly banner: string;
}
let scene: Scene;
let stop: () => Promise<unknown> = async () => undefined;
after(() => stop());

function makeForeignTee(): string {
  const folder = newFolder();
  const put = <V>(vendor: SimulatedVendor<V>): void =>
    writeFileSync(join(folder, vendor.file), vendor.toJson(vendor.create(new Date())));
  put(simulatedIntel);
  put(simulatedAmd);
  put(simulatedAws);
  put(simulatedTpm);
  return folder;
}

before(async () => {
  const tee = join(newFolder(), 'tee');
  const config = join(newFolder(), 'offline.hcl');
  writeFileSync(config, 'attestation { offline = true }');
  const server = await startRealServer([
    ...['-dev-tls', `-dev-tee=${tee}`, `-config=${config}`, '-dev-no-store-token'],
  ]);
  stop = () => server.stop();
  const env = { VAULT_ADDR: server.address, VAULT_CACERT: server.caFile };
  const operator = operatorWith({ ...env, VAULT_TOKEN: server.rootToken });
  scene = {
    env,
    operator,
    tee,
    foreignTee: makeForeignTee(),
    app: writeScript(appText),
    banner: server.output(),
  };
  await operator.must(['auth', 'enable', 'attest']);
  await operator.must(['kv', 'put', 'secret/web', `password=${secret}`]);
  const rule = 'path "secret/data/web" { capabilities = ["read"] }';
  await operator.must(['policy', 'write', 'web', '-'], rule);
});

/** A role for the application as it is, in a TEE of this format. */
async function writeRole(format: SimulatedFormat): Promise<void> {
  const { operator, app } = scene;
  const simulated = `-simulated-format=${format}`;
  const measured = JSON.parse(await operator.must(['attest', 'measure', simulated, '--', app]));
  const values = await operator.writeDocument('reference-values', {
    values: measured,
    label: format,
  });
  const policy = await operator.writeDocument('policy', {
    policy: { name: format, formats: { [format]: policies[format] ?? {} } },
  });
  await operator.writeRole(format, {
    policy,
    reference_values: [values],
    token_policies: ['web'],
    provision: { env: [{ name: 'DB_PASSWORD', path: 'secret/data/web', field: 'password' }] },
  });
}

function run(format: SimulatedFormat, app: string): Promise<Outcome> {
  const flags = [`-simulated-tee=${scene.tee}`, `-simulated-format=${format}`];
  const args = ['run', `-role=${format}`, '-attester=simulated', ...flags, '--', app];
  return runVouchsafe(args, { env: scene.env });
}

/** Logs in with the role of that name, from this process. */
async function overhear(role: string, simulatedFormat: SimulatedFormat, tee: string) {
  const { VAULT_ADDR: address, VAULT_CACERT: caFile } = scene.env;
  const transport = new NodeTransport({ address, tls: { caFile } });
  const attester = await openAttester('simulated', {
    tsmPath: '/nosuch',
    graminePath: '/nosuch',
    simulatedTee: tee,
    simulatedFormat,
    command: [scene.app],
    env: {},
    clock: () => Date.now(),
  });
  try {
    const { session, overheard } = await overhearLogin(transport, attester, role);
    return { session, again: await transport.request(overheard) };
  } finally {
    transport.close();
  }
}

for (const format of simulatedFormats) {
  describe(`a simulated TEE with ${format}`, () => {
    before(() => writeRole(format));

    test('gives its workload the secret, and says what it is worth', async () => {
      assert.match(scene.banner, new RegExp(`SIMULATED TEE is accepted[^]*${format}`));
      const outcome = await run(format, scene.app);
      assert.equal(outcome.out, secret, outcome.err);
      assert.match(outcome.err, /SIMULATED/);
    });

    test('has a changed workload refused', async () => {
      const outcome = await run(format, writeScript(`${appText}echo leaked\n`));
      assert.match(outcome.err, /attestation refused: reference-mismatch/);
      assert.deepEqual([outcome.code, outcome.out], [125, '']);
    });

    test('is not taken for one of another format', async () => {
      const other = format === 'tdx-dcap' ? 'sev-snp' : 'tdx-dcap';
      const code = 'format-not-accepted';
      await assert.rejects(overhear(format, other, scene.tee), { code });
    });

    test('is not believed when another server made its vendor', async () => {
      const code = foreign[format];
      await assert.rejects(overhear(format, format, scene.foreignTee), { code });
    });

    test('has a login that is sent again refused', async () => {
      const { session, again } = await overhear(format, format, scene.tee);
      assert.match(session.token.toString(), /^hvs\./);
      assert.equal(again.status, 403);
      assert.match(again.body.toString(), /challenge-used/);
    });
  });
}

test('the environment names the format too, and the flag wins', async () => {
  const env = { VOUCHSAFE_SIMULATED_FORMAT: 'sev-snp' };
  const claims = async (...flags: string[]): Promise<string[]> => {
    const outcome = await runVouchsafe(['attest', 'measure', ...flags, '--', scene.app], { env });
    return Object.keys(JSON.parse(outcome.out).any_of[0]);
  };
  assert.deepEqual(await claims(), ['measurement']);
  assert.deepEqual(await claims('-simulated-format=sgx-dcap'), ['mrenclave']);
});

test('a format that nobody simulates is a mistake on the command line', async () => {
  const args = ['attest', 'measure', '-simulated-format=ear', '--', 'true'];
  const outcome = await runVouchsafe(args, { env: {} });
  assert.match(outcome.err, /-simulated-format: want one of tdx-dcap/);
  assert.equal(outcome.out, '');
});
