// What a suite needs that not every machine has. Missing on a laptop: the suite skips and says what to install.
// Missing in CI (CI=true): the suite fails, because there nobody would notice that it never ran.
import { spawnSync } from 'node:child_process';

export function hasProgram(name, args = ['--version']) {
  return spawnSync(name, args, { stdio: 'ignore' }).error === undefined;
}

export const isRoot = process.getuid?.() === 0;

/**
 * Options for node:test: `{}` when `isMet`, otherwise a skip that names `what` is missing.
 * @throws Error in CI
 */
export function requires(isMet, what) {
  if (isMet) return {};
  if (process.env.CI === 'true') throw new Error(`CI lacks ${what}`);
  return { skip: `needs ${what}` };
}
