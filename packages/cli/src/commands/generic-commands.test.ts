// read, write, patch, delete, list, unwrap, path-help, status, login, print, version: what they send, print and exit with.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  newFolder,
  runVouchsafe,
  secretToken,
  startStub,
  testRows,
} from '../testing/stub-server.js';

const envelope = {
  request_id: 'id',
  lease_id: '',
  renewable: false,
  lease_duration: 0,
  data: null,
  wrap_info: null,
  warnings: null,
  auth: null,
};

const seal = {
  type: 'shamir',
  initialized: true,
  sealed: false,
  t: 3,
  n: 5,
  progress: 0,
  nonce: '',
  version: '1.21.0',
  build_date: '2026-01-01',
  migration: false,
  recovery_seal: false,
  storage_type: 'inmem',
  cluster_name: 'c',
  cluster_id: 'i',
};

const wrapped = {
  ...envelope,
  wrap_info: {
    token: 'hvs.w',
    accessor: 'a',
    ttl: 300,
    creation_time: '2026-01-02T03:04:05.120000000Z',
    creation_path: 'x',
  },
};

const loggedIn = {
  ...envelope,
  auth: {
    client_token: 'hvs.new',
    accessor: 'acc',
    policies: ['default', 'ops'],
    token_policies: ['default', 'ops'],
    metadata: { username: 'ana' },
    lease_duration: 2764800,
    renewable: true,
    entity_id: 'e',
    token_type: 'service',
    orphan: true,
    num_uses: 0,
  },
};

