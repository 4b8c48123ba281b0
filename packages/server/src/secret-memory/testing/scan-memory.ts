// Looks for keys in the memory of a running process, as root on its machine could. For tests only.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { SecretMemory } from '../secret-memory.js';

/** Searches another process's readable memory for each needle; prints how often each was found, and refused maps. */
const SCANNER = `
  const { openSync, readSync, readFileSync } = require('node:fs');
  const [pid, ...masked] = process.argv.slice(1);
  const needles = masked.map((hex) => Buffer.from(hex, 'hex').map((byte) => byte ^ 0x5a));
  const counts = needles.map(() => 0);
  let unreadable = 0;
  const memory = openSync('/proc/' + pid + '/mem', 'r');
  for (const line of readFileSync('/proc/' + pid + '/maps', 'utf8').split('\\n')) {
    const map = /^([0-9a-f]+)-([0-9a-f]+) r(.*)$/.exec(line);
    if (map === null || map[3].includes('[v')) continue;
    const end = Number.parseInt(map[2], 16);
    for (let at = Number.parseInt(map[1], 16); at < end; at += 1 << 24) {
      const chunk = Buffer.alloc(Math.min((1 << 24) + 64, end - at));
      let length = 0;
      try { length = readSync(memory, chunk, 0, chunk.length, at); }
      catch { if (map[3].includes('secretmem')) unreadable += 1; continue; }
      needles.forEach((needle, index) => {
        for (let hit = chunk.indexOf(needle); hit !== -1 && hit < length; hit = chunk.indexOf(needle, hit + 1))
          counts[index] += 1;
      });
    }
  }
  console.log(JSON.stringify({ counts, unreadable }));
`;

/** @property unreadable mappings of secret memory that refused to be read */
export interface MemoryScan {
  readonly counts: readonly number[];
  readonly unreadable: number;
}

/** Has a child process search this one. The needles stay where they are: none is copied, or this would find itself. */
export function scanOwnMemory(needles: readonly Buffer[]): MemoryScan {
  // Masked byte by byte, so that handing the needles over makes no copy of them.
  const masked = needles.map((needle) => {
    const copy = Buffer.alloc(needle.length);
    for (let index = 0; index < copy.length; index += 1) copy[index] = (needle[index] ?? 0) ^ 0x5a;
    return copy.toString('hex');
  });
  const run = spawnSync(process.execPath, ['-e', SCANNER, String(process.pid), ...masked], {
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as MemoryScan;
}

/** Why a test that scans must be skipped, or false. */
export function cannotScanMemory(): string | false {
  if (process.getuid?.() !== 0) return 'needs root to read another process';
  const { kind, reason } = new SecretMemory().status;
  return kind === 'memfd_secret' ? false : `needs memfd_secret: ${reason}`;
}
