// secrets, auth, audit, policy, token, lease and operator commands: what they send, print and exit with.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newFolder, type Row, testRows } from '../testing/stub-server.js';

const folder = newFolder();
const policyFile = join(folder, 'p.hcl');
writeFileSync(policyFile, 'path "secret/*" {\n  capabilities = ["read"]\n}\n');
const brokenFile = join(folder, 'broken.hcl');
writeFileSync(brokenFile, 'path "secret/*" {');

const mount = {
  type: 'kv',
  description: '',
  accessor: 'kv_1',
  uuid: 'u',
  local: false,
  seal_wrap: false,
  external_entropy_access: false,
  options: { version: '2' },
  config: { default_lease_ttl: 0, max_lease_ttl: 3600, force_no_cache: false },
};

const mounting: Readonly<Record<string, Row>> = {
  'secrets list': {
    args: ['secrets', 'list'],
    answers: {
      'GET sys/mounts': [
        200,
        { data: { 'secret/': mount, 'a/': { ...mount, description: 'first' } } },
      ],
    },
    out: 'Path       Type    Accessor    Description    Version\n----       ----    --------    -----------    -------\na/         kv      kv_1        first          n/a\nsecret/    kv      kv_1        n/a            n/a\n',
  },
  'secrets list -detailed': {
    args: ['secrets', 'list', '-detailed'],
    answers: { 'GET sys/mounts': [200, { data: { 'secret/': mount } }] },
    out: /secret\/ {4}kv {8}kv_1 {8}system {9}1h {9}false {13}replicated {5}false {8}false {22}map\[version:2\] {4}n\/a/,
  },
  'secrets list as JSON': {
    args: ['secrets', 'list', '-format=json'],
    answers: { 'GET sys/mounts': [200, { data: { 'b/': { type: 'kv' }, 'a/': { type: 'x' } } }] },
    out: '{\n  "a/": {\n    "type": "x"\n  },\n  "b/": {\n    "type": "kv"\n  }\n}\n',
  },
  'secrets enable at its own name': {
    args: ['secrets', 'enable', 'transit'],
    answers: { 'POST sys/mounts/transit': [204, null] },
    out: 'Success! Enabled the transit secrets engine at: transit/\n',
    calls: [
      'POST sys/mounts/transit {"type":"transit","description":"","local":false,"seal_wrap":false,"external_entropy_access":false,"config":{}}',
    ],
  },
  'secrets enable with settings': {
    args: [
      'secrets',
      'enable',
      '-path=/a/b/',
      '-version=2',
      '-max-lease-ttl=1h',
      '-description=d',
      '-force-no-cache',
      'kv',
    ],
    answers: { 'POST sys/mounts/a/b': [204, null] },
    out: 'Success! Enabled the kv secrets engine at: a/b/\n',
    calls: [
      'POST sys/mounts/a/b {"type":"kv","description":"d","local":false,"seal_wrap":false,"external_entropy_access":false,"config":{"max_lease_ttl":"1h","force_no_cache":true},"options":{"version":"2"}}',
    ],
  },
  'secrets enable where something is': {
    args: ['secrets', 'enable', 'kv'],
    answers: { 'POST sys/mounts/kv': [400, { errors: ['path is already in use at kv/'] }] },
    code: 2,
    err: /^Error enabling secrets engine: [\s\S]*\* path is already in use at kv\//,
  },
  'secrets disable': {
    args: ['secrets', 'disable', 'kv/'],
    answers: { 'DELETE sys/mounts/kv': [204, null] },
    out: 'Success! Disabled the secrets engine (if it existed) at: kv/\n',
  },
  'secrets tune': {
    args: ['secrets', 'tune', '-default-lease-ttl=72h', '-audit-non-hmac-request-keys=a,b', 'kv'],
    answers: { 'POST sys/mounts/kv/tune': [204, null] },
    out: 'Success! Tuned the secrets engine at: kv/\n',
    calls: [
      'POST sys/mounts/kv/tune {"default_lease_ttl":"72h","audit_non_hmac_request_keys":["a","b"]}',
    ],
  },
  'secrets tune without a change fails': {
    args: ['secrets', 'tune', 'kv'],
    code: 1,
    err: /^nothing to change/,
    calls: [],
  },
  'secrets move waits until it is done': {
    args: ['secrets', 'move', 'a', 'b/c'],
    answers: {
      'POST sys/remount': [200, { data: { migration_id: 'm' } }],
      'GET sys/remount/status/m': [
        [200, { data: { migration_info: { status: 'in-progress' } } }],
        [200, { data: { migration_info: { status: 'success' } } }],
      ],
    },
    out: 'Started moving secrets engine a/ to b/c/, with migration ID m\nSuccess! Finished moving secrets engine a/ to b/c/, with migration ID m\n',
    calls: [
      'POST sys/remount {"from":"a/","to":"b/c/"}',
      'GET sys/remount/status/m',
      'GET sys/remount/status/m',
    ],
  },
  'secrets move that fails is 2': {
    args: ['secrets', 'move', 'a', 'b'],
    answers: {
      'POST sys/remount': [200, { data: { migration_id: 'm' } }],
      'GET sys/remount/status/m': [200, { data: { migration_info: { status: 'failure' } } }],
    },
    code: 2,
    err: /^Failure!/,
  },
  'auth list -detailed': {
    args: ['auth', 'list', '-detailed'],
    answers: {
      'GET sys/auth': [
        200,
        {
          data: {
            'token/': { ...mount, type: 'token', config: { token_type: 'default-service' } },
          },
        },
      ],
    },
    out: /Token Type[\s\S]*default-service/,
  },
  'auth enable': {
    args: ['auth', 'enable', '-token-type=batch', 'userpass'],
    answers: { 'POST sys/auth/userpass': [204, null] },
    out: 'Success! Enabled userpass auth method at: userpass/\n',
    calls: [
      'POST sys/auth/userpass {"type":"userpass","description":"","local":false,"seal_wrap":false,"external_entropy_access":false,"config":{"token_type":"batch"}}',
    ],
  },
  'auth disable': {
    args: ['auth', 'disable', 'userpass'],
    answers: { 'DELETE sys/auth/userpass': [204, null] },
    out: 'Success! Disabled the auth method (if it existed) at: userpass/\n',
  },
  'auth tune': {
    args: ['auth', 'tune', '-user-lockout-threshold=3', '-user-lockout-disable=false', 'userpass'],
    answers: { 'POST sys/mounts/auth/userpass/tune': [204, null] },
    calls: [
      'POST sys/mounts/auth/userpass/tune {"user_lockout_config":{"lockout_threshold":3,"lockout_disable":false}}',
    ],
  },
  'auth move by a server that moves at once': {
    args: ['auth', 'move', 'a', 'b'],
    answers: { 'POST sys/remount': [204, null] },
    calls: ['POST sys/remount {"from":"auth/a/","to":"auth/b/"}'],
    out: /^Success! Moved auth method/,
  },
  'auth help': {
    args: ['auth', 'help', 'userpass'],
    answers: { 'GET auth/userpass/login?help=1': [200, { help: 'Log in.' }] },
    out: 'Log in.\n',
  },
  'audit list': {
    args: ['audit', 'list', '-detailed'],
    answers: {
      'GET sys/audit': [
        200,
        {
          data: {
            'file/': { type: 'file', description: '', local: false, options: { b: '1', a: '2' } },
          },
        },
      ],
    },
    out: /file\/ {4}file {4}n\/a {12}replicated {5}a=2 b=1\n$/,
  },
  'audit list of nothing fails with 2': {
    args: ['audit', 'list'],
    answers: { 'GET sys/audit': [200, { data: {} }] },
    code: 2,
    err: 'No audit devices are enabled.\n',
  },
  'audit enable': {
    args: ['audit', 'enable', 'file', 'file_path=/tmp/x'],
    answers: { 'PUT sys/audit/file': [204, null] },
    out: 'Success! Enabled the file audit device at: file/\n',
    calls: [
      'PUT sys/audit/file {"type":"file","description":"","local":false,"options":{"file_path":"/tmp/x"}}',
    ],
  },
  'audit disable': {
    args: ['audit', 'disable', 'file'],
    answers: { 'DELETE sys/audit/file': [204, null] },
    out: 'Success! Disabled audit device (if it was enabled) at: file/\n',
  },
};

