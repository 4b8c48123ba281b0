// Documents are true of the code: links lead somewhere, paths exist, commands and configuration keys are known.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fillIn, generatedSections } from '../tools/generate-docs.js';
import { root } from '../tools/setup.js';

const load = (path) => import(join(root, 'packages', path));
const { commands } = await load('cli/dist/commands/registry.js');
const { UsageError } = await load('cli/dist/arguments/flag.js');
const { parseArguments } = await load('cli/dist/arguments/parse-arguments.js');
const { connectionFlags, fieldFlag, formatFlag } = await load('cli/dist/session/options.js');
const { parseServerConfig } = await load('server/dist/config/parse.js');

const read = (path) => readFileSync(join(root, path), 'utf8');
const documents = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: root,
})
  .toString()
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));

/** As a web page of the repository names the heading. */
function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

function anchorsOf(text) {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1]));
}

function brokenLinks(path, text) {
  const broken = [];
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file, anchor] = target.split('#');
    const found = file === '' ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(root, found))) broken.push(`${path}: ${target}`);
    else if (anchor && !anchorsOf(read(found)).includes(anchor)) broken.push(`${path}: ${target}`);
  }
  return broken;
}

test('every relative link leads to a file and a heading that exist', () => {
  assert.ok(documents.length > 10, 'found too few documents');
  assert.deepEqual(
    documents.flatMap((path) => brokenLinks(path, read(path))),
    [],
  );
});

test('sees a link to nowhere and to a missing heading', () => {
  assert.equal(brokenLinks('README.md', '[a](docs/none.md) [b](README.md#none)').length, 2);
  assert.deepEqual(brokenLinks('README.md', '[a](https://example.org) [b](docs/cli.md)'), []);
});

const PLACES = ['', 'packages/server/src/'];
/** Mounts of the API, and patterns for names to choose. */
const NO_PATH = /^(sys|secret|auth\/[a-z]+)\/$|NAME|NNNN/;

/** Paths in backticks: files by their ending, rooms by their slash, whole paths by their first folder. */
function missingPaths(text) {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/`([\w.@-]+(?:\/[\w.@-]+)*\/?)`/g)]
    .map((match) => match[1])
    .filter(
      (path) =>
        /\/.*\.(ts|js|json|md)$/.test(path) ||
        /^[a-z][a-z-]*\/$/.test(path) ||
        /^(packages|docs|tools|bench|test)\//.test(path),
    )
    .filter((path) => !NO_PATH.test(path))
    .filter((path) => !PLACES.some((place) => existsSync(join(root, place, path))));
}

/** Rows of the storage layout name keys below a prefix, not rooms. */
function withoutStorageLayout(text) {
  return text.replace(/^\| prefix \|[\s\S]*?\n\n/m, '');
}

const withPaths = documents.filter((path) => /^docs\/|^SECURITY|^CONTRIBUTING/.test(path));
for (const path of withPaths) {
  test(`every path named in ${path} exists`, () => {
    assert.deepEqual(missingPaths(withoutStorageLayout(read(path))), []);
  });
}

test('sees a path that does not exist', () => {
  assert.deepEqual(missingPaths('`core/none.ts` `nowhere/` `core/core.ts` `core/`'), [
    'core/none.ts',
    'nowhere/',
  ]);
});

/** Splits what a shell would split; good enough for the plain commands of a document. */
function wordsOf(line) {
  const words = line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
}

