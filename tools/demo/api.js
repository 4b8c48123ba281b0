// The demonstration's own calls to the server: plain HTTP, as any Vault client makes them.
import { request } from 'node:http';

/** One call. Resolves with status and parsed body whatever the status is. */
export function call(address, method, path, { token = null, body = null } = {}) {
  const payload = body === null ? null : Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${address}/v1/${path}`,
      {
        method,
        headers: {
          ...(token === null ? {} : { 'X-Vault-Token': token }),
          ...(payload === null ? {} : { 'Content-Length': payload.length }),
        },
      },
      (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => {
          const text = Buffer.concat(parts).toString();
          resolve({ status: answer.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload ?? undefined);
  });
}

/** As call, but a status of 400 or above is an error that says what was refused. */
export async function must(address, method, path, options) {
  const answer = await call(address, method, path, options);
  if (answer.status < 400) return answer.body;
  throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body?.errors)}`);
}
