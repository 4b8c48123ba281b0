// What the command hands to the server. Null means: not given.

export interface ServerOptions {
  /** Configuration files, or folders of them. */
  readonly config: readonly string[];
  readonly dev: boolean;
  readonly devRootTokenId: string | null;
  readonly devListenAddress: string | null;
  readonly devNoStoreToken: boolean;
  readonly devTls: boolean;
  readonly devKvV1: boolean;
  readonly devNoKv: boolean;
  /** Folder in which a development server keeps its data between starts. */
  readonly devStorage: string | null;
  /** Folder that gets the keys of the simulated TEE vendor, for shims on this machine. */
  readonly devTee: string | null;
  /** Where a development server stores its root token for the next commands. */
  readonly tokenFile: string;
  readonly logLevel: string | null;
  readonly logFormat: string | null;
  readonly exitOnCoreShutdown: boolean;
}

export interface ServerIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  writeOut(text: string): void;
  writeError(text: string): void;
}

/** The operator's mistake or the machine's: printed without a stack, exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
