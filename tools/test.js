// `npm test`: sets up a fresh clone, lints, then runs every suite with node:test. Arguments narrow it to suites whose
// path holds one of them: `npm test -- kv barrier`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, setUp } from './setup.js';

function findTests(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes('node_modules'));
}

/** A compiled test whose source is gone must not go on passing. */
function hasSource(file) {
  const source = file.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
  return source === file.replace(/\.js$/, '.ts') || existsSync(source);
}

setUp();
const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
const lint = spawnSync(process.execPath, [biome, 'check', '.'], { cwd: root, stdio: 'inherit' });
if (lint.status !== 0) process.exit(1);

const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'dist'));
const wanted = process.argv.slice(2);
const files = [...packages, 'tools', 'test']
  .flatMap((folder) => findTests(join(root, folder)))
  .filter(hasSource)
  .map((file) => relative(root, file))
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
  .sort();
if (files.length === 0) {
  process.stderr.write('no suite matches\n');
  process.exit(1);
}
const result = spawnSync(process.execPath, ['--test', '--test-reporter=spec', ...files], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
