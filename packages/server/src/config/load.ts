// Finds the texts of the configuration: files, folders of files, and variables.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_HCL_LIMITS } from '../hcl/tree.js';
import { type ConfigSource, parseServerConfig } from './parse.js';
import { ConfigError } from './problems.js';
import type { ServerConfig } from './server-config.js';

/** How configuration files are read; tests bring their own. Rejects with what the platform throws. */
export interface ConfigFiles {
  /** Names in the folder, or null when the path is not a folder. */
  list(path: string): Promise<readonly string[] | null>;
  /** @throws when there is no such file, or it is larger than a configuration may be */
  read(path: string): Promise<string>;
}

/** Variables that Vault reads too, as VAULT_…; they win over every file. */
const ENVIRONMENT_KEYS: Readonly<Record<string, string>> = {
  API_ADDR: 'api_addr',
  CLUSTER_ADDR: 'cluster_addr',
  LOG_LEVEL: 'log_level',
  LOG_FORMAT: 'log_format',
};
const FOLDER_FILES_MAX = 1000;

export const NODE_CONFIG_FILES: ConfigFiles = {
  async list(path) {
    return (await stat(path)).isDirectory() ? await readdir(path) : null;
  },
  async read(path) {
    const { size } = await stat(path);
    if (size > DEFAULT_HCL_LIMITS.bytesMax) throw new Error('file is too large');
    return await readFile(path, 'utf8');
  },
};

/**
 * @param input.paths each a file, or a folder whose *.hcl and *.json are taken in the order of their names
 * @param input.env VOUCHSAFE_… wins over VAULT_…; LOCAL_CONFIG is one more text, read behind the files; then single
 *   variables
 * @throws ConfigError also for files that cannot be read
 */
export async function loadServerConfig(input: {
  readonly paths: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dev: boolean;
  readonly files: ConfigFiles;
}): Promise<ServerConfig> {
  const sources: ConfigSource[] = [];
  for (const path of input.paths) sources.push(...(await readSources(path, input.files)));
  const local = findVariable(input.env, 'LOCAL_CONFIG');
  if (local !== null) sources.push({ file: local.name, text: local.value });
  const named = Object.entries(ENVIRONMENT_KEYS).flatMap(([name, key]) => {
    const found = findVariable(input.env, name);
    return found === null ? [] : [[key, found.value]];
  });
  const text = JSON.stringify(Object.fromEntries(named));
  sources.push({ file: 'environment', text });
  return parseServerConfig(sources, { dev: input.dev });
}

/** One that is empty counts as none. */
function findVariable(
  env: Readonly<Record<string, string | undefined>>,
  suffix: string,
): { readonly name: string; readonly value: string } | null {
  for (const name of [`VOUCHSAFE_${suffix}`, `VAULT_${suffix}`]) {
    const value = env[name] ?? '';
    if (value.trim() !== '') return { name, value };
  }
  return null;
}

async function readSources(path: string, files: ConfigFiles): Promise<readonly ConfigSource[]> {
  try {
    const names = await files.list(path);
    if (names === null) return [{ file: path, text: await files.read(path) }];
    const taken = names.filter((name) => /\.(hcl|json)$/.test(name)).sort();
    if (taken.length === 0) throw new Error('folder has no *.hcl or *.json');
    if (taken.length > FOLDER_FILES_MAX) throw new Error('folder has too many files');
    const sources: ConfigSource[] = [];
    for (const name of taken) {
      const file = join(path, name);
      sources.push({ file, text: await files.read(file) });
    }
    return sources;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    const message = `${path}: cannot read the configuration: ${reason}`;
    throw new ConfigError([{ file: path, line: 0, code: 'config-unreadable', message }]);
  }
}
