// Signs COSE_Sign1 messages with keys of one's own, good and bad. For tests and the simulated TEE only.

import { constants, type KeyObject, sign } from 'node:crypto';
import { coseToBeSigned } from '../cose/sign1.js';
import { type CborValue, encodeCbor } from '../encoding/cbor-writer.js';

type Header = ReadonlyMap<number | string, CborValue>;

export interface MintCoseOptions {
  readonly payload: Uint8Array;
  readonly signingKey: KeyObject;
  /** COSE algorithm number for the protected header; how it is signed follows from the key. */
  readonly algorithm: number;
  readonly externalAad?: Uint8Array;
  /** Replaces the protected header's bytes. */
  readonly protectedRaw?: Uint8Array;
  readonly unprotectedHeader?: Header;
  readonly tagged?: boolean;
}

const hashes: Readonly<Record<number, string>> = {
  [-7]: 'sha256',
  [-35]: 'sha384',
  [-36]: 'sha512',
  [-37]: 'sha256',
  [-38]: 'sha384',
  [-39]: 'sha512',
};

function signCose(options: MintCoseOptions, data: Uint8Array): Uint8Array {
  const { signingKey: key, algorithm } = options;
  if (key.asymmetricKeyType === 'ed25519') return new Uint8Array(sign(null, data, key));
  const hash = hashes[algorithm] ?? 'sha384';
  if (key.asymmetricKeyType === 'ec') {
    return new Uint8Array(sign(hash, data, { key, dsaEncoding: 'ieee-p1363' }));
  }
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  return new Uint8Array(sign(hash, data, { key, padding, saltLength }));
}

export function mintCoseSign1(options: MintCoseOptions): Uint8Array {
  const protectedRaw = options.protectedRaw ?? encodeCbor(new Map([[1, options.algorithm]]));
  const { payload, externalAad = new Uint8Array() } = options;
  const signature = signCose(options, coseToBeSigned(protectedRaw, externalAad, payload));
  const unprotected = options.unprotectedHeader ?? new Map();
  const content: CborValue = [protectedRaw, unprotected, payload, signature];
  return encodeCbor(options.tagged === true ? { tag: 18, content } : content);
}
