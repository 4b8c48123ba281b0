// Appends records to a file. Refuses whatever could turn a log into a program: executable modes and files, and folders
// that programs are loaded from (CVE-2025-6000).
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  realpathSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { invalidRequest } from '../framework/errors.js';
import { makeDirectory } from '../framework/make-directory.js';
import type { AuditDevice } from './device.js';
import { LineQueue, type PutLines } from './line-queue.js';

const MODE_DEFAULT = 0o600;
const EXECUTABLE = 0o111;
const NEW_LINE = Buffer.from('\n');

export interface FilePlace {
  readonly filePath: string;
  /** Null keeps an existing file's mode. */
  readonly mode: number | null;
  /** Nothing may be written below it; null when the server has none. */
  readonly pluginDirectory: string | null;
}

function isBelow(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way === '' || (!way.startsWith('..') && !way.startsWith('/'));
}

/** The directory with links followed, so that none leads into the plugin directory; made when missing. */
function realDirectory(path: string): string {
  makeDirectory(path);
  return realpathSync(path);
}

function checkPlace(place: FilePlace): string {
  const target = resolve(place.filePath);
  const { pluginDirectory } = place;
  if (pluginDirectory !== null && isBelow(target, resolve(pluginDirectory))) refusePlace();
  const real = join(realDirectory(dirname(target)), basename(target));
  if (pluginDirectory !== null && isBelow(real, realpathSync(pluginDirectory))) refusePlace();
  return real;
}

function refusePlace(): never {
  throw invalidRequest('file_path must not be in the plugin directory', 'audit-path');
}

/** @throws ApiError audit-path, audit-mode, audit-unwritable; messages name no path but the operator's own setting */
function openPlace(place: FilePlace): number {
  let file: number;
  try {
    const path = checkPlace(place);
    // A link as the last step could lead anywhere, past the check of the directory; a pipe without a reader would hold
    // up the whole process.
    const flags =
      constants.O_WRONLY |
      constants.O_APPEND |
      constants.O_CREAT |
      constants.O_NOFOLLOW |
      constants.O_NONBLOCK;
    file = openSync(path, flags, place.mode ?? MODE_DEFAULT);
  } catch (error) {
    throw unwritable(error);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() && !stat.isCharacterDevice()) {
      throw invalidRequest('audit file is not a regular file', 'audit-unwritable');
    }
    if (stat.isFile() && (stat.mode & EXECUTABLE) !== 0) {
      throw invalidRequest('audit file is executable', 'audit-mode');
    }
    if (stat.isFile() && place.mode !== null && (stat.mode & 0o777) !== place.mode) {
      fchmodSync(file, place.mode);
    }
    return file;
  } catch (error) {
    closeSync(file);
    throw unwritable(error);
  }
}

/** System errors as one that says which setting to look at; our own as they are. */
function unwritable(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  if (!(error instanceof Error) || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) {
    return error;
  }
  return invalidRequest(`audit file can not be opened for writing: ${code}`, 'audit-unwritable');
}

/** Writes synchronously, one call per batch; a file system that hangs holds requests up rather than losing records. */
export class FileDevice implements AuditDevice {
  readonly discards = false;
  readonly #place: FilePlace;
  readonly #queue = new LineQueue((bytes) => this.#write(bytes));
  #file: number | null = null;
  /** A write broke off within a line: what follows must not be glued to the fragment. */
  #isTorn = false;
  #isClosed = false;

  constructor(place: FilePlace) {
    this.#place = place;
  }

  append(put: PutLines): Promise<void> {
    return this.#queue.append(put);
  }

  #write(bytes: Buffer): undefined {
    if (this.#isClosed) throw new Error('audit device is closed');
    this.#file ??= openPlace(this.#place);
    if (this.#isTorn) {
      writeSync(this.#file, NEW_LINE);
      this.#isTorn = false;
    }
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#file, bytes, written);
    } finally {
      if (written < bytes.length) this.#isTorn = written > 0;
    }
  }

  reopen(): void {
    if (this.#isClosed) return;
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    this.#isTorn = false;
    this.#file = openPlace(this.#place);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}
