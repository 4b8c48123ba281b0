// Whose address is believed.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ApiRequest } from '../core/request.js';
import { createPeerReader } from './forwarded-for.js';
import { callApi, PEER, resultOf } from './testing/call-api.js';

type Lines = readonly string[];

describe('createPeerReader', () => {
  const base = {
    authorizedAddresses: ['192.0.2.0/24'],
    hopSkips: 0,
    rejectNotPresent: true,
    rejectNotAuthorized: true,
  };
  const rows: readonly [string, Partial<typeof base>, Lines, string][] = [
    ['believes a listed proxy', {}, ['X-Forwarded-For: 198.51.100.7'], '198.51.100.7'],
    [
      'takes the last address of several lines',
      {},
      ['X-Forwarded-For: 10.0.0.1', 'X-Forwarded-For: 10.0.0.2, 10.0.0.3'],
      '10.0.0.3',
    ],
    ['skips hops', { hopSkips: 1 }, ['X-Forwarded-For: 10.0.0.1, 10.0.0.2'], '10.0.0.1'],
    [
      'refuses when all hops are skipped',
      { hopSkips: 2 },
      ['X-Forwarded-For: 10.0.0.1, 10.0.0.2'],
      '400',
    ],
    ['refuses an address that is none', {}, ['X-Forwarded-For: unknown'], '400'],
    ['refuses a listed proxy without the header', {}, [], '400'],
    [
      'takes a listed proxy without the header for the client',
      { rejectNotPresent: false },
      [],
      PEER.remoteAddress,
    ],
    [
      'refuses an unlisted address',
      { authorizedAddresses: ['203.0.113.1'] },
      ['X-Forwarded-For: 10.0.0.1'],
      '403',
    ],
    [
      'ignores the header of an unlisted address',
      { authorizedAddresses: ['203.0.113.1'], rejectNotAuthorized: false },
      ['X-Forwarded-For: 10.0.0.1'],
      PEER.remoteAddress,
    ],
  ];
  for (const [name, given, headers, want] of rows) {
    it(name, async () => {
      let got = '';
      const handler = {
        handle(request: ApiRequest) {
          got = request.connection.remoteAddress;
          return Promise.resolve(resultOf(request));
        },
      };
      const readPeer = createPeerReader({ ...base, ...given });
      const called = await callApi(handler, ['GET /v1/x', ...headers], '', { readPeer });
      assert.equal(got === '' ? String(called.status) : got, want);
    });
  }

  it('refuses options with something that is no address', () => {
    for (const address of ['example.org', '10.0.0.0/x', '10.0.0.0/']) {
      assert.throws(() => createPeerReader({ ...base, authorizedAddresses: [address] }), TypeError);
    }
  });
});
