// One line per secrets engine and auth method. Read by startup alone, which hands the maps to core.
import { type AttestParts, attestFactory } from '../auth/attest/backend.js';
import { userpass } from '../auth/userpass/backend.js';
import type { Factories } from '../core/mounts/service.js';
import { cubbyholeFactory } from '../engines/cubbyhole/backend.js';
import { kvFactory } from '../engines/kv/backend.js';

export function createFactories(attest: AttestParts): Factories {
  return {
    secret: new Map([
      ['cubbyhole', cubbyholeFactory],
      ['kv', kvFactory],
    ]),
    auth: new Map([
      ['attest', attestFactory(attest)],
      ['userpass', userpass],
    ]),
  };
}
