// Where records go. A device never decides what a record says, only whether it was taken.
import type { PutLines } from './line-queue.js';

/** One enabled audit device. */
export interface AuditDevice {
  /** Nothing is written: records need not even be made. */
  readonly discards: boolean;
  /** Calls `put` once, for whole lines, which it wipes in the end. Resolves when the operating system has them. */
  append(put: PutLines): Promise<void>;
  /** Opens files anew, after somebody moved them away. @throws when it can not be opened; writes then fail too. */
  reopen(): void;
  close(): void;
}