const policies: Readonly<Record<string, Row>> = {
  'policy list': {
    args: ['policy', 'list'],
    answers: { 'GET sys/policies/acl?list=true': [200, { data: { keys: ['default', 'root'] } }] },
    out: 'default\nroot\n',
  },
  'policy read': {
    args: ['policy', 'read', 'App'],
    answers: {
      'GET sys/policies/acl/app': [200, { data: { name: 'app', policy: 'path "x" {}\n' } }],
    },
    out: 'path "x" {}\n',
  },
  'policy read of nothing fails with 2': {
    args: ['policy', 'read', 'app'],
    code: 2,
    err: 'No policy named: app\n',
  },
  'policy write': {
    args: ['policy', 'write', 'App', policyFile],
    answers: { 'PUT sys/policies/acl/app': [204, null] },
    out: 'Success! Uploaded policy: app\n',
    calls: [
      'PUT sys/policies/acl/app {"policy":"path \\"secret/*\\" {\\n  capabilities = [\\"read\\"]\\n}\\n"}',
    ],
  },
  'policy write from standard input': {
    args: ['policy', 'write', 'app', '-'],
    input: 'path "x" {}',
    answers: { 'PUT sys/policies/acl/app': [204, null] },
    calls: ['PUT sys/policies/acl/app {"policy":"path \\"x\\" {}"}'],
  },
  'policy write of a missing file fails': {
    args: ['policy', 'write', 'app', join(folder, 'missing')],
    code: 1,
    err: /^cannot read file .*ENOENT/,
    calls: [],
  },
  'policy write without a file fails': {
    args: ['policy', 'write', 'app'],
    code: 1,
    err: /^Not enough arguments \(expected 2, got 1\)/,
    calls: [],
  },
  'policy delete': {
    args: ['policy', 'delete', 'app'],
    answers: { 'DELETE sys/policies/acl/app': [204, null] },
    out: 'Success! Deleted policy: app\n',
  },
  'policy fmt of standard input': {
    args: ['policy', 'fmt', '-'],
    input: 'path "x" {\ncapabilities=["read"]\n}',
    out: 'path "x" {\n  capabilities = ["read"]\n}\n',
    calls: [],
  },
  'policy fmt of a broken file fails': {
    args: ['policy', 'fmt', brokenFile],
    code: 1,
    err: /^Error parsing policy: a bracket is not closed/,
  },
};

