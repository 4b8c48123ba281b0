// The tests' own tools do what the tests rely on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRealServer } from './real-server.js';
import { runVouchsafe, startStub } from './stub-server.js';

test('the stub says 404 to what it does not know and remembers the question', async () => {
  const stub = await startStub({});
  const outcome = await runVouchsafe(['read', 'x'], { env: { VAULT_ADDR: stub.address } });
  assert.equal(outcome.code, 2);
  assert.deepEqual(
    stub.calls.map((call) => call.text),
    ['GET x'],
  );
});

test('a development server starts on a free port and ends when told to', async () => {
  const server = await startRealServer();
  assert.match(server.address, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  assert.equal(await server.stop(), 0);
});
