// The house rules that a machine can check. Pure functions over {path, text} pairs, so that tools/tidy.test.js can
// plant a violation of each.

/** Lines of a source file, and of a test. */
const LINES_MAX = 400;
const TEST_LINES_MAX = 450;
const FORBIDDEN_NAMES = /(^|\/)(utils?|helpers?|common|lib|shared|misc)(\/|\.[jt]s$)/;

/** Which package may import which, and which third-party modules each may use at run time. */
const PACKAGES = {
  verifier: { packages: [], modules: [], node: ['node:crypto', 'node:buffer'] },
  client: { packages: [], modules: [], node: null },
  server: { packages: ['@vouchsafe/verifier'], modules: ['classic-level', 'koffi'], node: null },
  shim: { packages: ['@vouchsafe/client', '@vouchsafe/verifier'], modules: [], node: null },
  cli: {
    packages: ['@vouchsafe/client', '@vouchsafe/verifier', '@vouchsafe/server', '@vouchsafe/shim'],
    modules: [],
    node: null,
  },
};

/** Rooms of the server, and what each may import. A room may always import itself. */
const SERVER_ROOMS = {
  framework: [],
  hcl: ['framework'],
  'secret-memory': [],
  storage: ['framework'],
  barrier: ['framework', 'storage', 'secret-memory'],
  seal: ['framework', 'barrier', 'storage', 'secret-memory'],
  policy: ['framework', 'hcl'],
  audit: ['framework'],
  leases: ['framework'],
  tokens: ['framework'],
  config: ['framework', 'hcl'],
  endorsements: ['framework', 'verifier'],
  engines: ['framework'],
  auth: ['framework'],
  core: ['framework', 'tokens', 'leases', 'policy', 'audit', 'barrier', 'seal', 'storage'],
  system: [
    'framework',
    'core',
    'tokens',
    'leases',
    'policy',
    'audit',
    'barrier',
    'seal',
    'storage',
    'hcl',
  ],
  http: ['framework', 'core'],
};

/** Rooms of the verifier, from the ground up: a room may import those of a lower row. */
const VERIFIER_ROOMS = [
  ['encoding'],
  ['pki', 'cose'],
  ['jose'],
  ['eventlog', 'rules'],
  ['dcap', 'results'],
  ['sgx', 'tdx', 'snp', 'nitro', 'tpm', 'nvidia-gpu', 'tokens'],
  ['azure'],
  ['appraise'],
  ['corim', 'envelopes', 'measure', 'reference-values'],
  ['composite'],
];

const isTest = (path) => /\.test\.[jt]s$|\/conformance\.ts$|\/testing\//.test(path);
const isSource = (path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path);

function importsOf(text) {
  const found = [];
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;
  for (const match of text.matchAll(pattern)) found.push(match[1] ?? match[2]);
  return found;
}

function resolveRelative(from, target) {
  const parts = from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/\.js$/, '.ts');
}

function serverRoom(path) {
  const rest = /^packages\/server\/src\/(.+)$/.exec(path)?.[1];
  if (rest === undefined) return null;
  if (!rest.includes('/') || rest.startsWith('startup/')) return 'main';
  return rest.split('/')[0];
}

