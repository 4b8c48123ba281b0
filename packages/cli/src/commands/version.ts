// `version`: which build this is. Tools take the second word, so its form must stay.
import { readFileSync } from 'node:fs';
import { isJsonObject, parseExactJson } from '@vouchsafe/client';
import { command } from './command.js';

/** From the package this file is part of. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const manifest = parseExactJson(text);
  return isJsonObject(manifest) ? String(manifest.version) : '0.0.0';
}

export const version = command({
  usage: 'version',
  summary: 'Print the version',
  details: 'Prints the version of this program, and of the Node it runs on.',
  examples: [['', 'version']],
  flags: {},
  arguments: [0, 0],
  server: false,
  async run(context) {
    context.line(`Vouchsafe v${readVersion()} (node ${process.version})`);
    return 0;
  },
});
