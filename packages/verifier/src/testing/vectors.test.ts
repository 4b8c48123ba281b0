// Where the folder with genuine evidence is. Holds no test of its own: the name keeps it out of
// the published package.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder =
  process.env.VOUCHSAFE_VECTORS ??
  fileURLToPath(new URL('../../../../../shared/vectors', import.meta.url));

export const vectorsPresent = existsSync(`${folder}/README.md`);

/** For `{ skip: … }` of a test: false, or the reason. */
export const skipWithoutVectors = vectorsPresent
  ? false
  : 'no vectors: set VOUCHSAFE_VECTORS to their folder';

export function readVector(path: string): Uint8Array {
  return new Uint8Array(readFileSync(`${folder}/${path}`));
}
