// What the lines of a request and of its answer say alike, made once. Lies with the request and goes with it: a request
// that never gets an answer's line (no device took it, a quota refused it) must not be kept for one, body and all.
import type { AuditAuth } from './record.js';

export interface Draft {
  readonly auth: AuditAuth | null;
  /** Members of a line. Nothing secret: all is hashed that has to be. */
  readonly question: Buffer;
}

/** One per request, for all devices. */
export class Drafts {
  #kept: { readonly by: object; readonly draft: Draft }[] | null = null;

  keep(by: object, draft: Draft): void {
    this.#kept ??= [];
    this.#kept.push({ by, draft });
  }

  /** Null when `by` kept none. */
  find(by: object): Draft | null {
    return this.#kept?.findLast((each) => each.by === by)?.draft ?? null;
  }
}
