// The verifier as a package of its own: the examples of its README are run, on minted evidence in the place of genuine
// one; it packs what it should and no more; and every import that it offers leads somewhere.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../tools/setup.js';
import { examples } from './verifier-package/examples.js';

const folder = join(root, 'packages/verifier');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');
const blocks = new Map(
  [...readme.matchAll(/<!-- example: (\w+) -->\n```js\n([\s\S]*?)```/g)].map(([, name, code]) => [
    name,
    code,
  ]),
);

// Where the workspace's own packages are found by name.
mkdirSync(join(root, 'tmp'), { recursive: true });
const scratch = mkdtempSync(join(root, 'tmp/examples-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/**
 * Runs a block as it stands, in a function whose parameters are what the reader would have: they also stand before
 * imports of the same name, so that a pinned root can be that of a software CA.
 */
async function run(name, given, wanted) {
  const imports = [];
  const body = blocks.get(name).replace(/^import [\s\S]*?;\n/gm, (statement) => {
    imports.push(statement);
    return '';
  });
  const module = `${imports.join('')}
export const run = async ({ ${Object.keys(given).join(', ')} }) => {
${body}
return { ${wanted.join(', ')} };
};`;
  const path = join(scratch, `${name}.mjs`);
  writeFileSync(path, module);
  const example = await import(pathToFileURL(path).href);
  return await example.run({ console: { log: () => {} }, ...given });
}

describe('the README', () => {
  test('has no code that is not an example of a name, and each is run', () => {
    assert.equal([...readme.matchAll(/^```(?:js|ts)$/gm)].length, blocks.size);
    assert.deepEqual([...blocks.keys()].sort(), Object.keys(examples).sort());
  });

  for (const [name, { given, wanted, check, spoiled, code }] of Object.entries(examples)) {
    test(`its example "${name}" does what it says`, async () => {
      check(await run(name, await given(), wanted));
    });

    test(`its example "${name}" fails when the evidence is bad`, async () => {
      await assert.rejects(run(name, { ...(await given()), ...(await spoiled()) }, wanted), code);
    });
  }
});

function packedFiles() {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const options = { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] };
  const [packed] = JSON.parse(execFileSync('npm', args, options).toString());
  return packed.files.map(({ path }) => path).sort();
}

describe('the package', () => {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = packedFiles();

  test('holds code, types and its documents, and nothing else', () => {
    assert.deepEqual(
      files.filter((path) => !path.startsWith('dist/')),
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'],
    );
    const others = files.filter((path) => path.startsWith('dist/') && !/\.(js|d\.ts)$/.test(path));
    assert.deepEqual(others, []);
    assert.deepEqual(
      files.filter((path) => /\.test\./.test(path)),
      [],
    );
  });

  test('holds every module of the sources that is no test', () => {
    const sources = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'src/*.ts'], {
      cwd: folder,
    })
      .toString()
      .split('\n')
      .filter(
        (path) => /\.ts$/.test(path) && !/\.test\.ts$/.test(path) && existsSync(join(folder, path)),
      )
      .map((path) => path.replace(/^src/, 'dist').replace(/\.ts$/, '.js'));
    assert.ok(sources.length > 100);
    assert.deepEqual(
      sources.filter((path) => !files.includes(path)),
      [],
    );
  });

  test('offers imports that are in it, and depends on nothing', () => {
    for (const target of Object.values(manifest.exports)) {
      for (const path of typeof target === 'string' ? [target] : Object.values(target)) {
        assert.ok(files.includes(path.replace('./', '')), path);
      }
    }
    assert.equal(manifest.dependencies, undefined);
    assert.equal(manifest.peerDependencies, undefined);
  });

  test('has the licence of the repository', () => {
    const read = (path) => readFileSync(join(root, path), 'utf8');
    assert.equal(read('packages/verifier/LICENSE'), read('LICENSE'));
  });

  test('exports every type that its public declarations name', () => {
    assert.deepEqual(forgottenTypes(files.filter((path) => path.endsWith('.d.ts'))), []);
  });
});

/** Types of one module's own that only the code that lists formats needs. */
const ofTheRegistry = ['EvidenceVerifier'];

/** "Type in module" for each that a public declaration speaks of and the main import does not have. */
function forgottenTypes(declarations) {
  const declared = new Map();
  for (const path of declarations.filter((each) => !each.startsWith('dist/testing/'))) {
    const text = readFileSync(join(folder, path), 'utf8').replace(/\/\*\*[\s\S]*?\*\//g, '');
    const pattern =
      /^export (?:declare )?(?:interface|type|class|function|const) (\w+)([\s\S]*?)(?=^export |(?![\s\S]))/gm;
    for (const [, name, body] of text.matchAll(pattern)) declared.set(`${name} in ${path}`, body);
  }
  const index = readFileSync(join(folder, 'dist/index.d.ts'), 'utf8');
  const exported = [...index.matchAll(/export (?:type )?\{([^}]*)\} from '\.\/([^']+)\.js'/g)]
    .flatMap(([, names, module]) => names.split(',').map((name) => [name.trim(), module]))
    .filter(([name]) => name !== '')
    .map(([name, module]) => `${name.replace(/^type /, '')} in dist/${module}.d.ts`);
  assert.ok(exported.length > 150);
  const names = new Set(exported.map((each) => each.split(' ')[0]));
  const known = new Set([...declared.keys()].map((each) => each.split(' ')[0]));
  const forgotten = exported.flatMap((each) =>
    [...declared.get(each).matchAll(/\b[A-Z]\w+\b/g)]
      .map(([name]) => name)
      .filter((name) => known.has(name) && !names.has(name) && !ofTheRegistry.includes(name)),
  );
  return [...new Set(forgotten)];
}
