// The real programs of the demonstration as child processes: the server, the shim, the command.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { root } from '../setup.js';

export const COMMAND = join(root, 'packages', 'cli', 'bin', 'vouchsafe.js');
const START_MS_MAX = 20_000;

/** The wished port, or another free one when it is taken. */
export async function freePort(wished) {
  for (const port of [wished, 0]) {
    const found = await new Promise((resolve) => {
      const probe = createServer();
      probe.on('error', () => resolve(null));
      probe.listen(port, '127.0.0.1', () => {
        const { port: bound } = probe.address();
        probe.close(() => resolve(bound));
      });
    });
    if (found !== null) return found;
  }
  throw new Error('no free port on 127.0.0.1');
}

/** Starts the server and waits until it says where it listens. Rejects with its own words when it does not. */
export function startServer(flags, env) {
  const child = spawn(process.execPath, [COMMAND, 'server', ...flags], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail('did not start in time'), START_MS_MAX);
    const fail = (why) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`the server ${why}:\n${output}`));
    };
    const onData = (part) => {
      output += part.toString();
      if (/listens on/.test(output)) {
        clearTimeout(timer);
        resolve(child);
      }
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    child.on('exit', (code) => fail(`ended with ${code}`));
  });
}

/** Runs the command to its end. @returns exit code and what it wrote, both streams together in order */
export function run(args, env, onLine = () => undefined) {
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let rest = '';
  const onData = (part) => {
    output += part.toString();
    const lines = (rest + part.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
  child.stdout.on('data', onData);
  child.stderr.on('data', onData);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      if (rest !== '') onLine(rest);
      resolve({ code: code ?? 1, output });
    });
  });
}
