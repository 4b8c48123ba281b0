// What the lines of a request and of its answer say alike, made once. Lies with the request and goes with it: a request
// that never gets an answer's line (no device took it, a quota refused it) must not be kept for one, body and all.
import type { MemberText } from './member-text.js';
import type { AuditAuth } from './record.js';

export interface Draft {
  readonly auth: AuditAuth | null;
  readonly authText: string;
  /** Of the request, all but its data. */
  readonly members: MemberText;
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
