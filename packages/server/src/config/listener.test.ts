// What a listener's stanza says of proxies in front of it and of endpoints for anybody.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerConfig } from './parse.js';
import { ConfigError } from './problems.js';
import type { ListenerConfig } from './server-config.js';

function read(keys: string): ListenerConfig {
  const text = `storage "inmem" {} listener "tcp" { tls_disable = true ${keys} }`;
  const [listener] = parseServerConfig([{ file: 'c.hcl', text }], { dev: false }).listeners;
  assert(listener !== undefined);
  return listener;
}

function refusalOf(keys: string): string {
  try {
    read(keys);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ code }) => code).join();
    throw error;
  }
  return 'not refused';
}

const BEHAVIOR = 'proxy_protocol_behavior';
const ADDRESSES = 'proxy_protocol_authorized_addrs';

test('the PROXY protocol, from nobody, from everybody, from listed proxies', () => {
  assert.equal(read('').proxyProtocol, null);
  const all = { behavior: 'use_always', authorizedAddresses: [] };
  assert.deepEqual(read(`${BEHAVIOR} = "use_always"`).proxyProtocol, all);
  const listed = read(`${BEHAVIOR} = "deny_unauthorized" ${ADDRESSES} = "10.0.0.0/8,::1"`);
  const wanted = { behavior: 'deny_unauthorized', authorizedAddresses: ['10.0.0.0/8', '::1'] };
  assert.deepEqual(listed.proxyProtocol, wanted);
});

for (const [what, keys] of [
  ['a behaviour that is none', `${BEHAVIOR} = "always"`],
  ['listed proxies without a list', `${BEHAVIOR} = "allow_authorized"`],
  ['an empty list', `${BEHAVIOR} = "deny_unauthorized" ${ADDRESSES} = []`],
  ['a list without a behaviour', `${ADDRESSES} = ["10.0.0.1"]`],
  ['a name', `${BEHAVIOR} = "allow_authorized" ${ADDRESSES} = ["proxy"]`],
  ['a block that is too long', `${BEHAVIOR} = "use_always" ${ADDRESSES} = ["10.0.0.0/33"]`],
] as const) {
  test(`refused: ${what}`, () => {
    assert.match(refusalOf(keys), /^config-bad-value/);
  });
}

test('endpoints for holders of key shares want a token unless the listener says otherwise', () => {
  assert.deepEqual([...read('').opened], []);
  assert.deepEqual([...read('disable_unauthed_rekey_endpoints = true').opened], []);
  assert.deepEqual([...read('disable_unauthed_rekey_endpoints = false').opened], ['rekey']);
  const root = read('disable_unauthed_generate_root_endpoints = "false"');
  assert.deepEqual([...root.opened], ['generate-root']);
});
