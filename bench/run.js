// Runs a benchmark by name, in a fresh clone too: `node bench/run.js throughput …`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from '../tools/setup.js';

const [name, ...rest] = process.argv.slice(2);
const names = ['throughput', 'memory', 'verifier'];
if (!names.includes(name)) {
  process.stderr.write(`usage: node bench/run.js ${names.join('|')} [options]\n`);
  process.exit(1);
}
setUp();
const file = join(root, 'bench', `${name}.js`);
const { status } = spawnSync(process.execPath, [file, ...rest], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
