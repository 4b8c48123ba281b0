// A real connection, for what a stream in memory does not show.
import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';

export interface SocketPair {
  readonly client: net.Socket;
  readonly accepted: net.Socket;
}

/** Both ends, closed when the test ends. Each end lives on when the other one has ended. */
export async function connectSockets(t: TestContext): Promise<SocketPair> {
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [net.Socket];
  t.after(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return { client, accepted };
}
