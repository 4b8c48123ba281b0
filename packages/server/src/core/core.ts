// The server without its doors: seal state, the unsealed server while there is one, and the way of each request.
// http/ calls handle(); nothing else comes in.
import { type Awaitable, andThen } from '../framework/awaitable.js';
import type { Backend, Path, Request, Response } from '../framework/backend.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import type { RawField } from '../framework/field.js';
import type { Storage } from '../framework/storage.js';
import type { Active } from './active.js';
import type { CorsSettings } from './cors.js';
import { newExchange } from './exchange.js';
import { runPipeline } from './pipeline.js';
import { admitByQuota } from './quotas/admission.js';
import type { Admission, ApiHandler, ApiRequest, ApiResult } from './request.js';
import { toResult } from './result.js';

/** 503 with Vault's text. */
export function sealedError(): ApiError {
  return new ApiError('sealed', 'Vault is sealed', { code: 'sealed' });
}

const SEALED_STORAGE: Storage = {
  locate: (key) => ({ key }),
  get: () => Promise.reject(sealedError()),
  getUnless: () => Promise.reject(sealedError()),
  getMany: () => Promise.reject(sealedError()),
  list: () => Promise.reject(sealedError()),
  commit: () => Promise.reject(sealedError()),
};

const SYSTEM = 'sys/';

export class Core implements ApiHandler {
  /** Replaced on unseal and seal; a request keeps the one it started with. */
  #active: Active | null = null;
  #system: Backend | null = null;
  #whileSealed: readonly Path[] = [];
  readonly #open: () => Promise<Active>;

  /** `open` assembles the unsealed server; the barrier is open when it is called. */
  constructor(open: () => Promise<Active>) {
    this.#open = open;
  }

  /** Once, before the first request: sys/ knows core, core knows sys/ only as a backend. */
  attachSystem(system: Backend): void {
    this.#system = system;
    this.#whileSealed = system.paths.filter((path) => path.whileSealed);
  }

  get system(): Backend {
    if (this.#system === null) throw new ApiError('internal', 'no system backend');
    return this.#system;
  }

  get isSealed(): boolean {
    return this.#active === null;
  }

  /** @throws ApiError sealed */
  get active(): Active {
    if (this.#active === null) throw sealedError();
    return this.#active;
  }

  /** Call when the barrier has been opened. Finishes what a crash cut short before the first request. */
  async activate(): Promise<void> {
    const active = await this.#open();
    await active.mounts.resume();
    this.#active = active;
    active.expirer.start();
  }

  /** Requests that are under way fail when they next touch storage. The caller closes the barrier. */
  async deactivate(): Promise<void> {
    const active = this.#active;
    this.#active = null;
    if (active === null) return;
    await active.expirer.stop();
    await active.router.close();
    active.audit.close();
    active.tokens.close();
  }

  /** Null while sealed. */
  get cors(): CorsSettings | null {
    return this.#active?.cors.current ?? null;
  }

  /** While sealed there is nothing to protect, and nothing to read quotas from. */
  admit(api: ApiRequest): Admission | null {
    return this.#active === null ? null : admitByQuota(api, this.#active);
  }

  handle(api: ApiRequest): Awaitable<ApiResult> {
    if (api.path.startsWith(SYSTEM) && api.operation !== 'help') {
      const answered = this.#handleWhileSealed(api);
      if (answered !== null) return answered;
    }
    const exchange = newExchange(api, this.active);
    return andThen(runPipeline(exchange), () => toResult(exchange));
  }

  /** Null when the path is not one of the few that are answered in every seal state. */
  #handleWhileSealed(api: ApiRequest): Awaitable<ApiResult> | null {
    const path = api.path.slice(SYSTEM.length);
    for (const declared of this.#whileSealed) {
      const parameters = declared.match(path);
      if (parameters === null || api.operation === 'help') continue;
      if (api.namespace !== '' && api.operation !== 'read') {
        throw invalidRequest('operation unavailable in namespaces', 'namespace-root-only');
      }
      const fields = new Map<string, RawField>(api.fields);
      for (const [name, value] of Object.entries(parameters)) {
        fields.set(name, { kind: 'text', value });
      }
      return andThen(declared.handle(sealedRequest(api, path), fields), (response) =>
        sealedResult(api, response),
      );
    }
    return null;
  }
}

function sealedResult(api: ApiRequest, response: Response | null): ApiResult {
  return {
    requestId: api.id,
    operation: api.operation,
    response,
    auth: null,
    lease: null,
    wrapped: null,
    warnings: response?.warnings ?? [],
    mountType: 'system',
    verbatim: null,
  };
}

function sealedRequest(api: ApiRequest, path: string): Request {
  return {
    id: api.id,
    operation: api.operation === 'help' ? 'read' : api.operation,
    path,
    mount: {
      path: SYSTEM,
      uuid: '',
      accessor: '',
      type: 'system',
      options: {},
      defaultLeaseTtlSeconds: 0,
      maxLeaseTtlSeconds: 0,
    },
    storage: SEALED_STORAGE,
    now: api.now,
    caller: null,
    connection: api.connection,
    own: (bytes) => api.own(bytes),
  };
}
