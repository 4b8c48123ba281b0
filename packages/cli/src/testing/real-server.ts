// A development server started by the real command, for tests of the command against the server it ships with.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after } from 'node:test';
import { bin, newFolder, runVouchsafe } from './stub-server.js';

const running: ChildProcess[] = [];
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

export interface RealServer {
  readonly address: string;
  readonly rootToken: string;
  /** What clients need to believe it, '' without -dev-tls. */
  readonly caFile: string;
  /** What it printed so far. */
  output(): string;
  /** Ends it and gives the exit code. */
  stop(): Promise<number | null>;
}

/** Listens on a free port until the tests of the file are over. `args` come after -dev. */
export async function startRealServer(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<RealServer> {
  const child = spawn(
    process.execPath,
    [bin, 'server', '-dev', '-dev-listen-address=127.0.0.1:0', ...args],
    {
      env: { PATH: process.env.PATH ?? '', HOME: newFolder(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  running.push(child);
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const started = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (/Root Token: \S+\n/.test(output) && /listens on \S+\n/.test(output)) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void ended.then((code) => reject(new Error(`the server ended with ${code}: ${output}`)));
  });
  await started;
  const find = (pattern: RegExp): string => pattern.exec(output)?.[1] ?? assert.fail(output);
  const address = find(/listens on (\S+)\n/);
  // It takes signals once it is through starting, a moment after it says that it listens.
  await runVouchsafe(['token', 'lookup'], { env: { VAULT_ADDR: address } });
  return {
    address,
    rootToken: find(/Root Token: (\S+)\n/),
    caFile: /VAULT_CACERT='([^']+)'/.exec(output)?.[1] ?? '',
    output: () => output,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
