// Every declared path of a real server, called with every verb and with fields of the wrong type: whatever comes, the
// answer is a refusal in JSON, the process lives, and nothing is sealed, unsealed or reported as a fault. The seed is
// printed; VOUCHSAFE_FUZZ_SEED repeats a run, VOUCHSAFE_FUZZ_CASES makes it longer.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../tools/setup.js';
import { openServer } from './harness/open-server.js';

const { numbersFrom } = await import(join(root, 'packages/verifier/dist/testing/seeded.test.js'));

const CASES = Number(process.env.VOUCHSAFE_FUZZ_CASES ?? 2000);
const SEED = Number(process.env.VOUCHSAFE_FUZZ_SEED ?? randomInt(2 ** 31));
const AT_ONCE = 16;
const VERBS = ['GET', 'GET', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'LIST', 'SCAN', 'PATCH'];
const RARE_VERBS = ['HEAD', 'HELP', 'OPTIONS', 'TRACE', 'BREW'];
/** Sealing is what they are for; the codes of health are the caller's own; a rate limit would refuse all that follows. */
const SKIPPED = new Set(['/sys/seal', '/sys/health', '/sys/quotas/rate-limit/{name}']);
/** Would revoke the token that the run itself works with. */
const REVOKES_BELOW = /revoke-(prefix|force)/;
const SEGMENTS = [
  ...['a', 'x', 'secret', 'userpass', 'fuzz', 'A%20B', '%2e%2e', '..', '.', '', '%', '%zz', '%00'],
  ...['%F0%9F%92%A9', '%ED%A0%80', '%0d%0a', '*', '+', '~', '__proto__', 'constructor', 'toString'],
  ...['a%2Fb', 'a%5Cb', '%3Fq', '%23', '0', '-1', '1e9', 'null', 'root', 'ROOT', 'default'],
  'l'.repeat(600),
];
const TEXTS = [
  ...['', 'a', '0', '-1', '1h', '1e400', 'true', 'null', 'a,b', '*', '/', '../..', '__proto__'],
  ...['kv', 'userpass', 'batch', 'service', 'path "a" {', '{"path":{"a":{}}}', 'hvs.x', 'hvb.AAAA'],
  ...[
    '%00',
    '\u0000',
    '\ud800',
    '\u202e',
    '💩',
    'a'.repeat(5000),
    '9'.repeat(400),
    '/'.repeat(3000),
  ],
];
const NUMBERS = [0, -0, -1, 1, 2, 255, 256, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e21, 1e308];

const below = numbersFrom(SEED);
const random = {
  below,
  oneIn: (count) => below(count) === 0,
  pick: (list) => list[below(list.length)],
};

function value(depth = 0) {
  switch (random.below(depth > 3 ? 5 : 8)) {
    case 0:
      return null;
    case 1:
      return random.oneIn(2);
    case 2:
      return random.pick(NUMBERS);
    case 3:
    case 4:
      return random.pick(TEXTS);
    case 5:
      return Array.from({ length: random.below(4) }, () => value(depth + 1));
    default:
      return members(
        Array.from({ length: random.below(4) }, () => random.pick(TEXTS)),
        depth + 1,
      );
  }
}

function members(names, depth = 0) {
  return Object.fromEntries(names.map((name) => [name, value(depth)]));
}

function body(fields) {
  if (random.oneIn(8)) return undefined;
  if (random.oneIn(12)) return Buffer.from(random.pick(['{', '[]', '"a"', '{"a":1,"a":2}', 'a=b']));
  const given = fields.filter(() => !random.oneIn(3));
  if (random.oneIn(4)) given.push(random.pick(TEXTS));
  return members(given);
}

function headers(verb) {
  const made = verb === 'PATCH' ? { 'Content-Type': 'application/merge-patch+json' } : {};
  if (random.oneIn(10)) made['X-Vault-Wrap-TTL'] = random.pick(['60', '1h', '-1', 'x', '0', '1e9']);
  if (random.oneIn(30)) made['X-Vault-Namespace'] = random.pick(['a', 'root', '..', '//']);
  if (random.oneIn(30)) made['Content-Type'] = 'application/x-www-form-urlencoded';
  return made;
}

