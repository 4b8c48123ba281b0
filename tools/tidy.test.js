// Applies the house rules to every file that git knows, and plants one violation of each to show that it is seen.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as tidy from './tidy.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const DOORS = [
  'packages/verifier/src/index.ts',
  'packages/verifier/src/provider-node.ts',
  'packages/client/src/index.ts',
  'packages/client/src/node/index.ts',
  'packages/server/src/main.ts',
  'packages/shim/src/index.ts',
  'packages/cli/src/main.ts',
];

function filesOfTheTree() {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root });
  return listed
    .toString()
    .split('\n')
    .filter((path) => /\.(ts|js|json|md|sh|yml|hcl)$|^\.ci\//.test(path))
    .filter((path) => path !== 'package-lock.json' && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

test('every file keeps the house rules', () => {
  const files = filesOfTheTree();
  assert.ok(files.length > 20, 'found too few files to be the whole tree');
  const code = files.filter(({ path }) => /\.[jt]s$/.test(path));
  const faults = code.flatMap((file) => tidy.perFileChecks.flatMap((check) => check(file)));
  faults.push(...files.filter((file) => !code.includes(file)).flatMap(tidy.checkWords));
  faults.push(...tidy.checkDead(code, DOORS));
  assert.deepEqual(faults, []);
});

const HTTP = 'packages/server/src/http/a.ts';
const KV = 'packages/server/src/engines/kv/a.ts';
const planted = [
  ['a source file of 401 lines', tidy.checkLength, HTTP, '\n'.repeat(401)],
  ['a test of 451 lines', tidy.checkLength, 'packages/a/src/a.test.ts', '\n'.repeat(451)],
  ['a room named utils', tidy.checkName, 'packages/server/src/utils/a.ts', ''],
  ['a file named helpers', tidy.checkName, 'packages/server/src/http/helpers.ts', ''],
  ['a bare to-do', tidy.checkWords, HTTP, `// ${'TO'}DO later`],
  ['a merge left half done', tidy.checkWords, 'docs/a.md', `${'<'.repeat(7)} HEAD`],
  ['a path of one machine', tidy.checkWords, 'docs/a.md', `see /${'work'}/main`],
  ['a test that silences others', tidy.checkWords, 'a.test.ts', `test.${'only'}('x')`],
  ['a file that does not say what it is for', tidy.checkOpening, HTTP, 'const a = 1;'],
  ['a module nobody agreed to', tidy.checkImports, HTTP, "import x from 'fastify';"],
  [
    'the verifier touching files',
    tidy.checkImports,
    'packages/verifier/src/a.ts',
    "import 'node:fs';",
  ],
  [
    'the framework looking up',
    tidy.checkImports,
    'packages/server/src/framework/a.ts',
    "import '../core/b.js';",
  ],
  ['an engine looking at core', tidy.checkImports, KV, "import { x } from '../../core/b.js';"],
  ['an engine looking at another', tidy.checkImports, KV, "import { x } from '../cubbyhole/b.js';"],
  [
    'userpass knowing the verifier',
    tidy.checkImports,
    'packages/server/src/auth/userpass/a.ts',
    "import { x } from '@vouchsafe/verifier';",
  ],
  ['http reaching storage', tidy.checkImports, HTTP, "import type { x } from '../storage/b.js';"],
  [
    'the shim importing the server',
    tidy.checkImports,
    'packages/shim/src/a.ts',
    "import { x } from '@vouchsafe/server';",
  ],
  [
    'a package reached by its path',
    tidy.checkImports,
    'packages/shim/src/a.ts',
    "import '../../client/src/b.js';",
  ],
  [
    'a room without a row in the table',
    tidy.checkImports,
    'packages/server/src/attic/a.ts',
    "import '../framework/b.js';",
  ],
  [
    'an evidence format looking at another',
    tidy.checkImports,
    'packages/verifier/src/sgx/a.ts',
    "import { x } from '../snp/b.js';",
  ],
  [
    'the rules of policies looking up at appraisal',
    tidy.checkImports,
    'packages/verifier/src/rules/a.ts',
    "import { x } from '../appraise/b.js';",
  ],
  [
    'chains of certificates looking up at tokens',
    tidy.checkImports,
    'packages/verifier/src/pki/a.ts',
    "import type { x } from '../jose/b.js';",
  ],
  [
    'a room of the verifier without a row in the table',
    tidy.checkImports,
    'packages/verifier/src/attic/a.ts',
    "import { x } from '../encoding/b.js';",
  ],
];
for (const [name, check, path, text] of planted) {
  test(`sees ${name}`, () => assert.equal(check({ path, text }).length, 1));
}

test('sees a file that nothing imports', () => {
  const files = [{ path: HTTP, text: '' }];
  assert.equal(tidy.checkDead(files, []).length, 1);
  assert.deepEqual(tidy.checkDead(files, [HTTP]), []);
  const onlyTested = { path: 'packages/server/src/http/a.test.ts', text: "import './a.js';" };
  assert.equal(tidy.checkDead([...files, onlyTested], []).length, 1);
});

const allowed = [
  ['http importing core', HTTP, "import type { x } from '../core/b.js';"],
  [
    'attest knowing the verifier',
    'packages/server/src/auth/attest/a.ts',
    "import { x } from '@vouchsafe/verifier';",
  ],
  ['an engine importing the framework', KV, "import { x } from '../../framework/b.js';"],
];
for (const [name, path, text] of allowed) {
  test(`allows ${name}`, () => assert.deepEqual(tidy.checkImports({ path, text }), []));
}