testRows({
  'read prints a table with durations and sorted keys': {
    args: ['read', '/sys/x'],
    answers: {
      'GET sys/x': [
        200,
        { ...envelope, data: { ttl: 5400, b: [1, 'x'], a: { k: null }, n: null } },
      ],
    },
    out: 'Key    Value\n---    -----\na      map[k:<nil>]\nb      [1 x]\nn      <nil>\nttl    1h30m\n',
    calls: ['GET sys/x'],
  },
  'read shows the lease of a leased secret': {
    args: ['read', 'db/creds/r'],
    answers: {
      'GET db/creds/r': [
        200,
        {
          ...envelope,
          lease_id: 'db/creds/r/1',
          lease_duration: 3600,
          renewable: true,
          data: { u: 'x' },
        },
      ],
    },
    out: /^Key {16}Value\n--- {16}-----\nlease_id {11}db\/creds\/r\/1\nlease_duration {5}1h\nlease_renewable {4}true\nu {18}x\n$/,
  },
  'read keeps numbers exact in JSON': {
    args: ['read', '-format=json', 'x'],
    answers: { 'GET x': [200, '{"request_id":"i","data":{"b":12345678901234567890,"a":1.50}}'] },
    out: '{\n  "request_id": "i",\n  "lease_id": "",\n  "lease_duration": 0,\n  "renewable": false,\n  "data": {\n    "a": 1.50,\n    "b": 12345678901234567890\n  },\n  "warnings": null\n}\n',
  },
  'read prints YAML': {
    args: ['read', '-format', 'yaml', 'x'],
    answers: { 'GET x': [200, { ...envelope, data: { a: 'yes', b: 'x: y' } }] },
    out: 'data:\n  a: "yes"\n  b: "x: y"\nlease_duration: 0\nlease_id: ""\nrenewable: false\nrequest_id: id\nwarnings: null\n',
  },
  'read -format=raw prints the answer as it came': {
    args: ['read', '-format=raw', 'x'],
    answers: { 'GET x': [200, '{"a":  1}'] },
    out: '{"a":  1}',
  },
  'read -field prints the bare value, without a newline for scripts': {
    args: ['read', '-field=a', 'x'],
    answers: { 'GET x': [200, { ...envelope, data: { a: 'value' } }] },
    out: 'value',
  },
  'read -field of something that is not there fails with 1': {
    args: ['read', '-field=b', 'x'],
    answers: { 'GET x': [200, { ...envelope, data: { a: 'value' } }] },
    code: 1,
    out: '',
    err: /^Field "b" not present in secret\n/,
  },
  'read sends arguments as query': {
    args: ['read', 'x', 'a=1', 'b=c d'],
    answers: { 'GET x?a=1&b=c%20d': [200, envelope] },
    calls: ['GET x?a=1&b=c%20d'],
  },
  'read of nothing fails with 2': {
    args: ['read', 'x'],
    code: 2,
    err: 'No value found at x\n',
  },
  'read refuses to climb out of the API': {
    args: ['read', 'a/../../x'],
    code: 1,
    err: /segment/,
    calls: [],
  },
  'a refusal names the call and what to do, and not the token': {
    args: ['read', 'x'],
    answers: { 'GET x': [403, { errors: ['permission denied'] }] },
    code: 2,
    err: /^Error reading x: Error making API request\.\n\nURL: GET http:\/\/127\.0\.0\.1:\d+\/v1\/x\nCode: 403\. Errors:\n\n\* permission denied\n\nhint: .*token lookup/,
  },
  'a refusal without a token says to log in': {
    args: ['read', 'x'],
    env: { VOUCHSAFE_TOKEN: '' },
    answers: { 'GET x': [403, { errors: ['permission denied'] }] },
    code: 2,
    err: /hint: no token was sent; log in/,
  },
  'a sealed server says to unseal, after the retries': {
    args: ['read', 'x'],
    env: { VOUCHSAFE_MAX_RETRIES: '1' },
    answers: { 'GET x': [503, { errors: ['Vault is sealed'] }] },
    code: 2,
    err: /hint: .*operator unseal/,
    calls: ['GET x', 'GET x'],
  },
  'warnings go to standard error': {
    args: ['read', 'x'],
    answers: { 'GET x': [200, { ...envelope, data: { a: 'b' }, warnings: ['careful'] }] },
    out: /^Key/,
    err: /\* careful/,
  },
  'a wrapped answer shows its token': {
    args: ['read', '-wrap-ttl=5m', 'x'],
    answers: { 'GET x': [200, wrapped] },
    out: /wrapping_token: {18}hvs\.w\nwrapping_accessor: {15}a\nwrapping_token_ttl: {14}5m\nwrapping_token_creation_time: {4}2026-01-02 03:04:05\.12 \+0000 UTC\nwrapping_token_creation_path: {4}x\n/,
  },
  'write sends strings and says where': {
    args: ['write', 'a/b', 'x=1', 'y=a=b'],
    answers: { 'PUT a/b': [204, null] },
    out: 'Success! Data written to: a/b\n',
    calls: ['PUT a/b {"x":"1","y":"a=b"}'],
  },
  'write without data fails': {
    args: ['write', 'a/b'],
    code: 1,
    err: /^Must supply data or use -force\n/,
    calls: [],
  },
  'write -f sends none': {
    args: ['write', '-f', 'a/b'],
    answers: { 'PUT a/b': [204, null] },
    calls: ['PUT a/b {}'],
  },
  'write takes a JSON object from standard input, numbers exact': {
    args: ['write', 'a/b', '-'],
    input: '{"n": 1.10, "l": [true]}',
    answers: { 'PUT a/b': [204, null] },
    calls: ['PUT a/b {"n":1.10,"l":[true]}'],
  },
  'write takes one value from standard input': {
    args: ['write', 'a/b', 'k=-'],
    input: 'multi\nline\n',
    answers: { 'PUT a/b': [204, null] },
    calls: ['PUT a/b {"k":"multi\\nline\\n"}'],
  },
  'write refuses an argument that is no pair without repeating it': {
    args: ['write', 'a/b', 'sekret'],
    code: 1,
    err: /^argument 1: want KEY=VALUE[^\n]*\n\nUsage/,
    calls: [],
  },
  'patch sends a merge patch': {
    args: ['patch', 'a/b', 'x=1'],
    answers: { 'PATCH a/b': [204, null] },
    out: 'Success! Data written to: a/b\n',
    calls: ['PATCH a/b {"x":"1"}'],
  },
  'delete says what was deleted': {
    args: ['delete', 'a/b'],
    answers: { 'DELETE a/b': [204, null] },
    out: 'Success! Data deleted (if it existed) at: a/b\n',
    calls: ['DELETE a/b'],
  },
  'list prints names': {
    args: ['list', 'a'],
    answers: { 'GET a/?list=true': [200, { ...envelope, data: { keys: ['b', 'c/'] } }] },
    out: 'Keys\n----\nb\nc/\n',
  },
  'list -format=json prints an array': {
    args: ['list', '-format=json', 'a/'],
    answers: { 'GET a/?list=true': [200, { ...envelope, data: { keys: ['b'] } }] },
    out: '[\n  "b"\n]\n',
  },
  'list of nothing fails with 2': { args: ['list', 'a'], code: 2, err: 'No value found at a/\n' },
  'list -format=json of nothing prints an object and fails with 2': {
    args: ['list', '-format=json', 'a'],
    code: 2,
    out: '{}\n',
  },
  'unwrap sends the wrapping token in the body beside an own token': {
    args: ['unwrap', 'hvs.w'],
    answers: { 'PUT sys/wrapping/unwrap': [200, { ...envelope, data: { a: 'b' } }] },
    out: 'Key    Value\n---    -----\na      b\n',
    calls: ['PUT sys/wrapping/unwrap {"token":"hvs.w"}'],
  },
  'unwrap uses the wrapping token itself when there is no other': {
    args: ['unwrap', '-field=a', '-'],
    input: 'hvs.w\n',
    env: { VOUCHSAFE_TOKEN: '' },
    answers: { 'PUT sys/wrapping/unwrap': [200, { ...envelope, data: { a: 'b' } }] },
    out: 'b',
    calls: ['PUT sys/wrapping/unwrap'],
  },
  'path-help prints the text': {
    args: ['path-help', 'transit'],
    answers: { 'GET transit?help=1': [200, { help: 'Encrypts.\n', see_also: null }] },
    out: 'Encrypts.\n',
  },
  'path-help of nothing fails with 2': { args: ['path-help', 'x'], code: 2 },
  'status of an unsealed server': {
    args: ['status'],
    answers: {
      'GET sys/seal-status': [200, seal],
      'GET sys/leader': [200, { ha_enabled: false, is_self: true }],
    },
    out: 'Key             Value\n---             -----\nSeal Type       shamir\nInitialized     true\nSealed          false\nTotal Shares    5\nThreshold       3\nVersion         1.21.0\nBuild Date      2026-01-01\nStorage Type    inmem\nCluster Name    c\nCluster ID      i\nHA Enabled      false\n',
    calls: ['GET sys/seal-status', 'GET sys/leader'],
  },
  'status of a sealed server is 2': {
    args: ['status'],
    answers: { 'GET sys/seal-status': [200, { ...seal, sealed: true, progress: 1 }] },
    code: 2,
    out: /Unseal Progress {4}1\/3\nUnseal Nonce {7}n\/a\n/,
    calls: ['GET sys/seal-status'],
  },
  'status as JSON': {
    args: ['status', '-format=json'],
    answers: { 'GET sys/seal-status': [200, { ...seal, sealed: true }] },
    code: 2,
    out: /^\{\n {2}"build_date": "2026-01-01",[\s\S]*"sealed": true/,
  },
  'status of a server in trouble is 1': {
    args: ['status'],
    env: { VAULT_MAX_RETRIES: '0' },
    answers: { 'GET sys/seal-status': [500, { errors: ['internal error'] }] },
    code: 1,
    err: /^Error checking seal status/,
  },
  'status without a server is 1 and says what to do': {
    args: ['status', '-address=http://127.0.0.1:1'],
    code: 1,
    err: /ECONNREFUSED[\s\S]*hint: no server answers at http:\/\/127\.0\.0\.1:1; start one/,
  },
  'print token': { args: ['print', 'token'], out: `${secretToken}\n` },
  'print token without one fails': {
    args: ['print', 'token'],
    env: { VOUCHSAFE_TOKEN: '' },
    code: 1,
    err: /login/,
  },
  'version has a semver as its second word': {
    args: ['version'],
    out: /^Vouchsafe v\d+\.\d+\.\d+ \(/,
  },
  'version as a flag': { args: ['--version'], out: /^Vouchsafe v\d+\.\d+\.\d+ \(/ },
  'version as -v': { args: ['-v'], out: /^Vouchsafe v\d+\.\d+\.\d+ \(/ },
  'login with a method prints a table': {
    args: ['login', '-no-store', '-method=userpass', 'username=ana', 'password=pw'],
    env: { VOUCHSAFE_TOKEN: '' },
    answers: { 'PUT auth/userpass/login/ana': [200, loggedIn] },
    out: 'Success! You are now authenticated. The token is not stored.\n\nKey                    Value\n---                    -----\ntoken                  hvs.new\ntoken_accessor         acc\ntoken_duration         768h\ntoken_renewable        true\ntoken_policies         ["default" "ops"]\nidentity_policies      []\npolicies               ["default" "ops"]\ntoken_meta_username    ana\n',
    calls: ['PUT auth/userpass/login/ana {"password":"pw"}'],
  },
  'login takes a password from standard input when there is no terminal': {
    args: ['login', '-token-only', '-method=userpass', '-path=team/up', 'username=ana'],
    input: 'pw\n',
    answers: { 'PUT auth/team/up/login/ana': [200, loggedIn] },
    out: 'hvs.new',
    calls: ['PUT auth/team/up/login/ana {"password":"pw"}'],
  },
  'login with another method sends what it is given': {
    args: ['login', '-token-only', '-method=approle', 'role_id=r', 'secret_id=s'],
    answers: { 'PUT auth/approle/login': [200, loggedIn] },
    calls: ['PUT auth/approle/login {"role_id":"r","secret_id":"s"}'],
  },
  'login -non-interactive does not wait for a password': {
    args: ['login', '-non-interactive', '-method=userpass', 'username=ana'],
    code: 1,
    err: /^Password: not given/,
    calls: [],
  },
  'login that is refused fails with 2': {
    args: ['login', '-method=userpass', 'username=ana', 'password=hidden-pw'],
    answers: { 'PUT auth/userpass/login/ana': [400, { errors: ['invalid username or password'] }] },
    code: 2,
    err: /^(?![\s\S]*hidden-pw)Error authenticating: [\s\S]*\* invalid username or password/,
  },
  'login with two tokens fails': { args: ['login', 'a', 'b'], code: 1, err: /^Too many arguments/ },
});

test('login stores the token for its owner alone, and the next command uses it', async () => {
  const home = newFolder();
  const lookup = { ...envelope, data: { accessor: 'acc', policies: ['root'], ttl: 0 } };
  const stub = await startStub({
    'GET auth/token/lookup-self': [200, lookup],
    'GET x': [200, { ...envelope, data: { a: 'b' } }],
  });
  const env = { HOME: home, VAULT_ADDR: stub.address };
  const first = await runVouchsafe(['login', '-'], { env, input: 'hvs.mine\n' });
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /token_duration {7}∞\n/);
  const file = join(home, '.vault-token');
  assert.equal(readFileSync(file, 'utf8'), 'hvs.mine');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal((await runVouchsafe(['read', 'x'], { env })).code, 0);
  assert.deepEqual(
    stub.calls.map((call) => call.headers['x-vault-token']),
    ['hvs.mine', 'hvs.mine'],
  );
  assert.equal(stub.calls[1]?.headers['x-vault-request'], 'true');
  const elsewhere = { ...env, VOUCHSAFE_TOKEN_FILE: join(home, 'other') };
  assert.equal((await runVouchsafe(['login', 'hvs.two'], { env: elsewhere })).code, 0);
  assert.equal(readFileSync(elsewhere.VOUCHSAFE_TOKEN_FILE, 'utf8'), 'hvs.two');
});

test('a login that fails stores nothing', async () => {
  const home = newFolder();
  const stub = await startStub({
    'GET auth/token/lookup-self': [403, { errors: ['permission denied'] }],
  });
  const env = { HOME: home, VAULT_ADDR: stub.address };
  const outcome = await runVouchsafe(['login', 'hvs.wrong'], { env });
  assert.equal(outcome.code, 2);
  assert.ok(!`${outcome.out}${outcome.err}`.includes('hvs.wrong'));
  assert.throws(() => readFileSync(join(home, '.vault-token')));
});

test('a token that cannot be stored is shown whatever was asked, and the exit code says so', async () => {
  const home = newFolder();
  const auth = { client_token: 'hvs.only', accessor: 'acc', policies: ['default'] };
  const stub = await startStub({
    'PUT auth/userpass/login/ana': [200, { ...envelope, auth }],
  });
  const file = join(home, 'no', 'such', 'folder');
  const env = { HOME: home, VAULT_ADDR: stub.address, VOUCHSAFE_TOKEN_FILE: file };
  const args = ['login', '-method=userpass', 'username=ana', 'password=pw'];
  for (const more of [[], ['-no-print'], ['-field=token'], ['-format=json']]) {
    const outcome = await runVouchsafe([...args, ...more], { env });
    assert.equal(outcome.code, 2, outcome.err);
    assert.match(outcome.out, /hvs\.only/);
    assert.match(outcome.err, /^Error storing token: token file: cannot write/);
    assert.ok(!outcome.err.includes('hvs.only'));
    assert.doesNotMatch(outcome.out, /Stored in/);
  }
});
