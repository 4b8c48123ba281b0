// What a configuration means, what is missing or wrong in it, and how each mistake is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerConfig } from './parse.js';
import { ConfigError, type ConfigProblem } from './problems.js';
import type { ServerConfig } from './server-config.js';

const STORAGE = 'storage "file" { path = "/data" }';
const LISTENER = 'listener "tcp" { address = "127.0.0.1:8200" tls_disable = true }';

function parse(...texts: readonly string[]): ServerConfig {
  const sources = texts.map((text, index) => ({ file: `c${index + 1}.hcl`, text }));
  return parseServerConfig(sources, { dev: false });
}

function problemsOf(...texts: readonly string[]): readonly ConfigProblem[] {
  try {
    parse(...texts);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('lockouts by type of the method, later files last', () => {
  const first = 'user_lockout "all" { lockout_threshold = "3" lockout_duration = "10m" }';
  const second = 'user_lockout "Userpass" { disable_lockout = true lockout_counter_reset = 60 }';
  const { userLockouts, warnings } = parse(`${STORAGE} ${LISTENER} ${first}`, second);
  const all = { failuresMax: 3, lockoutSeconds: 600, resetSeconds: null, disabled: null };
  const userpass = { failuresMax: null, lockoutSeconds: null, resetSeconds: 60, disabled: true };
  assert.deepEqual(
    [...userLockouts],
    [
      ['all', all],
      ['userpass', userpass],
    ],
  );
  assert.deepEqual(warnings, []);
  for (const wrong of [
    '"token" {}',
    '"all" { lockout_threshold = "many" }',
    '"all" { x = 1 }',
    '"all" { disable_lockout = "maybe" }',
  ]) {
    assert.notEqual(problemsOf(`${STORAGE} ${LISTENER} user_lockout ${wrong}`).length, 0, wrong);
  }
});

test('a configuration of each kind of stanza', () => {
  const config = parse(`
    storage "raft" { path = "/data" node_id = "n1" retry_join { leader_api_addr = "https://b" } }
    listener "tcp" {
      address = "0.0.0.0:8200"
      tls_cert_file = "/c.pem" tls_key_file = "/k.pem" tls_client_ca_file = "/ca.pem"
      tls_min_version = "tls13" tls_require_and_verify_client_cert = "true"
      max_request_size = 1048576 max_request_duration = "30s" http_idle_timeout = "1m"
      x_forwarded_for_authorized_addrs = "10.0.0.0/8,::1" x_forwarded_for_hop_skips = "1"
      require_request_header = true
      telemetry { unauthenticated_metrics_access = true }
      custom_response_headers {
        "default" = { "Strict-Transport-Security" = ["max-age=1"] }
        "4xx" = { "X-Mine" = ["a", "b"] "X-Other" = "c" }
      }
    }
    listener "tcp" { address = "[::1]:8201" tls_disable = 1 }
    audit "file" "to-file" { description = "d" options { file_path = "/a.log" } }
    audit "syslog" { path = "sys" }
    seal "shamir" { }
    attestation { endorsement_bundle = ["/e1", "/e2"] offline = true options { vendor_ca_file = "/v.pem" } }
    api_addr = "https://v.example:8200"
    cluster_name = "c" default_lease_ttl = "1h" max_lease_ttl = 7200 ui = true
    log_level = "DEBUG" log_format = "json" pid_file = "/p" disable_mlock = true
    raw_storage_endpoint = false
  `);
  assert.deepEqual(config.storage, { type: 'raft', path: '/data' });
  const [tls, plain] = config.listeners;
  assert.ok(tls && plain);
  assert.equal(tls.address, '0.0.0.0:8200');
  assert.equal(tls.tls?.minVersion, 'TLSv1.3');
  assert.equal(tls.tls?.requireAndVerifyClientCert, true);
  assert.equal(tls.requestBytesMax, 1_048_576);
  assert.equal(tls.requestSecondsMax, 30);
  assert.equal(tls.idleTimeoutSeconds, 60);
  assert.deepEqual(tls.forwardedFor, {
    authorizedAddresses: ['10.0.0.0/8', '::1'],
    hopSkips: 1,
    rejectNotPresent: true,
    rejectNotAuthorized: true,
  });
  assert.deepEqual(
    [...tls.responseHeaders],
    [
      ['default', [['Strict-Transport-Security', 'max-age=1']]],
      [
        '4xx',
        [
          ['X-Mine', 'a; b'],
          ['X-Other', 'c'],
        ],
      ],
    ],
  );
  assert.equal(plain.tls, null);
  assert.deepEqual(
    config.audits.map(({ type, path, options }) => [type, path, { ...options }]),
    [
      ['file', 'to-file/', { file_path: '/a.log' }],
      ['syslog', 'sys/', {}],
    ],
  );
  assert.deepEqual(config.attestation.endorsementBundleFiles, ['/e1', '/e2']);
  assert.equal(config.attestation.offline, true);
  assert.deepEqual({ ...config.attestation.options }, { vendor_ca_file: '/v.pem' });
  assert.deepEqual(
    [config.defaultLeaseTtlSeconds, config.maxLeaseTtlSeconds, config.ui, config.logLevel],
    [3600, 7200, true, 'debug'],
  );
  assert.deepEqual(
    config.warnings.map((warning) => warning.replace(/ (has|is) .*/, '')),
    [
      'c1.hcl:2: storage "raft": "node_id"',
      'c1.hcl:2: storage "raft": "retry_join"',
      'c1.hcl:10: telemetry: "unauthenticated_metrics_access"',
      'c1.hcl:5: listener "tcp": "tls_client_ca_file"',
      'c1.hcl:22: "ui"',
      'c1.hcl:23: "disable_mlock"',
    ],
  );
});

test('JSON says the same as HCL', () => {
  const json = JSON.stringify({
    storage: { file: { path: '/data' } },
    listener: [{ tcp: { address: '127.0.0.1:8200', tls_disable: true } }],
    audit: { file: { 'to-file': { options: { file_path: '/a' } } } },
    default_lease_ttl: '1h',
  });
  const hcl = `${STORAGE} ${LISTENER} default_lease_ttl = "1h"
    audit "file" "to-file" { options { file_path = "/a" } }`;
  assert.deepEqual(parse(json), parse(hcl));
});

test('absent keys have defaults', () => {
  const config = parse(STORAGE, LISTENER);
  assert.equal(config.defaultLeaseTtlSeconds, 2_764_800);
  assert.equal(config.maxLeaseTtlSeconds, 2_764_800);
  assert.equal(config.logLevel, 'info');
  assert.equal(config.ui, false);
  assert.equal(config.attestation.offline, false);
  assert.deepEqual(config.warnings, []);
  const [listener] = config.listeners;
  assert.equal(listener?.requestBytesMax, 33_554_432);
  assert.equal(listener?.requestSecondsMax, 90);
  assert.equal(
    parse(`${STORAGE} ${LISTENER} default_lease_ttl = "1000h"`).maxLeaseTtlSeconds,
    3_600_000,
  );
  assert.equal(parse(`${STORAGE} ${LISTENER} max_lease_ttl = "1h"`).defaultLeaseTtlSeconds, 3600);
});

const unused: readonly (readonly [string, string, RegExp])[] = [
  ['cluster_addr', 'cluster_addr = "https://v:8201"', /there is no cluster$/],
  ['introspection_endpoint', 'introspection_endpoint = true', /not supported and has no effect$/],
  ['ui', 'ui = true', /there is no web interface$/],
  ['seal', 'seal "shamir" { disabled = true }', /seal "shamir": "disabled" is not supported/],
  [
    'max_request_json_memory',
    'listener "tcp" { address = ":1" tls_disable = true max_request_json_memory = 2048 }',
    /max_request_size and max_request_json_strings bound it$/,
  ],
];
for (const [key, more, warning] of unused) {
  test(`${key} is accepted with a warning that names its place`, () => {
    const { warnings } = parse(`${STORAGE}\n${LISTENER}\n${more}`);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', warning);
    assert.match(warnings[0] ?? '', /^c1\.hcl:3: /);
  });
}

test('what says that nothing unusual is wanted gives no warning', () => {
  const { warnings } = parse(
    `${STORAGE} ui = false introspection_endpoint = false listener "tcp" { tls_disable = true
      disable_unauthed_rekey_endpoints = true telemetry { unauthenticated_metrics_access = false } }`,
  );
  assert.deepEqual(warnings, []);
});

test('later files win, listeners and audit devices add up', () => {
  const config = parse(
    `${STORAGE} ${LISTENER} ui = true log_level = "warn" audit "file" { }`,
    'storage "inmem" { } listener "tcp" { address = ":8300" tls_disable = true } ui = false',
    '{"audit": {"file": {"second": {}}}}',
  );
  assert.equal(config.storage.type, 'inmem');
  assert.deepEqual(
    config.listeners.map((listener) => listener.address),
    ['127.0.0.1:8200', ':8300'],
  );
  assert.equal(config.ui, false);
  assert.equal(config.logLevel, 'warn');
  assert.deepEqual(
    config.audits.map((audit) => audit.path),
    ['file/', 'second/'],
  );
});

test('development mode needs no storage and no listener', () => {
  const config = parseServerConfig([], { dev: true });
  assert.equal(config.storage.type, 'inmem');
  assert.deepEqual(
    config.listeners.map(({ address, tls }) => [address, tls]),
    [['127.0.0.1:8200', null]],
  );
});

test('refuses what is wrong or missing, naming file, line and remedy', () => {
  const rows: readonly (readonly [name: string, more: string, code: string, message: string])[] = [
    [
      'a misspelled key',
      'lisener "tcp" { }',
      'config-unknown-key',
      'unknown key "lisener": did you mean "listener"?',
    ],
    [
      'a misspelled key of a listener',
      'listener "tcp" { adress = "x" tls_disable = true }',
      'config-unknown-key',
      'did you mean "address"?',
    ],
    ['a key that nobody knows', 'zzz = 1', 'config-unknown-key', 'unknown key "zzz"'],
    [
      'TLS without a certificate',
      'listener "tcp" { address = ":1" }',
      'config-missing',
      'set tls_cert_file and tls_key_file to PEM files, or tls_disable = true',
    ],
    [
      'TLS without its key',
      'listener "tcp" { address = ":1" tls_cert_file = "c" }',
      'config-missing',
      'no tls_key_file',
    ],
    [
      'an old TLS version',
      'listener "tcp" { address = ":1" tls_disable = true tls_min_version = "tls10" }',
      'config-bad-value',
      'want "tls12" or "tls13"',
    ],
    [
      'TLS versions upside down',
      'listener "tcp" { address = ":1" tls_cert_file = "c" tls_key_file = "k" tls_min_version = "tls13" tls_max_version = "tls12" }',
      'config-bad-value',
      'below',
    ],
    [
      'client certificates without a CA',
      'listener "tcp" { address = ":1" tls_cert_file = "c" tls_key_file = "k" tls_require_and_verify_client_cert = true }',
      'config-missing',
      'needs tls_client_ca_file',
    ],
    [
      'an address without a port',
      'listener "tcp" { address = "localhost" tls_disable = true }',
      'config-bad-value',
      'want an address such as',
    ],
    [
      'a port that is none',
      'listener "tcp" { address = "a:70000" tls_disable = true }',
      'config-bad-value',
      'address',
    ],
    [
      'an IPv6 address without brackets',
      'listener "tcp" { address = "::1:8200" tls_disable = true }',
      'config-bad-value',
      'address',
    ],
    ['the same address twice', LISTENER, 'config-bad-value', 'same address'],
    [
      'no limit on requests',
      'listener "tcp" { address = ":1" tls_disable = true max_request_size = 0 }',
      'config-bad-value',
      'max_request_size',
    ],
    [
      'no limit on time',
      'listener "tcp" { address = ":1" tls_disable = true max_request_duration = 0 }',
      'config-bad-value',
      'without a limit',
    ],
    [
      'a proxy that is no address',
      'listener "tcp" { address = ":1" tls_disable = true x_forwarded_for_authorized_addrs = ["proxy"] }',
      'config-bad-value',
      'CIDR',
    ],
    [
      'a header of the server itself',
      'listener "tcp" { address = ":1" tls_disable = true custom_response_headers { default { X-Vault-Token = "a" } } }',
      'config-bad-value',
      'X-Vault-',
    ],
    [
      'the length of the message',
      'listener "tcp" { address = ":1" tls_disable = true custom_response_headers { default { Content-Length = "1" } } }',
      'config-bad-value',
      '',
    ],
    [
      'a header with a line break',
      'listener "tcp" { address = ":1" tls_disable = true custom_response_headers { default { X-A = "a\\r\\nb" } } }',
      'config-bad-value',
      '',
    ],
    [
      'headers for a status that is none',
      'listener "tcp" { address = ":1" tls_disable = true custom_response_headers { "6xx" { X-A = "a" } } }',
      'config-bad-value',
      '',
    ],
    [
      'a status twice',
      'listener "tcp" { address = ":1" tls_disable = true custom_response_headers { "404" { X-A = "a" } "404" { X-B = "b" } } }',
      'config-bad-value',
      '',
    ],
    [
      'a header without a value',
      'listener "tcp" { address = ":1" tls_disable = true custom_response_headers { "404" { X-A = [] } } }',
      'config-bad-value',
      '',
    ],
    ['another listener', 'listener "unix" { address = "/s" }', 'config-unsupported', 'want "tcp"'],
    [
      'another storage',
      'storage "consul" { }',
      'config-unsupported',
      'want "file", "raft" or "inmem"',
    ],
    [
      'storage twice in one file',
      'storage "file" { path = "/b" }',
      'config-duplicate-key',
      'storage is set twice',
    ],
    ['storage without its folder', 'backend "file" { }', 'config-missing', 'no path'],
    [
      'another seal',
      'seal "awskms" { kms_key_id = "k" }',
      'config-unsupported',
      'unsealed with key shares',
    ],
    [
      'the raw endpoint',
      'raw_storage_endpoint = true',
      'config-unsupported',
      'raw_storage_endpoint',
    ],
    [
      'a lease above the maximum',
      'default_lease_ttl = "2h" max_lease_ttl = "1h"',
      'config-bad-value',
      'above max_lease_ttl',
    ],
    [
      'a duration that is none',
      'default_lease_ttl = "soon"',
      'config-bad-value',
      'want a duration',
    ],
    ['a level that is none', 'log_level = "loud"', 'config-bad-value', 'want "trace" or "debug"'],
    ['a URL that is none', 'api_addr = "v.example"', 'config-bad-value', 'want a URL'],
    ['a boolean that is none', 'ui = "yes"', 'config-bad-value', 'want true or false'],
    ['a key twice', 'ui = true\nui = false', 'config-duplicate-key', '"ui" is set twice'],
    [
      'an unknown key of attestation',
      'attestation { online = true }',
      'config-unknown-key',
      'did you mean "offline"?',
    ],
    [
      'an unknown option of attestation',
      'attestation { options { vendor_ca = "/v.pem" } }',
      'config-unknown-key',
      'want "vendor_ca_file"',
    ],
    ['text that is no HCL', 'ui = ', 'config-malformed', 'want a value'],
  ];
  for (const [name, more, code, message] of rows) {
    const found = problemsOf(`${STORAGE}\n${LISTENER}\n${more}`);
    const match = found.find(
      (problem) => problem.code === code && problem.message.includes(message),
    );
    assert.ok(match, `${name}: ${JSON.stringify(found)}`);
    assert.match(match.message, /^c1\.hcl:[1-9]/, name);
  }
});

test('a configuration without storage or listener is told what to add', () => {
  assert.match(problemsOf(LISTENER)[0]?.message ?? '', /^c1\.hcl: no storage: add storage "file"/);
  assert.match(problemsOf(STORAGE)[0]?.message ?? '', /^c1\.hcl: no listener: add listener "tcp"/);
  assert.equal(problemsOf().length, 2);
});

test('all problems of all files are told at once, and no value among them', () => {
  const found = problemsOf(
    'storage "file" { path = "/d" s3cret = "s3cret-value" }\nui = "s3cret-value"',
    'listener "tcp" {\n address = "s3cret-value"\n}',
  );
  assert.deepEqual(
    found.map(({ file, line, code }) => [file, line, code]),
    [
      ['c1.hcl', 1, 'config-unknown-key'],
      ['c2.hcl', 2, 'config-bad-value'],
      ['c2.hcl', 1, 'config-missing'],
      ['c1.hcl', 2, 'config-bad-value'],
    ],
  );
  assert.ok(found.every((problem) => !problem.message.includes('s3cret-value')));
});
