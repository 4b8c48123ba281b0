// Turns `key=value`, `key=@file`, `key=-`, `@file` and `-` into the data of a request. Must never echo a value.
import { readFileSync } from 'node:fs';
import { type ExactJson, isJsonObject, parseExactJson } from '@vouchsafe/client';
import { UsageError } from './flag.js';

/** Where `-` reads from. */
export type ReadStandardInput = () => Promise<string>;

/** A local file's text. @throws UsageError */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`cannot read file ${JSON.stringify(path)}: ${code}`);
  }
}

function parseObject(text: string, where: string): { readonly [key: string]: ExactJson } {
  let value: ExactJson;
  try {
    value = parseExactJson(text);
  } catch (error) {
    throw new UsageError(`${where}: ${error instanceof Error ? error.message : 'not valid JSON'}`);
  }
  if (!isJsonObject(value)) throw new UsageError(`${where}: want a JSON object`);
  return value;
}

async function readValue(text: string, readInput: ReadStandardInput): Promise<string> {
  if (text === '-') return readInput();
  if (text.startsWith('@')) return readTextFile(text.slice(1));
  return text.startsWith('\\@') ? text.slice(1) : text;
}

/** Reads standard input at most once. @throws UsageError the second time */
function once(readInput: ReadStandardInput): ReadStandardInput {
  let used = false;
  return () => {
    if (used) throw new UsageError('standard input can be read only once');
    used = true;
    return readInput();
  };
}

/**
 * Values are strings, whole JSON objects come from files and standard input; a key that is given twice becomes a
 * list. @throws UsageError naming the argument's position
 */
export async function parseKeyValues(
  args: readonly string[],
  readInput: ReadStandardInput,
): Promise<Record<string, ExactJson>> {
  const data = new Map<string, ExactJson>();
  const readOnce = once(readInput);
  const add = (key: string, value: string): void => {
    const old = data.get(key);
    if (old === undefined) data.set(key, value);
    else data.set(key, Array.isArray(old) ? [...old, value] : [old, value]);
  };
  for (const [index, arg] of args.entries()) {
    const where = `argument ${index + 1}`;
    if (arg === '-') {
      const object = parseObject(await readOnce(), 'standard input');
      for (const [key, value] of Object.entries(object)) data.set(key, value);
      continue;
    }
    if (arg.startsWith('@')) {
      const object = parseObject(readTextFile(arg.slice(1)), JSON.stringify(arg.slice(1)));
      for (const [key, value] of Object.entries(object)) data.set(key, value);
      continue;
    }
    const equals = arg.indexOf('=');
    if (equals < 1) {
      throw new UsageError(`${where}: want KEY=VALUE, @FILE, or - for standard input`);
    }
    add(arg.slice(0, equals), await readValue(arg.slice(equals + 1), readOnce));
  }
  return Object.fromEntries(data);
}
