// How many verifications per second one core does, for each format, next to dcap-qvl (Rust as WebAssembly) and jose in the same run. From the
// bytes of evidence and the text of collateral or key set to the verdict; nothing of one round is left for the next, but for the column "known".
//
//   npm run bench:verifier [-- --seconds=2 --rounds=5 --only=sgx --json]
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import {
  parseEvidence,
  pinnedRootsOf,
  rememberingProvider,
  verifyEvidence,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';

import { createLocalJWKSet, jwtVerify } from 'jose';
import { missing, readFormats } from './verifier/formats.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

if (missing !== false) {
  process.stderr.write(`${missing}\n`);
  process.exit(1);
}

async function loadPeer() {
  const name = '@phala/dcap-qvl-web';
  const peer = await import(name);
  const wasm = createRequire(import.meta.url).resolve(`${name}/dcap-qvl-web_bg.wasm`);
  peer.initSync({ module: new Uint8Array(readFileSync(wasm)) });
  return peer;
}

const ours = (provider) => async (each) => {
  if (each.replay !== undefined) return each.replay(provider);
  const claims = await verifyEvidence({
    evidence: parseEvidence(each.evidence, each.format),
    endorsements: each.endorsements(),
    roots: each.roots?.() ?? pinnedRootsOf(each.format),
    expectedBinding: each.expectedBinding ?? { binding: 'not-checked' },
    now: each.at,
    provider,
  });
  if (claims.format !== each.format) throw new Error(`${each.path}: not verified`);
};

const peer = await loadPeer();
const byPeer = async ({ evidence, collateral, at }) => {
  const { status } = peer.js_verify(evidence, collateral, BigInt(at.getTime() / 1000));
  if (status === undefined) throw new Error('dcap-qvl: not verified');
};

// The signature, `iss`, `aud`, `exp` and `nbf`, under a key set that is read each time, as here.
const byJose = async ({ jwt, at }) => {
  const keys = createLocalJWKSet(JSON.parse(jwt.jwks));
  // An EAR need not name its issuer.
  const names = Object.entries(jwt.names).filter(([, name]) => name !== null);
  const options = { ...Object.fromEntries(names), currentDate: at };
  for (const token of jwt.tokens) {
    const { payload } = await jwtVerify(token, keys, options);
    if (payload.exp === undefined) throw new Error('jose: not verified');
  }
};

const contenders = [
  { name: 'ours', verify: ours(nodeProvider), takes: () => true },
  // As the server does it: signatures of certificates and collateral that were found good are not checked again.
  { name: 'known', verify: ours(rememberingProvider(nodeProvider, 4096)), takes: () => true },
  { name: 'dcap-qvl', verify: byPeer, takes: (each) => each.collateral !== undefined },
  { name: 'jose', verify: byJose, takes: (each) => each.jwt !== undefined },
];

/** Verifications per second of processor time, so that what else the machine does counts for nothing. */
async function measure(verify, each, ms) {
  const before = process.cpuUsage();
  const end = performance.now() + ms;
  let count = 0;
  while (performance.now() < end) {
    await verify(each);
    count += 1;
  }
  const { user, system } = process.cpuUsage(before);
  return count / ((user + system) / 1e6);
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const rounds = Number(values.rounds);
const ms = Number(values.seconds) * 1000;
const rows = [];
for (const each of readFormats().filter(({ format }) => format.includes(values.only))) {
  const taking = contenders.filter(({ takes }) => takes(each));
  for (const { verify } of taking) await measure(verify, each, 200);
  const rates = new Map(taking.map(({ name }) => [name, []]));
  // Rounds go around all of them, so that what else the machine does hits all alike.
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, verify } of taking) rates.get(name).push(await measure(verify, each, ms));
  }
  const row = { format: each.format };
  for (const [name, all] of rates) row[name] = Math.round(median(all));
  const rate = row['dcap-qvl'] ?? row.jose;
  if (rate !== undefined) row.ratio = Number((row.ours / rate).toFixed(2));
  rows.push(row);
}
if (values.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
else console.table(Object.fromEntries(rows.map(({ format, ...rest }) => [format, rest])));
