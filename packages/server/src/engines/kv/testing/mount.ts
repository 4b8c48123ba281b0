// A mounted key-value engine over a memory view, for this engine's tests.
import assert from 'node:assert/strict';
import type { Backend, Operation } from '../../../framework/backend.js';
import { ApiError } from '../../../framework/errors.js';
import type { Storage } from '../../../framework/storage.js';
import {
  type Call,
  type CallResult,
  call,
  dataOf,
  TEST_MOUNT,
} from '../../../framework/testing/call.js';
import { MemoryStorage } from '../../../framework/testing/memory-storage.js';
import { kvFactory } from '../backend.js';

export class KvMount<V extends Storage = MemoryStorage> {
  readonly view: V;
  readonly backend: Backend;
  now = 1_700_000_000_000;

  constructor(view: V, backend: Backend) {
    this.view = view;
    this.backend = backend;
  }

  async call(
    operation: Operation | 'write',
    path: string,
    body?: string | object,
    query: Readonly<Record<string, string>> = {},
  ): Promise<CallResult> {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const options: Call = {
      backend: this.backend,
      storage: this.view,
      path,
      operation,
      query,
      now: this.now,
    };
    return await call(text === undefined ? options : { ...options, body: text });
  }

  async data(
    operation: Operation | 'write',
    path: string,
    body?: string | object,
    query?: Readonly<Record<string, string>>,
  ): Promise<Record<string, unknown>> {
    return dataOf((await this.call(operation, path, body, query)).response);
  }

  /** Writes a value; returns the new version's number. */
  async put(key: string, value: object, cas?: number): Promise<number> {
    const options = cas === undefined ? {} : { options: { cas } };
    const data = await this.data('write', `data/${key}`, { data: value, ...options });
    return data.version as number;
  }

  /** The error a call is refused with; fails when it is not refused. */
  async refusal(
    operation: Operation | 'write',
    path: string,
    body?: string | object,
  ): Promise<ApiError> {
    try {
      await this.call(operation, path, body);
    } catch (error) {
      assert.ok(error instanceof ApiError, String(error));
      return error;
    }
    assert.fail('accepted');
  }
}

export async function openKvOn<V extends Storage>(
  version: '1' | '2',
  view: V,
): Promise<KvMount<V>> {
  const backend = await kvFactory({
    storage: view,
    mount: { ...TEST_MOUNT, options: { version } },
    log: () => undefined,
  });
  return new KvMount(view, backend);
}

export async function openKv(
  version: '1' | '2',
  view: MemoryStorage = new MemoryStorage(),
): Promise<KvMount> {
  return await openKvOn(version, view);
}
