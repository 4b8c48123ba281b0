// What the translation hides, wipes, reports and asks before core is called.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Admission, ApiRequest } from '../core/request.js';
import { ApiError } from '../framework/errors.js';
import { callApi, resultOf } from './testing/call-api.js';

const NEVER = { handle: () => Promise.reject(new Error('core was asked')) };

describe('createApi', () => {
  it('shows headers but not those that hold a token', async () => {
    let names: string[] = [];
    const handler = {
      handle(request: ApiRequest) {
        names = [...request.headers.keys()];
        return Promise.resolve(resultOf(request));
      },
    };
    await callApi(handler, ['GET /v1/x', 'X-Vault-Token: a', 'Authorization: Bearer b', 'X-A: 1']);
    assert.deepEqual(names, ['host', 'x-a']);
  });

  it('wipes what core hands over, after the answer was encoded', async () => {
    const secret = Buffer.from('secret');
    const handler = {
      handle(request: ApiRequest) {
        const body = request.own(secret);
        const raw = { contentType: 'text/plain', body, code: 200 } as const;
        return Promise.resolve(resultOf(request, { response: { raw } }));
      },
    };
    const called = await callApi(handler, ['GET /v1/x']);
    assert.equal(called.body, 'secret');
    assert.deepEqual(secret, Buffer.alloc(6));
  });

  it('wipes what core hands over when core fails', async () => {
    const secret = Buffer.from('secret');
    const handler = {
      handle(request: ApiRequest) {
        request.own(secret);
        return Promise.reject(new ApiError('sealed', 'Vault is sealed'));
      },
    };
    const called = await callApi(handler, ['GET /v1/x']);
    assert.deepEqual([called.status, called.body], [503, '{"errors":["Vault is sealed"]}']);
    assert.deepEqual(secret, Buffer.alloc(6));
  });

  it('wipes at once what comes when the request has been answered', async () => {
    const late = Buffer.from('secret');
    let own = (_: Buffer): void => assert.fail('core was not asked');
    const handler = {
      handle(request: ApiRequest) {
        own = (bytes) => void request.own(bytes);
        return Promise.reject(new ApiError('sealed', 'Vault is sealed'));
      },
    };
    assert.equal((await callApi(handler, ['GET /v1/x'])).status, 503);
    own(late);
    assert.deepEqual(late, Buffer.alloc(6));
  });

  it('reports an internal error and tells the client nothing of it', async () => {
    const faults: string[] = [];
    const handler = { handle: () => Promise.reject(new Error('disk /dev/x is on fire')) };
    const called = await callApi(handler, ['GET /v1/x'], '', {
      reportFault: (error, id) => faults.push(`${String(error)} ${id.length}`),
    });
    assert.deepEqual([called.status, called.body], [500, '{"errors":["internal error"]}']);
    assert.deepEqual(faults, ['Error: disk /dev/x is on fire 36']);
  });

  it('answers and wipes for a handler that throws at once', async () => {
    const secret = Buffer.from('secret');
    const handler = {
      handle(request: ApiRequest): never {
        request.own(secret);
        throw new ApiError('sealed', 'Vault is sealed');
      },
    };
    const called = await callApi(handler, ['GET /v1/x']);
    assert.equal(called.status, 503);
    assert.deepEqual(secret, Buffer.alloc(6));
  });

  it('asks for admission before it looks at the body', async () => {
    const refusal = new ApiError('rate-limited', 'rate limit quota exceeded');
    const asked: string[] = [];
    const options = {
      admit({ path, fields }: ApiRequest): Admission {
        asked.push(`${path} ${fields.size}`);
        const refuse = (): Promise<never> => Promise.reject(refusal);
        return { headers: [['Retry-After', '7']], refuse, settle: null };
      },
    };
    const called = await callApi(NEVER, ['PUT /v1/x?a=b'], '{not json', options);
    assert.equal(called.status, 429);
    assert.match(called.fields, /Retry-After: 7\r\n/);
    assert.deepEqual(asked, ['x 0']);
  });

  it('asks again behind the body where that says who logs in', async () => {
    const asked: number[] = [];
    const late = (refuse: Admission['refuse']) => ({
      admit: (request: ApiRequest): Admission => ({
        headers: [],
        refuse: null,
        settle: async () => {
          asked.push(request.fields.size);
          return { headers: [['X-Late', 'yes']], refuse, settle: null };
        },
      }),
    });
    const handler = { handle: (request: ApiRequest) => Promise.resolve(resultOf(request)) };
    const served = await callApi(handler, ['PUT /v1/x'], '{"a":1}', late(null));
    assert.equal(served.status, 204);
    assert.match(served.fields, /X-Late: yes/);
    assert.equal((await callApi(NEVER, ['PUT /v1/x'], '{not json', late(null))).status, 400);
    const refusal = new ApiError('rate-limited', 'rate limit quota exceeded');
    const refuse = late(() => Promise.reject(refusal));
    assert.equal((await callApi(NEVER, ['PUT /v1/x'], '{not json', refuse)).status, 429);
    assert.equal((await callApi(NEVER, ['PUT /v1/x'], '{"a":1}', refuse)).status, 429);
    assert.deepEqual(asked, [1, 0, 0, 1]);
  });

  it('wants X-Vault-Request where it is required', async () => {
    const options = { requireRequestHeader: true };
    const handler = { handle: (request: ApiRequest) => Promise.resolve(resultOf(request)) };
    const bare = await callApi(NEVER, ['GET /v1/x'], '', options);
    assert.deepEqual(
      [bare.status, bare.body],
      [412, '{"errors":["missing \\"X-Vault-Request\\" header"]}'],
    );
    const wrong = await callApi(NEVER, ['GET /v1/x', 'X-Vault-Request: yes'], '', options);
    assert.equal(wrong.status, 412);
    const right = await callApi(handler, ['GET /v1/x', 'X-Vault-Request: true'], '', options);
    assert.equal(right.status, 404);
  });
});
