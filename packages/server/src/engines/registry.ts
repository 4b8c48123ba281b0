// The secrets engines this server has: one line each. Read by main.ts alone.
import type { Factory } from '../framework/backend.js';
import { cubbyholeFactory } from './cubbyhole/backend.js';
import { kvFactory } from './kv/backend.js';

/** By mount type. */
export const secretsEngines: ReadonlyMap<string, Factory> = new Map([
  ['cubbyhole', cubbyholeFactory],
  ['kv', kvFactory],
]);
