// A real TPM 2.0 in software (swtpm), driven by tpm2-tools. Holds no test of its own: the name keeps it
// out of the published package.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class SwTpm {
  readonly folder = mkdtempSync(join(tmpdir(), 'vouchsafe-swtpm-'));
  readonly #pid: number | undefined;

  constructor() {
    const server = join(this.folder, 'socket');
    const child = spawn(
      'swtpm',
      [
        'socket',
        '--tpm2',
        ...['--tpmstate', `dir=${this.folder}`],
        ...['--ctrl', `type=unixio,path=${server}.ctrl`],
        ...['--server', `type=unixio,path=${server}`],
        ...['--flags', 'not-need-init,startup-clear'],
      ],
      { stdio: 'ignore' },
    );
    this.#pid = child.pid;
    child.unref();
    this.#environment = { ...process.env, TPM2TOOLS_TCTI: `swtpm:path=${server}` };
    // Ready when it answers.
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (this.#try('tpm2_getcap', ['properties-fixed'])) return;
      spawnSync('sleep', ['0.05']);
    }
    throw new Error('swtpm does not answer');
  }

  readonly #environment: NodeJS.ProcessEnv;

  #try(program: string, args: readonly string[]): boolean {
    const options = { cwd: this.folder, env: this.#environment, stdio: 'ignore' } as const;
    return spawnSync(program, args, options).status === 0;
  }

  /** Runs a tool of tpm2-tools in the folder. @throws if it fails */
  run(program: string, ...args: readonly string[]): string {
    const options = { cwd: this.folder, env: this.#environment, stdio: 'pipe' } as const;
    return execFileSync(program, args, options).toString();
  }

  /** Whether a tool, run in the folder, succeeds. */
  succeeds(program: string, ...args: readonly string[]): boolean {
    return this.#try(program, args);
  }

  read(name: string): Uint8Array {
    return new Uint8Array(readFileSync(join(this.folder, name)));
  }

  write(name: string, bytes: Uint8Array | string): void {
    writeFileSync(join(this.folder, name), bytes);
  }

  stop(): void {
    if (this.#pid !== undefined) process.kill(this.#pid);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
