// The openssl program as a second opinion on chains. Holds no test of its own: the name keeps it out of
// the published package.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePem } from '../encoding/pem.js';
import type { ChainInput } from './chain-scenes.test.js';

/** Null: accepted. Otherwise what openssl says. */
export type OpensslVerdict = string | null;

const settings = [
  // No certificate of this machine, and every signature, the root's own too.
  ...['-no-CApath', '-no-CAstore', '-check_ss_sig'],
  // What the leaf is for is not looked at by verifyChain either.
  ...['-purpose', 'any'],
];

function run(args: readonly string[]): Promise<OpensslVerdict> {
  return new Promise((resolve, reject) => {
    execFile('openssl', ['verify', ...args], (error, _stdout, stderr) => {
      if (error === null) resolve(null);
      else if (typeof error.code === 'number') resolve(stderr);
      else reject(error);
    });
  });
}

/** Asks openssl for chains that are in files of a folder of its own. */
export class OpensslChains {
  readonly #folder = mkdtempSync(join(tmpdir(), 'vouchsafe-openssl-'));
  #count = 0;

  async verify(input: ChainInput, ...more: readonly string[]): Promise<OpensslVerdict> {
    const [leaf = new Uint8Array(), ...others] = input.chain;
    const prefix = join(this.#folder, String(this.#count));
    this.#count += 1;
    const file = (
      name: string,
      label: 'CERTIFICATE' | 'X509 CRL',
      contents: readonly Uint8Array[],
    ): string => {
      writeFileSync(prefix + name, contents.map((each) => encodePem(label, each)).join(''));
      return prefix + name;
    };
    const args = [...settings, ...more, '-attime', String(Math.floor(input.now.getTime() / 1000))];
    args.push('-CAfile', file('root', 'CERTIFICATE', [input.root]));
    if (others.length > 0) args.push('-untrusted', file('others', 'CERTIFICATE', others));
    if (input.crls.length > 0) {
      args.push('-crl_check_all', '-CRLfile', file('crls', 'X509 CRL', input.crls));
    }
    return run([...args, file('leaf', 'CERTIFICATE', [leaf])]);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
