// Makes folders for what the operator names in a setting. Must never wait for a kernel that contradicts itself.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o700;

/**
 * Makes the directory and what is missing above it, for the owner alone; does nothing when it is there. Node's own
 * recursive mkdir never returns where the kernel answers ENOENT although the parent is there (/proc), and would hold
 * the whole process up. @throws the platform's error with its code; ENOTDIR when the path is something else
 */
export function makeDirectory(path: string): void {
  const missing: string[] = [];
  for (let at = path; !existsSync(at); at = dirname(at)) missing.push(at);
  for (const directory of missing.reverse()) makeOne(directory);
  if (statSync(path).isDirectory()) return;
  throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
}

function makeOne(directory: string): void {
  try {
    mkdirSync(directory, { mode: OWNER_ONLY });
  } catch (error) {
    // Somebody else was faster; whether with a directory is seen at the end.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST' || !existsSync(directory)) throw error;
  }
}
