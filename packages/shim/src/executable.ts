// Finds the file that a command names, as a shell would: so that the shim can measure it, and can refuse before it
// asks for secrets.
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { exitCodes, ShimError } from './errors.js';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Path of the file to execute. Only a name without a slash is looked up in PATH.
 * @throws ShimError 'command-not-found' (exit code 127), 'command-not-executable' (126)
 */
export async function resolveExecutable(
  name: string,
  searchPath: string | undefined,
): Promise<string> {
  const candidates = name.includes('/')
    ? [name]
    : (searchPath ?? DEFAULT_PATH).split(delimiter).map((folder) => join(folder || '.', name));
  const files: string[] = [];
  for (const candidate of name === '' ? [] : candidates) {
    if (!(await isFile(candidate))) continue;
    if (await isExecutable(candidate)) return candidate;
    files.push(candidate);
  }
  const [found] = files;
  if (found !== undefined) {
    throw new ShimError('command-not-executable', `${found}: not executable`, {
      hint: `chmod +x ${found}, or name the interpreter first`,
      exitCode: exitCodes.notExecutable,
    });
  }
  throw new ShimError('command-not-found', `${name}: command not found`, {
    exitCode: exitCodes.notFound,
  });
}
