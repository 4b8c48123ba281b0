// Puts secrets into files on memory file systems, below allowed folders only, and takes them away again. Follows no
// link; a folder on the way that somebody else could exchange is a refusal.
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, realpath, rename, rmdir, statfs, unlink } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { ShimError, systemCodeOf } from './errors.js';
import type { DeliveredFile } from './secret-fields.js';

/** Magic numbers of statfs(2) for file systems that live in memory. */
const MEMORY_FILE_SYSTEMS: readonly number[] = [0x01021994, 0x858458f6];
const GROUP_OR_OTHERS_WRITE = 0o022;

export interface FileSettings {
  /** Absolute paths; files go below them only. */
  readonly folders: readonly string[];
  /** Take file systems that are not in memory, too. */
  readonly allowDisk: boolean;
}

/** /run, /dev/shm, and the user's own run-time folder. */
export function defaultFolders(
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const own = env.XDG_RUNTIME_DIR;
  return ['/run', '/dev/shm', ...(own?.startsWith('/') ? [own.replace(/\/+$/, '')] : [])];
}

function refuse(code: string, path: string, why: string, hint = ''): ShimError {
  return new ShimError(code, `${path}: ${why}`, { hint });
}

function failed(path: string, error: unknown): ShimError {
  const code = systemCodeOf(error) || 'unknown fault';
  return new ShimError('file-failed', `${path}: cannot be written (${code})`, { cause: error });
}

/** Deepest folder first, so that an allowed folder inside another is the one that counts. */
function allowedFolder(path: string, settings: FileSettings): string {
  const found = [...settings.folders]
    .sort((one, other) => other.length - one.length)
    .find((folder) => path.startsWith(folder.endsWith(sep) ? folder : folder + sep));
  if (found !== undefined) return found;
  throw refuse(
    'file-folder-not-allowed',
    path,
    `not below an allowed folder (${settings.folders.join(', ')})`,
    'change the role’s provision, or allow the folder with -allow-folder=DIR',
  );
}

/** Ours or root's, and nobody else may put another thing in its place. */
function checkOwnership(path: string, found: Stats): void {
  const uid = process.getuid?.() ?? 0;
  if (!found.isDirectory()) {
    const what = found.isSymbolicLink() ? 'a symbolic link' : 'not a folder';
    throw refuse('file-path-unsafe', path, `${what}, and it will not be followed`);
  }
  if ((found.uid !== uid && found.uid !== 0) || (found.mode & GROUP_OR_OTHERS_WRITE) !== 0) {
    throw refuse('file-path-unsafe', path, 'other users may change this folder');
  }
}

async function checkFileSystem(folder: string, settings: FileSettings): Promise<void> {
  if (settings.allowDisk) return;
  const { type } = await statfs(folder);
  if (MEMORY_FILE_SYSTEMS.includes(type)) return;
  throw refuse(
    'file-on-disk',
    folder,
    'on a disk, not in memory',
    'mount a tmpfs there, deliver below /dev/shm, or accept it with -allow-disk',
  );
}

/** What was written, and how to take it back. */
export class SecretFiles {
  readonly #settings: FileSettings;
  readonly #files: string[] = [];
  readonly #folders: string[] = [];

  constructor(settings: FileSettings) {
    this.#settings = settings;
  }

  /** All of them or, after a refusal, none. @throws ShimError */
  async write(files: readonly DeliveredFile[]): Promise<void> {
    try {
      for (const file of files) await this.#writeOne(file);
    } catch (error) {
      await this.remove();
      throw error;
    }
  }

  async #writeOne({ item, value }: DeliveredFile): Promise<void> {
    const folder = await this.#folderFor(item.path);
    const name = item.path.slice(item.path.lastIndexOf(sep) + 1);
    const target = `${folder}/${name}`;
    const before = await lstat(target).catch(() => null);
    if (before !== null && !before.isFile()) {
      throw refuse('file-path-unsafe', item.path, 'is there already, and is no file');
    }
    const temporary = `${folder}/.vouchsafe-${randomBytes(8).toString('hex')}`;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    // Known before it exists: whatever fails from here on, it is taken away.
    this.#files.push(temporary);
    try {
      const file = await open(temporary, flags, 0o600);
      try {
        await file.writeFile(value);
        await file.chmod(item.mode);
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (error) {
      throw failed(item.path, error);
    }
    this.#files.pop();
    this.#files.push(target);
  }

  /** The file's folder with every link of the allowed part resolved; made where it is missing. */
  async #folderFor(path: string): Promise<string> {
    const allowed = allowedFolder(path, this.#settings);
    let folder: string;
    try {
      folder = await realpath(allowed);
    } catch (error) {
      throw failed(allowed, error);
    }
    await checkFileSystem(folder, this.#settings);
    const below = dirname(path).slice(allowed.length).split(sep);
    for (const name of below.filter((each) => each !== '')) {
      folder = `${folder}/${name}`;
      try {
        await mkdir(folder, { mode: 0o700 });
        this.#folders.push(folder);
      } catch (error) {
        if (systemCodeOf(error) !== 'EEXIST') throw failed(folder, error);
      }
      checkOwnership(folder, await lstat(folder));
    }
    // A file system may be mounted below the allowed folder.
    await checkFileSystem(folder, this.#settings);
    return folder;
  }

  /** Overwrites and removes every file, then the folders that were made. Returns the paths that are still there. */
  async remove(): Promise<readonly string[]> {
    const left: string[] = [];
    for (const path of this.#files.splice(0)) if (!(await wipeFile(path))) left.push(path);
    for (const folder of this.#folders.splice(0).reverse()) {
      // Not empty: the workload put something there, which is its own.
      await rmdir(folder).catch(() => undefined);
    }
    return left;
  }
}

/** By its descriptor: chmod(2) of a path would follow a link. */
async function makeWritable(path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await file.chmod(0o600);
  } finally {
    await file.close();
  }
}

/** True when nothing is there any more. */
async function wipeFile(path: string): Promise<boolean> {
  try {
    await makeWritable(path);
    const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
    try {
      const { size } = await file.stat();
      await file.write(Buffer.alloc(size), 0, size, 0);
    } finally {
      await file.close();
    }
  } catch {
    // The workload put something else there: removing the name has to do.
  }
  try {
    await unlink(path);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT';
  }
}