/** One call on a declared path: its parameters and fields are known, their values are not what it wants. */
function makeCase({ pattern, fields }) {
  const path = pattern.slice(1).replace(/\{[^}]+\}/g, () => random.pick(SEGMENTS));
  const verb = random.oneIn(15) ? random.pick(RARE_VERBS) : random.pick(VERBS);
  const flag = random.oneIn(10)
    ? `?${random.pick(['list', 'scan', 'help', 'after', 'limit'])}=`
    : '';
  const query = flag === '' ? '' : flag + encodeURIComponent(String(random.pick(NUMBERS)));
  const noBody = ['GET', 'HEAD', 'LIST', 'SCAN', 'DELETE', 'TRACE', 'OPTIONS'].includes(verb);
  return {
    verb,
    path: path + query,
    body: noBody ? undefined : body(fields),
    headers: headers(verb),
  };
}

function fieldsOf(document, operations) {
  const names = Object.values(operations).flatMap((operation) => {
    const schema = operation.requestBody?.content?.['application/json']?.schema;
    const found = schema?.$ref
      ? document.components.schemas[schema.$ref.split('/').at(-1)]
      : schema;
    return Object.keys(found?.properties ?? {});
  });
  return [...new Set(names)];
}

async function declaredPaths(server) {
  const document = (await server.ask('GET', 'sys/internal/specs/openapi')).json;
  return Object.entries(document.paths)
    .filter(([pattern]) => !SKIPPED.has(pattern) && !REVOKES_BELOW.test(pattern))
    .map(([pattern, operations]) => ({ pattern, fields: fieldsOf(document, operations) }));
}

function checkAnswer(made, { status, headers: answered, bytes }) {
  const shown = `${made.verb} ${made.path} ${JSON.stringify(made.body)}: ${status} ${bytes}`;
  assert.ok(status < 500, shown);
  if (bytes.length === 0) return;
  if (/^(text|application\/octet)/.test(answered['content-type'] ?? '')) return;
  assert.match(answered['content-type'], /^application\/(json|jwk-set\+json)$/, shown);
  JSON.parse(bytes.toString());
}

test(`${CASES} calls of every kind: refused or answered, never failed`, async (t) => {
  t.diagnostic(`VOUCHSAFE_FUZZ_SEED=${SEED}`);
  const server = await openServer('fuzz');
  await server.ask('POST', 'sys/auth/attest', { body: { type: 'attest' } });
  await server.ask('POST', 'sys/mounts/old', { body: { type: 'kv', options: { version: '1' } } });
  const paths = await declaredPaths(server);
  assert.ok(paths.length > 100, `${paths.length} paths`);
  assert.ok(paths.some(({ fields }) => fields.length > 5));
  const seen = new Set();
  for (let done = 0; done < CASES; done += AT_ONCE) {
    // Calls end their own token now and then: each round has a fresh one.
    const made = await server.ask('POST', 'auth/token/create', { body: { ttl: '1h' } });
    const client = server.process.client(made.json.auth.client_token);
    const round = Array.from({ length: AT_ONCE }, () => makeCase(random.pick(paths)));
    await Promise.all(
      round.map(async (each) => {
        const answer = await client.exchange(each.verb, each.path, each.body, each.headers);
        checkAnswer(each, answer);
        seen.add(answer.status);
      }),
    );
    client.close();
  }
  t.diagnostic(`statuses: ${[...seen].sort().join(' ')}`);
  for (const wanted of [200, 204, 400, 403, 404, 405]) assert.ok(seen.has(wanted), `${wanted}`);
  const { json } = await server.ask('GET', 'sys/seal-status', { token: null });
  assert.deepEqual([json.initialized, json.sealed], [true, false]);
  assert.doesNotMatch(server.process.output, /\[ERROR\]|"level":"error"|unhandled|Error:/i);
});