/** Null for files outside of the verifier's rooms: its doors and what all rooms share. */
function verifierRoom(path) {
  return /^packages\/verifier\/src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

function checkVerifierRooms(path, target) {
  const [from, to] = [verifierRoom(path), verifierRoom(target)];
  if (from === null || to === null || from === to) return null;
  const heightOf = (room) => VERIFIER_ROOMS.findIndex((rooms) => rooms.includes(room));
  if (heightOf(from) < 0) return ` (room "${from}" is not in the table of tools/tidy.js)`;
  const isBelow = heightOf(to) >= 0 && heightOf(to) < heightOf(from);
  return isBelow ? null : ` (${from} does not look at ${to})`;
}

/** Folder of an engine or auth method: these never import each other. */
function mountedRoom(path) {
  return /^packages\/server\/src\/((?:engines|auth)\/[^/]+)\//.exec(path)?.[1] ?? null;
}

export function checkLength({ path, text }) {
  const lines = text.split('\n').length - 1;
  const max = isTest(path) ? TEST_LINES_MAX : LINES_MAX;
  return lines > max ? [`${path}: ${lines} lines, want at most ${max}`] : [];
}

export function checkName({ path }) {
  return FORBIDDEN_NAMES.test(path) ? [`${path}: name the concept instead`] : [];
}

export function checkWords({ path, text }) {
  const faults = [];
  text.split('\n').forEach((line, index) => {
    if (/\bTODO\b(?!\(#\d+\))/.test(line))
      faults.push(`${path}:${index + 1}: a to-do needs an issue`);
    if (/^(<{7}|={7}|>{7})( |$)/.test(line)) faults.push(`${path}:${index + 1}: merge conflict`);
    if (line.includes(`/${'work'}/`)) faults.push(`${path}:${index + 1}: path of one machine`);
    if (/\b(it|test|describe)\.(only|todo)\(/.test(line)) {
      faults.push(`${path}:${index + 1}: a test that is switched off, or switches others off`);
    }
  });
  return faults;
}

export function checkOpening({ path, text }) {
  if (!isSource(path) || isTest(path) || text.trim() === 'export {};') return [];
  return /^(#!.*\n)?\/[/*]/.test(text) ? [] : [`${path}: opens without saying what it is for`];
}

export function checkImports({ path, text }) {
  const name = /^packages\/([^/]+)\/src\//.exec(path)?.[1];
  const rules = PACKAGES[name];
  if (rules === undefined || isTest(path)) return [];
  const faults = [];
  for (const target of importsOf(text)) {
    const fault = target.startsWith('.')
      ? checkRelative(path, resolveRelative(path, target), name)
      : checkBare(path, target, rules);
    if (fault !== null) faults.push(`${path}: may not import ${target}${fault}`);
  }
  return faults;
}

function checkBare(path, target, rules) {
  if (target.startsWith('node:')) {
    return rules.node === null || rules.node.includes(target) ? null : ' (no platform here)';
  }
  const segments = target.split('/');
  const module = target.startsWith('@') ? segments.slice(0, 2).join('/') : segments[0];
  if (rules.modules.includes(module)) return null;
  if (!rules.packages.includes(module)) return '';
  const room = serverRoom(path);
  if (room === null || room === 'main') return null;
  const may = room === 'endorsements' || mountedRoom(path) === 'auth/attest';
  return may ? null : ' (only auth/attest and endorsements know the verifier)';
}

function checkRelative(path, target, name) {
  if (!target.startsWith(`packages/${name}/src/`)) return ' (another package by path)';
  if (name === 'verifier') return checkVerifierRooms(path, target);
  const from = serverRoom(path);
  const to = serverRoom(target);
  if (from === null || from === 'main' || from === to) {
    const here = mountedRoom(path);
    const there = mountedRoom(target);
    return here !== null && there !== null && here !== there ? ' (another mount type)' : null;
  }
  if (to === 'main') return ' (upward)';
  if (mountedRoom(path) === 'auth/attest' && to === 'endorsements') return null;
  const allowed = SERVER_ROOMS[from];
  if (allowed === undefined) return ` (room "${from}" is not in the table of tools/tidy.js)`;
  return allowed.includes(to) ? null : ` (${from} does not look at ${to})`;
}

/** Source files that nothing but tests imports. `entries` are the doors of the packages. */
export function checkDead(files, entries) {
  const reached = new Set(entries);
  for (const { path, text } of files) {
    if (!/\.[jt]s$/.test(path) || isTest(path)) continue;
    for (const target of importsOf(text)) {
      if (target.startsWith('.')) reached.add(resolveRelative(path, target));
    }
  }
  return files
    .filter(({ path }) => isSource(path) && !isTest(path) && !reached.has(path))
    .map(({ path }) => `${path}: nothing imports it`);
}

export const perFileChecks = [checkLength, checkName, checkWords, checkOpening, checkImports];