const auth = {
  auth: {
    client_token: 'hvs.c',
    accessor: 'a',
    policies: ['p'],
    lease_duration: 60,
    renewable: true,
  },
};

const tokens: Readonly<Record<string, Row>> = {
  'token create sends what was given': {
    args: [
      'token',
      'create',
      '-policy=a,b',
      '-policy=c',
      '-ttl=1h',
      '-metadata=k=v',
      '-use-limit=3',
      '-field=token',
    ],
    answers: { 'POST auth/token/create': [200, auth] },
    out: 'hvs.c',
    calls: [
      'POST auth/token/create {"renewable":true,"no_default_policy":false,"ttl":"1h","num_uses":3,"policies":["a","b","c"],"meta":{"k":"v"}}',
    ],
  },
  'token create -orphan': {
    args: ['token', 'create', '-orphan', '-renewable=false'],
    answers: { 'POST auth/token/create-orphan': [200, auth] },
    out: /token_duration {7}1m\n/,
    calls: ['POST auth/token/create-orphan {"renewable":false,"no_default_policy":false}'],
  },
  'token create -role': {
    args: ['token', 'create', '-role=r'],
    answers: { 'POST auth/token/create/r': [200, auth] },
  },
  'token create with a bad number fails': {
    args: ['token', 'create', '-use-limit=many'],
    code: 1,
    err: /^-use-limit: want a whole number/,
    calls: [],
  },
  'token lookup of the current one': {
    args: ['token', 'lookup'],
    answers: {
      'GET auth/token/lookup-self': [200, { data: { id: 'x', ttl: 0, creation_ttl: 3600 } }],
    },
    out: 'Key             Value\n---             -----\ncreation_ttl    1h\nid              x\nttl             0s\n',
  },
  'token lookup of another one': {
    args: ['token', 'lookup', 'hvs.other'],
    answers: { 'POST auth/token/lookup': [200, { data: { id: 'x' } }] },
    calls: ['POST auth/token/lookup {"token":"hvs.other"}'],
  },
  'token lookup by accessor': {
    args: ['token', 'lookup', '-accessor', 'acc'],
    answers: { 'POST auth/token/lookup-accessor': [200, { data: { id: '' } }] },
    calls: ['POST auth/token/lookup-accessor {"accessor":"acc"}'],
  },
  'token lookup of a bad one does not repeat it': {
    args: ['token', 'lookup', 'hvs.bad'],
    answers: { 'POST auth/token/lookup': [403, { errors: ['bad token'] }] },
    code: 2,
    err: /^(?![\s\S]*hvs\.bad)Error looking up token: [\s\S]*\* bad token/,
  },
  'token lookup -accessor without one fails': {
    args: ['token', 'lookup', '-accessor'],
    code: 1,
    err: /^Not enough arguments/,
    calls: [],
  },
  'token renew of the current one': {
    args: ['token', 'renew', '-increment=30m'],
    answers: { 'PUT auth/token/renew-self': [200, auth] },
    calls: ['PUT auth/token/renew-self {"increment":"30m"}'],
  },
  'token renew of another one': {
    args: ['token', 'renew', '-'],
    input: 'hvs.other\n',
    answers: { 'PUT auth/token/renew': [200, auth] },
    calls: ['PUT auth/token/renew {"token":"hvs.other"}'],
  },
  'token revoke': {
    args: ['token', 'revoke', 'hvs.other'],
    answers: { 'PUT auth/token/revoke': [204, null] },
    out: 'Success! Revoked token (if it existed)\n',
    calls: ['PUT auth/token/revoke {"token":"hvs.other"}'],
  },
  'token revoke -self': {
    args: ['token', 'revoke', '-self'],
    answers: { 'PUT auth/token/revoke-self': [204, null] },
    calls: ['PUT auth/token/revoke-self {}'],
  },
  'token revoke -mode=orphan': {
    args: ['token', 'revoke', '-mode=orphan', 'hvs.other'],
    answers: { 'PUT auth/token/revoke-orphan': [204, null] },
    calls: ['PUT auth/token/revoke-orphan {"token":"hvs.other"}'],
  },
  'token revoke -mode=path': {
    args: ['token', 'revoke', '-mode=path', 'auth/userpass'],
    answers: { 'PUT sys/leases/revoke-prefix/auth/userpass': [204, null] },
    calls: ['PUT sys/leases/revoke-prefix/auth/userpass {}'],
  },
  'token revoke of nothing in particular fails': {
    args: ['token', 'revoke'],
    code: 1,
    err: /^Not enough arguments[\s\S]*-self/,
    calls: [],
  },
  'token revoke -self with a token fails': {
    args: ['token', 'revoke', '-self', 'hvs.other'],
    code: 1,
    err: /^Too many arguments with -self/,
    calls: [],
  },
  'token revoke -mode of another kind fails': {
    args: ['token', 'revoke', '-mode=tree', 'hvs.other'],
    code: 1,
    err: /^-mode: want orphan or path/,
    calls: [],
  },
  'token capabilities of the current token': {
    args: ['token', 'capabilities', 'secret/x'],
    answers: {
      'POST sys/capabilities-self': [
        200,
        { capabilities: ['update', 'read'], data: { 'secret/x': ['update', 'read'] } },
      ],
    },
    out: 'read, update\n',
    calls: ['POST sys/capabilities-self {"paths":["secret/x"]}'],
  },
  'token capabilities by accessor': {
    args: ['token', 'capabilities', '-accessor', 'acc', 'x'],
    answers: { 'POST sys/capabilities-accessor': [200, { data: { x: ['deny'] } }] },
    out: 'deny\n',
    calls: ['POST sys/capabilities-accessor {"paths":["x"],"accessor":"acc"}'],
  },
  'lease lookup': {
    args: ['lease', 'lookup', 'db/creds/r/1'],
    answers: { 'PUT sys/leases/lookup': [200, { data: { id: 'db/creds/r/1', ttl: 60 } }] },
    out: /ttl {4}1m\n$/,
    calls: ['PUT sys/leases/lookup {"lease_id":"db/creds/r/1"}'],
  },
  'lease renew': {
    args: ['lease', 'renew', '-increment=60', 'l/1'],
    answers: {
      'PUT sys/leases/renew': [200, { lease_id: 'l/1', lease_duration: 60, renewable: true }],
    },
    out: /lease_duration {5}1m/,
    calls: ['PUT sys/leases/renew {"lease_id":"l/1","increment":"60"}'],
  },
  'lease revoke': {
    args: ['lease', 'revoke', 'l/1'],
    answers: { 'PUT sys/leases/revoke': [204, null] },
    out: 'All revocation operations queued successfully!\n',
    calls: ['PUT sys/leases/revoke {"lease_id":"l/1","sync":false}'],
  },
  'lease revoke -prefix -sync': {
    args: ['lease', 'revoke', '-prefix', '-sync', 'l'],
    answers: { 'PUT sys/leases/revoke-prefix/l': [204, null] },
    out: 'Success! Revoked any leases with prefix: l\n',
    calls: ['PUT sys/leases/revoke-prefix/l {"sync":true}'],
  },
  'lease revoke -prefix -force': {
    args: ['lease', 'revoke', '-force', '-prefix', 'l'],
    answers: { 'PUT sys/leases/revoke-force/l': [204, null] },
    calls: ['PUT sys/leases/revoke-force/l {}'],
  },
  'lease revoke -force without -prefix fails': {
    args: ['lease', 'revoke', '-force', 'l'],
    code: 1,
    err: /^-force goes with -prefix only/,
    calls: [],
  },
  'lease revoke of an unknown lease fails with 2': {
    args: ['lease', 'revoke', 'l'],
    answers: { 'PUT sys/leases/revoke': [400, { errors: ['invalid lease'] }] },
    code: 2,
    err: /invalid lease/,
  },
};

testRows({ ...mounting, ...policies, ...tokens });
