// A port for a program that has to be told one.
import { createServer } from 'node:net';

/** Free a moment ago: somebody else may take it before it is used. */
export async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
