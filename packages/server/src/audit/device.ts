// Where records go. A device never decides what a record says, only whether it was taken.

/** One enabled audit device. */
export interface AuditDevice {
  /** Nothing is written: records need not even be made. */
  readonly discards: boolean;
  /** Takes ownership of `line` (whole lines only) and wipes it. Resolves when the operating system has it. */
  write(line: Buffer): Promise<void>;
  /** Opens files anew, after somebody moved them away. @throws when it can not be opened; writes then fail too. */
  reopen(): void;
  close(): void;
}
