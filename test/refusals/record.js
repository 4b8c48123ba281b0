// Lists the names of the verifier's tests without running any: a module that only keeps names stands in for node:test.
// Prints [file, full name] pairs as JSON. Run by refusals.test.js, in a process of its own.
import crypto from 'node:crypto';
import { readdirSync } from 'node:fs';
import { register, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { root } from '../../tools/setup.js';

const recorder = `
const suites = [];
const own = (args, type) => args.find((each) => typeof each === type);
const skipped = (args) => Boolean(args.find((each) => typeof each === 'object' && each !== null)?.skip);
export const describe = (...args) => {
  if (skipped(args)) return;
  suites.push(own(args, 'string'));
  own(args, 'function')();
  suites.pop();
};
export const test = (...args) => {
  globalThis.recordTest([...suites, own(args, 'string')].join(' > '));
};
export const it = test, suite = describe;
const nothing = () => {};
export const before = nothing, after = nothing, beforeEach = nothing, afterEach = nothing;
`;
const hooks = `export const resolve = (specifier, context, next) =>
  specifier === 'node:test'
    ? { url: ${JSON.stringify(`data:text/javascript,${encodeURIComponent(recorder)}`)}, shortCircuit: true }
    : next(specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

// Tables of tests make keys when they are read. Nobody uses them here, so one RSA key of a kind does for all.
const generate = crypto.generateKeyPairSync;
const made = new Map();
crypto.generateKeyPairSync = (type, options) => {
  if (!type.startsWith('rsa')) return generate(type, options);
  const kind = JSON.stringify([type, options]);
  if (!made.has(kind)) made.set(kind, generate(type, options));
  return made.get(kind);
};
syncBuiltinESMExports();

const found = [];
const folder = join(root, 'packages/verifier/dist');
const files = readdirSync(folder, { recursive: true })
  .map((file) => file.replaceAll('\\', '/'))
  .filter(
    (file) =>
      file.endsWith('.test.js') && process.argv.slice(2).some((own) => file.startsWith(own)),
  );
for (const file of files.sort()) {
  globalThis.recordTest = (name) => found.push([file, name]);
  await import(join(folder, file));
}
process.stdout.write(JSON.stringify(found));
