// The workload's key: made for one login, inside the TEE, never written anywhere. Its public half goes into the
// evidence; its private half proves the login and every request afterwards.
import { generateKeyPairSync, sign } from 'node:crypto';
import type { ProofKey } from '@vouchsafe/client/node';

/** A fresh P-256 key. */
export function createWorkloadKey(): ProofKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, spki: publicKey.export({ format: 'der', type: 'spki' }) };
}

/** ECDSA with SHA-256, raw r ‖ s. */
export function signWithWorkloadKey(key: ProofKey, bytes: Buffer): Buffer {
  return sign('sha256', bytes, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
}
