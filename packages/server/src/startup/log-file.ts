// The file of `log_file`: gets a copy of each line that goes to standard error. Must never hold up or end the server: a
// line that cannot be written is lost here and still on standard error.
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { StartError } from './options.js';

const MODE = 0o600;

export class LogFile {
  readonly #path: string;
  #file: number;

  /** Appends to what is there. @throws StartError when it cannot be opened */
  constructor(path: string) {
    this.#path = path;
    this.#file = openForAppending(path);
  }

  write(line: string): void {
    try {
      writeSync(this.#file, line);
    } catch {
      // Told by nobody: the log is where it would be told.
    }
  }

  /** After the file was moved away. @throws StartError; then the old one stays in use */
  reopen(): void {
    const next = openForAppending(this.#path);
    this.close();
    this.#file = next;
  }

  close(): void {
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }
}

function openForAppending(path: string): number {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
  try {
    // A pipe without a reader is refused rather than waited for.
    const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, MODE);
    const stat = fstatSync(file);
    if (stat.isFile() || stat.isCharacterDevice()) return file;
    closeSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`log_file ${path}: cannot be opened (${code ?? 'unknown fault'})`);
  }
  throw new StartError(`log_file ${path}: not a regular file`);
}
