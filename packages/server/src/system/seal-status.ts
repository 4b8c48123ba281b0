// The body of seal-status and unseal, and the ways from sealed to serving and back.
import type { JsonValue } from '../framework/json/value.js';
import type { SystemParts } from './parts.js';

/** As sys/seal-status answers. Sealed means: requests are not served, whatever the barrier's state. */
export async function sealStatus(parts: SystemParts): Promise<{ [key: string]: JsonValue }> {
  const { core, lifecycle, facts } = parts;
  const status = await lifecycle.status();
  const cluster = core.isSealed ? null : parts.cluster();
  return {
    type: status.type,
    initialized: status.initialized,
    sealed: core.isSealed,
    t: status.t,
    n: status.n,
    progress: status.progress,
    nonce: status.nonce,
    version: facts.version,
    build_date: facts.buildDate,
    migration: false,
    ...(cluster === null ? {} : { cluster_name: cluster.name, cluster_id: cluster.id }),
    recovery_seal: false,
    storage_type: status.storageType,
    ...(status.warnings.length > 0 ? { warnings: status.warnings } : {}),
  };
}

/** Opens core once the barrier is open. Callers that come at the same time wait for the one opening. */
export class Opener {
  readonly #parts: SystemParts;
  #opening: Promise<void> | null = null;

  constructor(parts: SystemParts) {
    this.#parts = parts;
  }

  /** Does nothing while the barrier is sealed. When core can not be opened the barrier is closed again. */
  async open(): Promise<void> {
    const { barrier, core } = this.#parts;
    if (barrier.isSealed || !core.isSealed) return;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  async #open(): Promise<void> {
    try {
      await this.#parts.onUnsealed();
    } catch (error) {
      await this.#parts.seal();
      throw error;
    }
  }
}
