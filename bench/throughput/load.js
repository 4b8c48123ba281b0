// Runs wrk on a core of its own, and reads what it says.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), 'request.lua');
const UNIT_MS = { us: 1e-3, ms: 1, s: 1e3, m: 6e4 };

function latencyMs(output, percentile) {
  const found = new RegExp(`^\\s+${percentile}%\\s+([\\d.]+)(us|ms|s|m)$`, 'm').exec(output);
  return found === null ? Number.NaN : Number(found[1]) * UNIT_MS[found[2]];
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']));

/** Seconds of processor time that a process has used, all of its threads together. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

const IDLE_SHARE = 0.05;
const IDLE_LOOK_MS = 250;
const IDLE_LOOKS_MAX = 80;

/**
 * Waits, 20 seconds at most, until a server has finished what it does behind its answers: on the one core that all servers
 * share, storage that tidies up would be taken for slowness of the next one.
 */
export async function untilIdle({ pid }) {
  for (let left = IDLE_LOOKS_MAX; left > 0; left -= 1) {
    const before = cpuSeconds(pid);
    await new Promise((resolve) => setTimeout(resolve, IDLE_LOOK_MS));
    if (cpuSeconds(pid) - before < (IDLE_SHARE * IDLE_LOOK_MS) / 1000) return;
  }
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${command}: ${output}`)),
    );
  });
}

/**
 * Requests per second, latencies in milliseconds, and the server's processor time per request in microseconds, which
 * says more than the rate where other programs use the same machine. `request`: `{method, path, keys, token, body}`.
 * @throws Error when any answer is an error: those are fast, and would look good
 */
export async function runWrk({ url, pid }, request, { seconds, connections, core }) {
  const { method, path, keys = 0, token = '', body = '' } = request;
  const cpuBefore = cpuSeconds(pid);
  const output = await run('taskset', [
    ...['-c', String(core), 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency'],
    ...['-s', SCRIPT, url, '--', method, path, String(keys), token, body],
  ]);
  const cpuUsed = cpuSeconds(pid) - cpuBefore;
  const faults = /^\s*(Non-2xx.*|Socket errors.*)$/m.exec(output);
  if (faults !== null) throw new Error(`${method} ${path}: ${faults[1]}`);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(output);
  if (rate === null) throw new Error(`wrk said: ${output}`);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  return {
    perSecond: Number(rate[1]),
    p50Ms: latencyMs(output, 50),
    p99Ms: latencyMs(output, 99),
    cpuMicros: (cpuUsed / requests) * 1e6,
  };
}