/** Command lines: in code blocks for the shell, and in backticks. */
function commandLines(text) {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block]) =>
    block.split('\n'),
  );
  const inline = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`]+)`/g)].map(
    (match) => match[1],
  );
  return [...blocks, ...inline].flatMap((line) =>
    [...line.matchAll(/(?:^|[\s(])vouchsafe (?!v\d)([^|;#)]*)/g)].map((match) => match[1].trim()),
  );
}

async function faultOf(line) {
  const words = wordsOf(line.replace(/&&.*$/, ''));
  if (words[0] === '-help' || words[0] === 'COMMAND') return null;
  for (let count = Math.min(3, words.length); count > 0; count -= 1) {
    const found = commands.find(([name]) => name === words.slice(0, count).join(' '));
    if (found === undefined) continue;
    const command = await found[1]();
    const flags = { ...connectionFlags, format: formatFlag, field: fieldFlag, ...command.flags };
    const { stopAtFirstArgument = false } = command;
    try {
      parseArguments(flags, words.slice(count), { stopAtFirstArgument });
      return null;
    } catch (error) {
      if (error instanceof UsageError) return error.message;
      throw error;
    }
  }
  return commands.some(([name]) => name.startsWith(`${words[0]} `)) ? null : 'unknown command';
}

for (const path of documents) {
  test(`every command shown in ${path} is known, with its flags`, async () => {
    const faults = [];
    for (const line of commandLines(read(path))) {
      const fault = await faultOf(line);
      if (fault !== null) faults.push(`vouchsafe ${line}: ${fault}`);
    }
    assert.deepEqual(faults, []);
  });
}

test('sees unknown commands and flags, and reads those of the README', async () => {
  assert.equal(await faultOf('frobnicate x'), 'unknown command');
  assert.equal(await faultOf('kv get -versoin=1 secret/x'), 'unknown flag: -versoin');
  assert.equal(await faultOf('kv get -version=1 secret/x'), null);
  assert.ok(commandLines(read('README.md')).length > 15);
});

/** Documented keys by the stanza they stand in, `%` being where the key goes. */
function documentedKeys(text) {
  const tables = text.matchAll(/<!-- keys: (.+?) -->\n\n((?:\|.*\n)+)/g);
  return [...tables].map(([, stanza, table]) => [
    stanza,
    table
      .split('\n')
      .slice(2)
      .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)])
      .map((match) => match[1]),
  ]);
}

function isKnown(stanza, key) {
  try {
    parseServerConfig([{ file: 'a', text: stanza.replace('%', `${key} = 1`) }], { dev: true });
    return true;
  } catch (error) {
    return !error.problems.some((problem) => problem.code === 'config-unknown-key');
  }
}

test('every documented configuration key is known to the parser', () => {
  const documented = documentedKeys(read('docs/configuration.md'));
  assert.equal(documented.length, 8);
  for (const [stanza, keys] of documented) {
    assert.ok(keys.length > 0, `no keys for ${stanza}`);
    assert.deepEqual(
      keys.filter((key) => !isKnown(stanza, key)),
      [],
      stanza,
    );
    assert.equal(isKnown(stanza, 'no_such_key'), false, stanza);
  }
});

/** Every key that the parser asks for or ignores, from its text: a new key has to be documented. */
function keysOfParser() {
  const found = new Set();
  for (const file of ['parse.ts', 'listener.ts', 'trusted-issuer.ts']) {
    const text = read(`packages/server/src/config/${file}`);
    const asked =
      /\.(?:string|strings|boolean|integer|durationSeconds|stringMap|word|parsed|blocks|inner|items)\(\s*'(\w+)'/g;
    for (const [, key] of text.matchAll(asked)) found.add(key);
    for (const [, key] of text.matchAll(/positiveSeconds\(stanza, '(\w+)'/g)) found.add(key);
    for (const [, table] of text.matchAll(/IGNORED\w*: IgnoredKeys = \{\n([\s\S]*?)\n\}/g)) {
      for (const [, key] of table.matchAll(/^\s+(\w+):/gm)) found.add(key);
    }
    const raft = /IGNORED_RAFT[\s\S]*?\]\.map/.exec(text)?.[0] ?? '';
    for (const [, key] of raft.matchAll(/'(\w+)'/g)) found.add(key);
  }
  return [...found];
}

test('every configuration key that the parser knows is documented', () => {
  const text = read('docs/configuration.md');
  const keys = keysOfParser();
  assert.ok(keys.length > 80, 'found too few keys in the parser');
  assert.deepEqual(
    keys.filter((key) => !text.includes(`\`${key}\``)),
    [],
  );
});

test('every variable that the configuration reads is documented', () => {
  const text = read('docs/configuration.md');
  const reader = read('packages/server/src/config/load.ts');
  const asked = reader.matchAll(/^ {2}([A-Z_]+): '|findVariable\([\w.]+, '([A-Z_]+)'/gm);
  const names = [...asked].map(([, listed, single]) => listed ?? single);
  assert.ok(names.length > 4);
  assert.deepEqual(
    names.filter((name) => !text.includes(`\`VOUCHSAFE_${name}\``)),
    [],
  );
});

test('every dependency is described, with its version', () => {
  const text = read('docs/dependencies.md');
  const folders = [
    '.',
    ...['verifier', 'client', 'server', 'shim', 'cli'].map((n) => `packages/${n}`),
  ];
  const wanted = folders.flatMap((folder) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(`${folder}/package.json`));
    return Object.entries({ ...dependencies, ...devDependencies });
  });
  const outside = wanted.filter(([name]) => !name.startsWith('@vouchsafe/'));
  assert.ok(outside.length > 5);
  assert.deepEqual(
    outside.filter(([name, version]) => !text.includes(`${name} ${version}`)),
    [],
  );
});

for (const [path, sections] of await generatedSections()) {
  test(`the tables of ${path} are those of the code (npm run docs)`, () => {
    assert.equal(read(path), fillIn(read(path), sections));
  });
}
