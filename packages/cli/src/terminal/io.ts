// The process's edges, handed to commands: streams, environment, name. Output that goes nowhere (a closed pipe) ends
// the program quietly. Must be the only file besides main.ts that touches `process`.
import { basename } from 'node:path';
import { PromptError, readHidden } from './hidden-input.js';

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the program was called as: 'vouchsafe', 'vault', 'bao'. */
  readonly name: string;
  readonly inputIsTerminal: boolean;
  readonly outputIsTerminal: boolean;
  /** Standard output, as written; no newline is added. */
  write(text: string): void;
  /** Standard error, one line or several. */
  note(text: string): void;
  /** From now on a closed pipe is no reason to end: for a server, which outlives whoever reads its output. */
  outliveReaders(): void;
  /** All of standard input. */
  readInput(): Promise<string>;
  /** First line of standard input, without its end. */
  readLine(): Promise<string>;
  /** Asks on the terminal without echo. @throws PromptError when there is no terminal or the user gave up */
  readHidden(label: string): Promise<string>;
}

const inputBytesMax = 64 * 1024 * 1024;

async function readAll(stream: NodeJS.ReadStream, toLineEnd: boolean): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const part = Buffer.from(chunk);
    chunks.push(part);
    bytes += part.length;
    if (bytes > inputBytesMax) throw new PromptError('standard input: more than 64 MiB');
    if (toLineEnd && part.includes(0x0a)) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The real edges. Call once. */
export function processIo(): Io {
  const { stdin, stdout, stderr } = process;
  let outlive = false;
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: Error & { code?: string }) => {
      if (outlive) return;
      // `| head` closed the pipe: nobody reads any more, which is no error of ours.
      process.exit(error.code === 'EPIPE' ? 0 : 1);
    });
  }
  const note = (text: string): void => {
    stderr.write(text);
  };
  return {
    env: process.env,
    name: basename(process.argv[1] ?? 'vouchsafe').replace(/\.(c|m)?js$/, ''),
    inputIsTerminal: stdin.isTTY === true,
    outputIsTerminal: stdout.isTTY === true,
    write: (text) => {
      stdout.write(text);
    },
    note: (text) => note(`${text}\n`),
    outliveReaders: () => {
      outlive = true;
    },
    readInput: () => readAll(stdin, false),
    readLine: async () => (await readAll(stdin, true)).split(/\r?\n/, 1)[0] ?? '',
    readHidden: (label) => {
      if (stdin.isTTY !== true) throw new PromptError('no terminal to ask on');
      return readHidden(stdin, label, note);
    },
  };
}
