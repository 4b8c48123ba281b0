// The yardstick: what this runtime does with nothing to do. Answers every request with the same few bytes.
//   node hello-server.js [CERT KEY]
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';

const [cert, key] = process.argv.slice(2);
const body = '{"hello":"world"}';
const answer = (_request, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', body.length);
  response.end(body);
};
const server =
  cert === undefined
    ? createHttp(answer)
    : createHttps({ cert: readFileSync(cert), key: readFileSync(key) }, answer);
server.listen(0, '127.0.0.1', () => {
  const scheme = cert === undefined ? 'http' : 'https';
  process.stdout.write(`listens on ${scheme}://127.0.0.1:${server.address().port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
