// Clients that others wrote.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Listener } from './listener.js';
import { ECHO, listen, tlsOptionsOf } from './testing/echo-listener.js';
import { mintIdentity } from './testing/identity.js';

const run = promisify(execFile);
const IDENTITY = mintIdentity('server');
const BODY = JSON.stringify({ data: { a: 'ü'.repeat(40_000) } });

function findProgram(name: string): string | false {
  const found = spawnSync(name, ['--version']).status === 0;
  return found ? false : `${name} is not installed (apt-get install ${name})`;
}

interface Echo {
  readonly data: { operation: string; path: string; token: string | null; fields: unknown };
}

describe('clients', () => {
  let plain: Listener;
  let secure: Listener;
  before(async () => {
    plain = await listen(ECHO);
    secure = await listen(ECHO, { tls: tlsOptionsOf(IDENTITY) });
  });
  after(async () => {
    await plain.close(0);
    await secure.close(0);
  });

  function check(text: string, operation: string, fields: unknown): void {
    const { data } = JSON.parse(text) as Echo;
    assert.deepEqual(
      { ...data, fields: undefined },
      {
        operation,
        path: operation === 'list' ? 'secret/x/' : 'secret/x',
        token: 'hvs.t',
        fields: undefined,
      },
    );
    assert.deepEqual(data.fields, fields);
  }

  it('node:http keeps a connection alive over many requests and verbs', async () => {
    for (const [module, listener] of [
      [http, plain],
      [https, secure],
    ] as const) {
      const agent = new module.Agent({ keepAlive: true, maxSockets: 1 });
      const ask = (method: string, body: string, headers: http.OutgoingHttpHeaders) =>
        new Promise<string>((resolve, reject) => {
          const options = {
            agent,
            method,
            port: listener.port,
            host: '127.0.0.1',
            path: '/v1/secret/x',
            headers: { 'X-Vault-Token': 'hvs.t', ...headers },
            ca: IDENTITY.certificate,
          };
          const request = module.request(options, (answer) => {
            let text = '';
            answer.setEncoding('utf8');
            answer.on('data', (piece: string) => {
              text += piece;
            });
            answer.on('end', () => resolve(text));
          });
          request.on('error', reject);
          request.end(body);
        });
      check(await ask('GET', '', {}), 'read', {});
      check(await ask('PUT', BODY, {}), 'update', JSON.parse(BODY));
      check(await ask('PUT', BODY, { 'Transfer-Encoding': 'chunked' }), 'update', JSON.parse(BODY));
      check(await ask('POST', BODY, { Expect: '100-continue' }), 'update', JSON.parse(BODY));
      check(await ask('DELETE', '', {}), 'delete', {});
      check(await ask('GET', '', { Connection: 'close' }), 'read', {});
      agent.destroy();
    }
  });

  it('fetch reads, writes and streams', async () => {
    const url = `http://${plain.address}/v1/secret/x`;
    const headers = { 'X-Vault-Token': 'hvs.t' };
    check(await (await fetch(url, { headers })).text(), 'read', {});
    check(await (await fetch(url, { method: 'LIST', headers })).text(), 'list', {});
    const written = await fetch(url, { method: 'POST', headers, body: BODY });
    check(await written.text(), 'update', JSON.parse(BODY));
    const stream = new Blob([BODY]).stream();
    const streamed = await fetch(url, { method: 'PUT', headers, body: stream, duplex: 'half' });
    check(await streamed.text(), 'update', JSON.parse(BODY));
  });

  it('curl lists, writes after 100-continue, and streams', {
    skip: findProgram('curl'),
  }, async () => {
    for (const listener of [plain, secure]) {
      const scheme = listener === secure ? 'https' : 'http';
      const url = `${scheme}://${listener.address}/v1/secret/x`;
      const ask = async (...args: string[]): Promise<string> => {
        const common = ['-sSk', '--http1.1', '-H', 'X-Vault-Token: hvs.t'];
        return (await run('curl', [...common, ...args, url])).stdout;
      };
      check(await ask(), 'read', {});
      check(await ask('-X', 'LIST'), 'list', {});
      check(await ask('-d', BODY), 'update', JSON.parse(BODY));
      const chunked = await ask('-H', 'Transfer-Encoding: chunked', '-d', BODY);
      check(chunked, 'update', JSON.parse(BODY));
      const waiting = await ask('-H', 'Expect: 100-continue', '-d', BODY);
      check(waiting, 'update', JSON.parse(BODY));
    }
  });

  it('curl gets no body for HEAD and does not wait for one', {
    skip: findProgram('curl'),
  }, async () => {
    const { stdout } = await run('curl', ['-sSI', `http://${plain.address}/v1/sys/health`]);
    assert.match(stdout, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(stdout, /\r\n\r\n$/);
  });

  it('python reads, lists and writes', { skip: findProgram('python3') }, async () => {
    const script = `
import http.client, json, sys, urllib.request
host, port = "127.0.0.1", ${plain.port}
headers = {"X-Vault-Token": "hvs.t"}
body = {"a": "\\u00fc" * 100}
out = []
c = http.client.HTTPConnection(host, port)
for method, data in [("GET", None), ("LIST", None), ("PUT", json.dumps(body).encode())]:
    c.request(method, "/v1/secret/x", body=data, headers=headers)
    out.append(json.loads(c.getresponse().read())["data"])
c.request("POST", "/v1/secret/x", body=iter([b'{"a":', b'1}']), headers=headers, encode_chunked=True)
out.append(json.loads(c.getresponse().read())["data"])
r = urllib.request.Request("http://%s:%d/v1/secret/x" % (host, port), headers=headers, method="DELETE")
out.append(json.loads(urllib.request.urlopen(r).read())["data"])
print(json.dumps([[o["operation"], o["path"], o["token"], o["fields"]] for o in out]))
`;
    const { stdout } = await run('python3', ['-c', script]);
    const rows = JSON.parse(stdout) as unknown;
    assert.deepEqual(rows, [
      ['read', 'secret/x', 'hvs.t', {}],
      ['list', 'secret/x/', 'hvs.t', {}],
      ['update', 'secret/x', 'hvs.t', { a: 'ü'.repeat(100) }],
      ['update', 'secret/x', 'hvs.t', { a: 1 }],
      ['delete', 'secret/x', 'hvs.t', {}],
    ]);
  });
});
