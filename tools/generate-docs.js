// Writes the tables of docs/api.md and docs/cli.md from what the code declares: `npm run docs`. Between the markers
// `<!-- generated: NAME -->` and `<!-- end -->` nothing is written by hand; test/docs.test.js fails when it is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './setup.js';

const load = (path) => import(join(root, 'packages', path));

/** Enough of a storage view for a backend to declare its paths: whatever it looks for is there. */
const anyStorage = {
  get: async () => ({ value: Buffer.alloc(32), version: 1 }),
  getUnless: async () => 'unchanged',
  getMany: async (keys) => keys.map(() => null),
  list: async () => [],
  commit: async () => {},
};

/** Parts that are only used when a path is called, which nobody does here. */
const unused = new Proxy(() => {}, { get: () => unused });

function contextOf(type, options) {
  const mount = { path: '', uuid: '', accessor: '', type, options };
  return { storage: anyStorage, mount, log: () => {} };
}

async function backends() {
  const server = 'server/dist';
  const { systemBackend } = await load(`${server}/system/backend.js`);
  const { tokenBackend } = await load(`${server}/tokens/backend/backend.js`);
  const { identityBackend } = await load(`${server}/core/identity-backend.js`);
  const { createFactories } = await load(`${server}/startup/registries.js`);
  const { secret, auth } = createFactories({ trust: unused, serverEvidence: null });
  const make = async (map, type, options = {}) => await map.get(type)(contextOf(type, options));
  const named = [
    ['sys', 'sys/', systemBackend(unused)],
    ['token', 'auth/token/', tokenBackend(unused)],
    ['identity', 'identity/', identityBackend(unused)],
  ];
  for (const type of secret.keys()) {
    if (type === 'kv') continue;
    named.push([type, `${type}/`, await make(secret, type)]);
  }
  named.push(['kv version 2', 'secret/', await make(secret, 'kv', { version: '2' })]);
  named.push(['kv version 1', 'kv/', await make(secret, 'kv')]);
  for (const type of auth.keys()) named.push([type, `auth/${type}/`, await make(auth, type)]);
  return named;
}

const ORDER = ['create', 'read', 'update', 'patch', 'delete', 'list', 'scan'];

function accessOf(path) {
  if (path.whileSealed) return 'no token; also while sealed';
  if (path.unauthenticated) return 'no token';
  return path.sudo ? 'sudo' : '';
}

function pathTable(mount, { paths }) {
  const rows = paths.map((path) => {
    const operations = ORDER.filter((name) => path.operations.has(name)).join(', ');
    const summary = path.help.synopsis.replaceAll('|', '\\|');
    return `| \`${mount}${path.pattern}\` | ${operations} | ${accessOf(path)} | ${summary} |`;
  });
  return ['| path | operations | access | what |', '|---|---|---|---|', ...rows].join('\n');
}

async function commandTable() {
  const { commands } = await load('cli/dist/commands/registry.js');
  const rows = [];
  for (const [name, read] of commands) {
    const { summary, usage } = await read();
    rows.push(`| \`${name}\` | ${summary} | \`${usage.replaceAll('|', '\\|')}\` |`);
  }
  return ['| command | what | usage |', '|---|---|---|', ...rows].join('\n');
}

/** File to its generated sections, by name. */
export async function generatedSections() {
  const api = new Map();
  for (const [name, mount, backend] of await backends()) api.set(name, pathTable(mount, backend));
  return new Map([
    ['docs/api.md', api],
    ['docs/cli.md', new Map([['commands', await commandTable()]])],
  ]);
}

/** The text with every section filled in. @throws Error when text and sections do not name the same ones */
export function fillIn(text, sections) {
  const left = new Set(sections.keys());
  const pattern = /<!-- generated: (.+?) -->\n[\s\S]*?<!-- end -->/g;
  const filled = text.replace(pattern, (_, name) => {
    const section = sections.get(name);
    if (section === undefined) throw new Error(`section "${name}" is of nothing there is`);
    left.delete(name);
    return `<!-- generated: ${name} -->\n${section}\n<!-- end -->`;
  });
  if (left.size > 0) throw new Error(`no section for: ${[...left].join(', ')}`);
  return filled;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [file, sections] of await generatedSections()) {
    const path = join(root, file);
    writeFileSync(path, fillIn(readFileSync(path, 'utf8'), sections));
  }
}
