// Runs `attest verify` on genuine evidence and on files made up, for the tests of that command. Tests only.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mintCertificate } from '@vouchsafe/verifier/testing';
import type { Verdict } from '../commands/attest/judge-evidence.js';
import { newFolder, type Outcome, runVouchsafe } from './stub-server.js';

const folder =
  process.env.VOUCHSAFE_VECTORS ??
  fileURLToPath(new URL('../../../../../shared/vectors', import.meta.url));
export const skip = existsSync(join(folder, 'facts.json'))
  ? false
  : 'no vectors: set VOUCHSAFE_VECTORS to their folder';
/** A file with genuine evidence. */
export const vector = (path: string): string => join(folder, path);

export const verify = (...args: string[]): Promise<Outcome> =>
  runVouchsafe(['attest', 'verify', ...args]);

/** Exit code and verdict; nothing may have been said beside it. */
export async function judge(...args: string[]): Promise<readonly [number | null, Verdict]> {
  const { code, out, err } = await verify('-format=json', ...args);
  assert.equal(err, '');
  return [code, JSON.parse(out) as Verdict];
}

/** Codes of the faults, in their order. */
export const codesOf = ({ faults }: Pick<Verdict, 'faults'>): readonly string[] =>
  faults.map(({ code }) => code);

/** Writes a file into a folder of its own. */
export function put(name: string, bytes: string | Uint8Array): string {
  const path = join(newFolder(), name);
  writeFileSync(path, bytes);
  return path;
}

/** A certificate of a key of its own that carries `value`, as RA-TLS has it; DER. */
export function raTlsCertificate(oid: string, value: Uint8Array): Uint8Array {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return mintCertificate({
    subject: { CN: 'RATLS' },
    issuer: { CN: 'RATLS' },
    serial: 1,
    notBefore: new Date('2020-01-01'),
    notAfter: new Date('2040-01-01'),
    publicKey,
    signingKey: privateKey,
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ca: 'bare',
    extensions: [{ oid, value }],
  });
}
