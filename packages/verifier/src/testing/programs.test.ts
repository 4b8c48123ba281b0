// Programs that some suites of the verifier run beside it. Holds no test of its own: the name keeps it
// out of the published package.

import { spawnSync } from 'node:child_process';

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** For `{ skip: … }` of a test: false, or the reason. In CI a missing program is a failure instead. */
export function skipWithout(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0 || process.env.CI === 'true') return false;
  return `not installed: ${missing.join(', ')}`;
}
