// A day's work with the command on the server it ships with, in the order a user would do it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRealServer } from '../testing/real-server.js';
import { runVouchsafe } from '../testing/stub-server.js';

/** Command line, what it prints (standard output, or standard error if it fails), exit code. */
type Step = readonly [string, RegExp, number?];

const keyValue: readonly Step[] = [
  [
    'kv put -cas=0 secret/app/db user=u password=p',
    /^=== Secret Path ===\nsecret\/data\/app\/db\n\n======= Metadata/,
  ],
  ['kv put -cas=0 secret/app/db user=x', /did not match the current version/, 2],
  ['kv put secret/app/db user=u2 n=12345678901234567890', /version {12}2\n$/],
  ['kv get -field=user secret/app/db', /^u2$/],
  ['kv get -version=1 -field=password -mount=secret app/db', /^p$/],
  ['kv get -field=password secret/app/db', /^Field "password" not present/, 1],
  ['kv patch secret/app/db password=new', /version {12}3\n$/],
  ['kv get secret/app/db', /\nn {11}12345678901234567890\npassword {4}new\nuser {8}u2\n$/],
  ['kv list secret', /^Keys\n----\napp\/\n$/],
  ['kv list secret/none', /^No value found at secret\/metadata\/none\/\n$/, 2],
  ['kv metadata put -custom-metadata=owner=ana -max-versions=5 secret/app/db', /^Success!/],
  [
    'kv metadata get secret/app/db',
    /custom_metadata {13}map\[owner:ana\]\n[\s\S]*===== Version 3 =====/,
  ],
  ['kv delete secret/app/db', /^Success! Data deleted/],
  ['kv get -field=user secret/app/db', /^No data found at secret\/data\/app\/db/, 2],
  ['kv undelete -versions=3 secret/app/db', /^Success!/],
  ['kv rollback -version=1 secret/app/db', /version {12}4\n$/],
  ['kv get -field=password secret/app/db', /^p$/],
  ['kv destroy -versions=1 secret/app/db', /^Success!/],
  ['kv rollback -version=1 secret/app/db', /^Cannot roll back to version 1/, 2],
  ['kv metadata delete secret/app/db', /^Success!/],
  ['kv get secret/app/db', /^No value found at secret\/data\/app\/db/, 2],
];

const mounts: readonly Step[] = [
  ['secrets enable -path=old kv', /^Success! Enabled the kv secrets engine at: old\/\n$/],
  ['secrets enable -path=old kv', /path is already in use at old\//, 2],
  ['kv put old/a b=c', /^Success! Data written to: old\/a\n$/],
  ['kv get old/a', /^== Data ==\nKey {4}Value\n--- {4}-----\nb {6}c\n$/],
  ['kv put -cas=1 old/a b=c', /needs a K\/V engine of version 2/, 1],
  ['secrets tune -max-lease-ttl=1h -description=d old', /^Success! Tuned/],
  ['secrets list -detailed', /\nold\/ +kv +kv_[0-9a-f]{8} +system +1h /],
  ['secrets move old new', /\nSuccess! Finished moving/],
  ['read new/a', /\nb +c\n$/],
  ['secrets disable new', /^Success! Disabled/],
  ['read new/a', /no handler for route/, 2],
  ['auth enable userpass', /^Success! Enabled userpass auth method at: userpass\/\n$/],
  ['write auth/userpass/users/ana password=pw policies=reader', /^Success!/],
  ['login -method=userpass username=ana password=wrong', /invalid username or password/, 2],
  [
    'login -no-store -method=userpass username=ana password=pw',
    /token_policies +\["default" "reader"\]/,
  ],
  ['auth list', /\nuserpass\/ {4}userpass {4}auth_userpass_[0-9a-f]{8} {4}n\/a/],
  ['auth disable userpass', /^Success!/],
];

const tokens: readonly Step[] = [
  ['policy read reader', /^path "secret\/data\/\*"/],
  ['policy list', /^default\nreader\nroot\n$/],
  ['token create -id=reader-token -policy=reader -ttl=1h', /token_duration {7}1h\n/],
  ['token capabilities reader-token secret/data/x', /^read\n$/],
  ['token capabilities reader-token sys/mounts', /^deny\n$/],
  ['token lookup -field=policies reader-token', /^\[default reader\]$/],
  ['token revoke reader-token', /^Success!/],
  ['token lookup reader-token', /bad token/, 2],
  ['policy delete reader', /^Success!/],
  ['policy read reader', /^No policy named: reader\n$/, 2],
];

test('a day’s work', async (t) => {
  const server = await startRealServer();
  const env = { VAULT_ADDR: server.address, VAULT_TOKEN: server.rootToken };
  const status = await runVouchsafe(['status'], { env });
  if (status.code !== 0) {
    t.skip(`the server of this build cannot say its status: ${status.err.split('\n', 1)[0]}`);
    return;
  }
  const run = async (steps: readonly Step[]): Promise<void> => {
    for (const [line, want, code = 0] of steps) {
      const outcome = await runVouchsafe(line.split(' '), { env });
      assert.equal(outcome.code, code, `${line}\n${outcome.err}`);
      assert.match(code === 0 ? outcome.out : outcome.err, want, line);
    }
  };
  const policy = 'path "secret/data/*" {\n  capabilities = ["read"]\n}\n';
  const write = await runVouchsafe(['policy', 'write', 'reader', '-'], { env, input: policy });
  assert.equal(write.code, 0, write.err);
  await t.test('kv', () => run(keyValue));
  await t.test('mounts and logins', () => run(mounts));
  await t.test('tokens and policies', () => run(tokens));
  const unsealKey = /^Unseal Key: (\S+)$/m.exec(server.output())?.[1] ?? '';
  await t.test('sealed and unsealed', () =>
    run([
      ['operator init -status', /is initialized/],
      ['operator seal', /^Success!/],
      ['status', /^$/, 2],
      ['read secret/data/x', /\* Vault is sealed\n\nhint: .*operator unseal/, 2],
      ['operator unseal 00', /./, 2],
      [`operator unseal ${unsealKey}`, /Sealed {10}false\n/],
      ['status', /Sealed {10}false\n/],
    ]),
  );
});
