// A small client of the HTTP API on node:http and node:https, so that these suites depend on nothing they are to test.
// Bodies may be given and taken as bytes: a secret then never becomes a string here.
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

const TIMEOUT_MS = 30_000;

/** The server answered, with a status that is an error. */
export class ApiFailure extends Error {
  constructor(method, path, status, body) {
    super(`${method} ${path}: ${status} ${body}`);
    this.name = 'ApiFailure';
    this.status = status;
    this.body = body;
  }
}

export class ApiClient {
  #agent;
  #url;
  #ca;
  token;

  /** `sockets` bounds the connections that are kept open. */
  constructor({ url, ca = null, token = null, sockets = 16 }) {
    this.#url = new URL(url);
    this.#ca = ca;
    this.token = token;
    const options = { keepAlive: true, maxSockets: sockets };
    this.#agent =
      this.#url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** Whatever the status is. `body` is a value to encode, a Buffer to send as it is, or undefined. */
  async exchange(method, path, body, headers = {}) {
    const bytes = Buffer.isBuffer(body) || body === undefined ? body : encode(body);
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    return await new Promise((resolve, reject) => {
      const request = send(
        {
          host: this.#url.hostname,
          port: this.#url.port,
          method,
          path: `/v1/${path}`,
          agent: this.#agent,
          ...(this.#ca === null ? {} : { ca: this.#ca }),
          headers: {
            ...(this.token === null ? {} : { 'X-Vault-Token': this.token }),
            ...(bytes === undefined ? {} : { 'Content-Length': bytes.length }),
            ...headers,
          },
          timeout: TIMEOUT_MS,
        },
        (response) => {
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('end', () =>
            resolve({
              status: response.statusCode,
              headers: response.headers,
              bytes: Buffer.concat(chunks),
            }),
          );
          response.on('error', reject);
        },
      );
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer`)));
      request.on('error', reject);
      request.end(bytes);
    });
  }

  /** The parsed answer, null when there is none. @throws ApiFailure */
  async call(method, path, body) {
    const { status, bytes } = await this.exchange(method, path, body);
    if (status >= 400) throw new ApiFailure(method, path, status, bytes.toString());
    return bytes.length === 0 ? null : JSON.parse(bytes.toString());
  }

  close() {
    this.#agent.destroy();
  }
}

function encode(value) {
  return Buffer.from(JSON.stringify(value));
}
