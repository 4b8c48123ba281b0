// The command's program in this process, at the edges that its main file gives it: a process for each of a hundred
// verdicts would take a minute.
import { join } from 'node:path';
import { root } from '../../tools/setup.js';

const { runProgram } = await import(join(root, 'packages/cli/dist/program.js'));

export async function run(...argv) {
  let out = '';
  let err = '';
  const io = {
    env: {},
    name: 'vouchsafe',
    inputIsTerminal: false,
    outputIsTerminal: false,
    write: (text) => {
      out += text;
    },
    note: (text) => {
      err += `${text}\n`;
    },
    outliveReaders: () => {},
    readInput: async () => '',
    readLine: async () => '',
    readHidden: async () => '',
  };
  return { exit: await runProgram(argv, io), out, err };
}

/** Exit code and verdict of `attest verify -format=json`. */
export async function judge(...argv) {
  const { exit, out, err } = await run('attest', 'verify', '-format=json', ...argv);
  if (out === '') throw new Error(`exit code ${exit}: ${err}`);
  return { exit, ...JSON.parse(out) };
}

/** What `attest show -format=json` prints. */
export async function show(...argv) {
  const { out, err } = await run('attest', 'show', '-format=json', ...argv);
  if (out === '') throw new Error(err);
  return JSON.parse(out);
}
