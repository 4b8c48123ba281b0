// How fast, next to a bare server of the same runtime on the same machine, in the same run. Server and load have one
// core each; file audit is on; writes are durable.
//
//   npm run bench [-- --seconds=5 --rounds=3 --connections=32 --only=kv --no-tls --no-audit --peer=PATH --json]
//
// --peer takes an OpenBao program and sends it the same requests (bench/README.md). --node-flag=--cpu-prof hands a flag to our server.
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasProgram } from '../test/harness/requirements.js';
import { makeTemporaryFolder, removeFolder } from '../test/harness/server-process.js';
import { attestedLogins } from './throughput/attested-login.js';
import { runWrk, untilIdle } from './throughput/load.js';
import { startHello, startPeer, startVouchsafe } from './throughput/processes.js';
import { REQUESTS, rehearse } from './throughput/rehearsal.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', default: '' },
    'no-tls': { type: 'boolean', default: false },
    'no-audit': { type: 'boolean', default: false },
    peer: { type: 'string' },
    json: { type: 'boolean', default: false },
    'node-flag': { type: 'string', multiple: true, default: [] },
  },
});

const say = (text) => process.stderr.write(`${text}\n`);

function median(runs) {
  const sorted = [...runs].sort((a, b) => a.perSecond - b.perSecond);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Rounds go around all targets, so that what else the machine does hits all of them alike. */
async function measureScheme(targets, load, rounds) {
  const runs = new Map();
  const add = (target, name, run) => {
    const key = `${target.name}\t${name}`;
    runs.set(key, [...(runs.get(key) ?? []), run]);
  };
  const requests = REQUESTS.filter(({ name }) => name.includes(values.only));
  for (let round = 0; round < rounds; round += 1) {
    for (const target of targets) {
      if (target.isBaseline) {
        add(target, 'hello', await runWrk(target, { method: 'GET', path: '/' }, load));
        continue;
      }
      for (const request of requests) {
        const token = request.isAuthorised ? target.token : '';
        add(target, request.name, await runWrk(target, { ...request, token }, load));
        await untilIdle(target);
      }
    }
  }
  return [...runs].map(([key, all]) => {
    const [target, name] = key.split('\t');
    return { target, name, ...median(all) };
  });
}

async function startTargets({ folder, tls, core }) {
  const audit = !values['no-audit'];
  const within = (name) => ({ folder: join(folder, name), tls, core, audit });
  const started = [];
  const add = async (name, isBaseline, start) =>
    started.push({ name, isBaseline, ...(await start()) });
  const ours = { ...within('vouchsafe'), nodeFlags: values['node-flag'] };
  try {
    await add('vouchsafe', false, () => startVouchsafe(ours));
    await add('node', true, () => startHello({ ...within('vouchsafe') }));
    if (values.peer !== undefined) {
      const peer = { ...within('peer'), program: values.peer };
      await add('peer', false, () => startPeer(peer));
    }
    return started;
  } catch (error) {
    for (const target of started) await target.stop();
    throw error;
  }
}

async function measure(tls) {
  const folder = makeTemporaryFolder('throughput');
  const [serverCore, loadCore] = cpus().length > 1 ? [0, 1] : [0, 0];
  const load = {
    seconds: Number(values.seconds),
    connections: Number(values.connections),
    core: loadCore,
  };
  try {
    const targets = await startTargets({ folder, tls, core: serverCore });
    try {
      for (const target of targets) {
        if (target.isBaseline) continue;
        await rehearse(target);
        await untilIdle(target);
      }
      const results = await measureScheme(targets, load, Number(values.rounds));
      if ('attested login'.includes(values.only)) {
        results.push(...(await attestedLogins({ tls, load, core: serverCore })));
      }
      const baseline = results.find(({ name }) => name === 'hello');
      return results.map((each) => ({
        scheme: tls ? 'https' : 'http',
        ...each,
        ratio: each.perSecond / baseline.perSecond,
      }));
    } finally {
      for (const target of targets) await target.stop();
    }
  } finally {
    removeFolder(folder);
  }
}

function print(results) {
  const row = (...cells) =>
    `${cells[0].padEnd(7)}${cells[1].padEnd(11)}${cells[2].padEnd(24)}${cells
      .slice(3)
      .map((cell) => cell.padStart(10))
      .join('')}\n`;
  process.stdout.write(
    row('', 'server', 'request', 'req/s', 'p50 ms', 'p99 ms', 'cpu µs', 'ratio'),
  );
  for (const { scheme, target, name, perSecond, p50Ms, p99Ms, cpuMicros, ratio } of results) {
    const figures = [p50Ms, p99Ms, cpuMicros, ratio].map((figure) => figure.toFixed(2));
    process.stdout.write(row(scheme, target, name, perSecond.toFixed(0), ...figures));
  }
}

async function main() {
  for (const program of ['wrk', 'taskset']) {
    if (hasProgram(program)) continue;
    say(`${program} is missing: apt-get install ${program === 'wrk' ? 'wrk' : 'util-linux'}`);
    return 1;
  }
  const results = [];
  for (const tls of values['no-tls'] ? [false] : [false, true])
    results.push(...(await measure(tls)));
  if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
  else print(results);
  return 0;
}

process.exitCode = await main();
