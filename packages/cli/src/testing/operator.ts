// An operator who prepares a real server with the real command, for tests of what workloads get from it. Tests only.
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newFolder, runVouchsafe } from './stub-server.js';

export interface Operator {
  /** Runs a command that has to succeed, and gives what it printed. */
  must(args: readonly string[], input?: string): Promise<string>;
  /** Writes a policy or reference values of auth/attest, and gives the digest. */
  writeDocument(path: 'policy' | 'reference-values', data: unknown): Promise<string>;
  writeRole(name: string, data: unknown): Promise<void>;
}

/** @param env the server's address and a token, as the command reads them */
export function operatorWith(env: Readonly<Record<string, string>>): Operator {
  const must: Operator['must'] = async (args, input) => {
    const outcome = await runVouchsafe(args, { env, ...(input === undefined ? {} : { input }) });
    assert.equal(outcome.code, 0, outcome.err);
    return outcome.out.trim();
  };
  return {
    must,
    writeDocument: (path, data) =>
      must(['write', '-field=digest', `auth/attest/${path}`, '-'], JSON.stringify(data)),
    async writeRole(name, data) {
      await must(['write', `auth/attest/role/${name}`, '-'], JSON.stringify(data));
    },
  };
}

/** Path of a program in a folder of its own. */
export function writeScript(text: string): string {
  const path = join(newFolder(), 'app');
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}
