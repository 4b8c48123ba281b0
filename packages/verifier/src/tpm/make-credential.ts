// TPM2_MakeCredential (TPM 2.0 Library part 1, section 24; part 3, 12.6) without a TPM: a secret that only the TPM
// with this endorsement key hands out, and only if it also has the object with this Name. Must never see a TPM's
// private key, and never keeps the secret.

import { concatBytes, copyBytes } from '../encoding/bytes.js';
import type { EncryptionProvider } from '../encryption-provider.js';
import { EvidenceError } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import type { EndorsementKey } from './endorsement-key.js';
import { digestBytes, encryptCfb, hmac, kdfA, kdfE, tpmLabel } from './key-derivation.js';

/** What TPM2_ActivateCredential takes, each with its size before it. */
export interface TpmCredential {
  /** TPM2B_ID_OBJECT: integrity, then the encrypted secret. */
  readonly idObject: Uint8Array;
  /** TPM2B_ENCRYPTED_SECRET: for RSA a ciphertext, for ECC an ephemeral point. */
  readonly encryptedSeed: Uint8Array;
}

export interface MakeCredentialInput {
  readonly endorsementKey: EndorsementKey;
  /** Of the object that must be beside the endorsement key: algorithm and digest. */
  readonly name: Uint8Array;
  /** What the TPM hands out: 16 bytes to one digest of the endorsement key's name algorithm. */
  readonly secret: Uint8Array;
  /** From a generator fit for keys: the seed under which an RSA key's credential is protected. */
  readonly randomBytes: (length: number) => Uint8Array;
  readonly provider: CryptoProvider;
  readonly encryption: EncryptionProvider;
}

/** Fewer could be guessed. */
const secretBytesMin = 16;
const nameBytes: ReadonlyMap<number, number> = new Map([
  [0x000b, 32],
  [0x000c, 48],
  [0x000d, 64],
]);

function tpm2b(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes);
}

function wrong(what: string): EvidenceError {
  return new EvidenceError('input-invalid', `credential: ${what}`);
}

function checkInput({ endorsementKey, name, secret }: MakeCredentialInput): void {
  const digest = digestBytes[endorsementKey.nameAlgorithm];
  if (secret.length < secretBytesMin || secret.length > digest) {
    throw wrong(`secret of ${secret.length} bytes, want ${secretBytesMin} to ${digest}`);
  }
  const algorithm = ((name[0] ?? 0) << 8) | (name[1] ?? 0);
  if (name.length - 2 !== nameBytes.get(algorithm)) throw wrong('no Name of an object');
}

/** @throws EvidenceError 'input-invalid' if the generator hands out fewer bytes than it was asked for, or more */
export function drawRandom(
  length: number,
  randomBytes: (length: number) => Uint8Array,
): Uint8Array {
  const bytes = randomBytes(length);
  if (bytes.length !== length) throw wrong(`${bytes.length} random bytes, want ${length}`);
  return copyBytes(bytes);
}

/** The seed, and what tells it to the TPM. That of an ECC key comes out of the agreement: nobody chooses it. */
async function protectSeed(
  input: MakeCredentialInput,
): Promise<{ seed: Uint8Array; encryptedSeed: Uint8Array }> {
  const { endorsementKey, provider, encryption } = input;
  const { publicKey, nameAlgorithm: hash } = endorsementKey;
  if (publicKey.kind === 'rsa') {
    const seed = drawRandom(digestBytes[hash], input.randomBytes);
    const label = tpmLabel('IDENTITY');
    const sealed = await encryption.encryptOaep(hash, publicKey.spki, label, seed);
    return { seed, encryptedSeed: tpm2b(sealed) };
  }
  const { curve, spki } = publicKey;
  const { point, shared } = await encryption.agree(curve, spki);
  const length = shared.length;
  const [x, y] = [point.subarray(0, length), point.subarray(length)];
  const partyV = spki.subarray(-2 * length, -length);
  const seed = await kdfE({ hash, shared, label: 'IDENTITY', partyU: x, partyV }, provider);
  return { seed, encryptedSeed: tpm2b(concatBytes(tpm2b(x), tpm2b(y))) };
}

/**
 * Checks nothing about whose endorsement key it is: see ek-certificate.ts.
 * @throws EvidenceError 'input-invalid' for a secret or Name of another length; 'public-key-invalid'
 */
export async function makeCredential(input: MakeCredentialInput): Promise<TpmCredential> {
  checkInput(input);
  const { endorsementKey, name, provider, encryption } = input;
  const { nameAlgorithm: hash, symmetricBits } = endorsementKey;
  const { seed: key, encryptedSeed } = await protectSeed(input);
  const symmetricKey = await kdfA(
    { hash, key, label: 'STORAGE', context: name, length: symmetricBits / 8 },
    provider,
  );
  const integrityKey = await kdfA(
    { hash, key, label: 'INTEGRITY', context: new Uint8Array(), length: digestBytes[hash] },
    provider,
  );
  const identity = await encryptCfb(symmetricKey, tpm2b(input.secret), encryption);
  const integrity = await hmac(hash, integrityKey, concatBytes(identity, name), provider);
  return { idObject: tpm2b(concatBytes(tpm2b(integrity), identity)), encryptedSeed };
}

/** The file that tpm2_activatecredential reads with -i: magic, version 1, and both parts. */
export function credentialFile({ idObject, encryptedSeed }: TpmCredential): Uint8Array {
  return concatBytes(Uint8Array.of(0xba, 0xdc, 0xc0, 0xde, 0, 0, 0, 1), idObject, encryptedSeed);
}
