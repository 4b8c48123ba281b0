// The machine's owner in the middle: passes every byte on and keeps what it saw. On a plain-text connection it sees
// everything; that it gains nothing by it is what the demonstration shows.
import { connect, createServer } from 'node:net';

/** Listens on a free port of the loopback and relays to `port`. `seen` collects what clients sent. */
export function startEavesdropper(port) {
  const seen = [];
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    client.on('data', (part) => seen.push(Buffer.from(part)));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve({ port: server.address().port, seen, close: () => server.close() });
    });
  });
}

/** The body of the recorded request to `path`, or null. */
export function findRecordedBody(seen, path) {
  const text = Buffer.concat(seen).toString('latin1');
  const start = text.indexOf(` ${path} HTTP/1.1\r\n`);
  const head = text.indexOf('\r\n\r\n', start);
  if (start === -1 || head === -1) return null;
  const length = Number(/content-length: *(\d+)/i.exec(text.slice(start, head))?.[1] ?? 0);
  return JSON.parse(
    Buffer.from(text.slice(head + 4, head + 4 + length), 'latin1').toString('utf8'),
  );
}
