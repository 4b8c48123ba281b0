// Precedence and refusals of the environment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidRequestError } from '../errors.js';
import { findVariable, parseDurationMs, readEnvironment, type Variables } from './environment.js';

test('VOUCHSAFE_* wins over VAULT_*, and an empty value is none', () => {
  const rows: [Variables, string | null][] = [
    [{ VOUCHSAFE_ADDR: 'a', VAULT_ADDR: 'b' }, 'a'],
    [{ VAULT_ADDR: 'b' }, 'b'],
    [{ VOUCHSAFE_ADDR: '', VAULT_ADDR: 'b' }, 'b'],
    [{ VAULT_ADDR: '' }, null],
    [{}, null],
  ];
  for (const [variables, want] of rows) assert.equal(findVariable(variables, 'ADDR'), want);
});

test('reads every setting', () => {
  const settings = readEnvironment({
    VAULT_TOKEN: 't',
    VAULT_CLIENT_TIMEOUT: '90',
    VOUCHSAFE_MAX_RETRIES: '0',
    VAULT_SKIP_VERIFY: 'true',
    VAULT_CACERT: '/ca',
    VAULT_TLS_SERVER_NAME: 'name',
  });
  assert.equal(settings.address, 'https://127.0.0.1:8200');
  assert.equal(settings.token, 't');
  assert.equal(settings.timeoutMs, 90_000);
  assert.equal(settings.retriesMax, 0);
  assert.equal(settings.tls.skipVerify, true);
  assert.equal(settings.tls.caFile, '/ca');
  assert.equal(settings.tls.serverName, 'name');
});

test('durations', () => {
  const rows: [string, number][] = [
    ['60', 60_000],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['1d', 86_400_000],
  ];
  for (const [text, want] of rows) assert.equal(parseDurationMs(text, 'x'), want, text);
  for (const text of ['', 'soon', '1', '5x', '-1s', '1h ', '1e3'].filter((t) => t !== '1')) {
    assert.throws(() => parseDurationMs(text, 'x'), InvalidRequestError, text);
  }
});

test('refuses values that cannot be read, without repeating them', () => {
  const rows: Variables[] = [
    { VAULT_MAX_RETRIES: 'secret-value' },
    { VAULT_CLIENT_TIMEOUT: 'secret-value' },
    { VAULT_SKIP_VERIFY: 'secret-value' },
  ];
  for (const variables of rows) {
    assert.throws(
      () => readEnvironment(variables),
      (error: unknown) => {
        assert.ok(error instanceof InvalidRequestError);
        assert.doesNotMatch(error.message, /secret-value/);
        return true;
      },
    );
  }
});
