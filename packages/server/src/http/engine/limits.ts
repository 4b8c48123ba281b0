// Every bound of the engine in one place. All are checked before the bytes they bound are parsed or
// kept.

export interface EngineLimits {
  /** Method, target and version. */
  readonly requestLineBytesMax: number;
  /** Request line and header lines together. */
  readonly headBytesMax: number;
  readonly headersMax: number;
  readonly bodyBytesMax: number;
  /** Bytes of chunk extensions in one body. */
  readonly chunkExtensionBytesMax: number;
  readonly trailerBytesMax: number;
  /** Requests of one connection that are being handled or wait for their turn to be answered. */
  readonly pipelineMax: number;
  readonly connectionsMax: number;
  /** Body bytes of all connections together, while they arrive or are being handled. */
  readonly bodyBytesTotalMax: number;
}

export const DEFAULT_LIMITS: EngineLimits = {
  requestLineBytesMax: 16 * 1024,
  headBytesMax: 64 * 1024,
  headersMax: 100,
  bodyBytesMax: 32 * 1024 * 1024,
  chunkExtensionBytesMax: 1024,
  trailerBytesMax: 8 * 1024,
  pipelineMax: 32,
  connectionsMax: 10_000,
  bodyBytesTotalMax: 512 * 1024 * 1024,
};

/** Milliseconds. They are enforced by one sweep, so each may last up to `SWEEP_MS` longer. */
export interface EngineTimeouts {
  /** From the first byte of a head, or from the accepted connection, to the end of the head. */
  readonly headMs: number;
  /** From the end of the head to the end of the body. */
  readonly bodyMs: number;
  /** Between two requests. */
  readonly idleMs: number;
  /** For the peer to take what was written. */
  readonly writeMs: number;
  /** From the end of the request to its answer. */
  readonly handlerMs: number;
  readonly handshakeMs: number;
  /**
   * How long input is still read and dropped after the last answer, so that the peer sees that
   * answer.
   */
  readonly lingerMs: number;
}

export const DEFAULT_TIMEOUTS: EngineTimeouts = {
  headMs: 10_000,
  bodyMs: 30_000,
  idleMs: 300_000,
  writeMs: 60_000,
  handlerMs: 90_000,
  handshakeMs: 10_000,
  lingerMs: 2_000,
};

export const SWEEP_MS = 500;

/** Time as the engine sees it; tests bring their own. */
export interface EngineClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Calls `work` about every `ms` until the returned function is called. Must not keep the process
   * alive.
   */
  every(ms: number, work: () => void): () => void;
}

export const SYSTEM_CLOCK: EngineClock = {
  now: () => Date.now(),
  every(ms, work) {
    const timer = setInterval(work, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
