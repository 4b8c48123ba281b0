// Shows that an attestation key is in a TPM whose endorsement key somebody certified: a secret goes out under both, and
// comes back. The only place that mints the statement which verify() takes. Must never be handed a pending credential
// that came from a workload: whoever writes one knows its secret.

import { copyBytes, equalBytes } from '../encoding/bytes.js';
import { decodeHex, encodeHex } from '../encoding/hex.js';
import { readObject, readString } from '../encoding/json-members.js';
import { parseStrictJson } from '../encoding/strict-json.js';
import type { EncryptionProvider } from '../encryption-provider.js';
import { EvidenceError } from '../errors.js';
import type { ChainRoot } from '../pki/chain.js';
import type { CryptoProvider } from '../provider.js';
import type { ClaimValue } from '../types.js';
import { parseAttestationKey } from './attestation-key.js';
import { verifyEkCertificate } from './ek-certificate.js';
import { parseEndorsementKey } from './endorsement-key.js';
import {
  type GivenRevocation,
  oldestIssue,
  readCertificates,
  readRevocation,
} from './key-certificate.js';
import { hmac } from './key-derivation.js';
import { drawRandom, makeCredential, type TpmCredential } from './make-credential.js';
import { nameOf } from './public-area.js';

export interface BeginCredentialInput {
  /** TPMT_PUBLIC of the endorsement key; may come from the workload. */
  readonly ekPublic: Uint8Array;
  /** DER, the endorsement key's first, then its issuers; may come from the workload. At most 6. */
  readonly ekCertificates: readonly Uint8Array[];
  /** Of makers of TPMs, or of who runs virtual ones: never from the workload. */
  readonly roots: readonly ChainRoot[];
  readonly revocation: GivenRevocation;
  /** TPMT_PUBLIC of the attestation key; may come from the workload. */
  readonly akPublic: Uint8Array;
  readonly now: Date;
  /** How long the answer is waited for: 1 second to a day. */
  readonly lifetimeSeconds: number;
  /** From a generator fit for keys. */
  readonly randomBytes: (length: number) => Uint8Array;
  readonly provider: CryptoProvider;
  readonly encryption: EncryptionProvider;
}

export interface BegunCredential {
  /** For the TPM: TPM2_ActivateCredential takes both parts. */
  readonly credential: TpmCredential;
  /** JSON for the caller to keep, unchanged, until the answer comes. Holds no secret. */
  readonly pending: string;
}

export interface FinishCredentialInput {
  /** What beginCredential handed out, from the caller's own store. */
  readonly pending: string;
  /** What the TPM made of the credential. */
  readonly answer: Uint8Array;
  /** When the answer came. */
  readonly now: Date;
  readonly provider: CryptoProvider;
}

declare const activated: unique symbol;

/**
 * That a TPM with a certified endorsement key has the attestation key of this Name. Made by finishCredential() only:
 * frozen, and known to this module, so that neither a literal nor a cast nor a copy passes for one.
 */
export interface ActivatedCredential {
  /** In hex: algorithm and digest. */
  readonly akName: string;
  /** RFC 3339. */
  readonly activatedAt: string;
  /** When the oldest revocation list was issued that was asked about the endorsement key, RFC 3339; null without one. */
  readonly crlIssuedAt: string | null;
  /** What is known of the endorsement key, as claims by name. */
  readonly values: Readonly<Record<string, ClaimValue>>;
  readonly [activated]: true;
}

/** What is kept: facts that were checked at the beginning, under a code that only the secret can make. */
const fieldNames = [
  'version',
  'ak_name',
  'ek_fingerprint',
  'ek_certificate_subject',
  'ek_certificate_serial',
  'root_fingerprint',
  'crl_issued_at',
  'begun_at',
  'expires_at',
] as const;
type PendingFields = Readonly<Record<(typeof fieldNames)[number], string>>;

const what = 'pending credential';
const limits = { charactersMax: 16_384, depthMax: 1, valuesMax: 16 };
const domain = 'vouchsafe credential v1\0';
/** One digest of SHA-256: every endorsement key takes a secret of this length. */
const secretBytes = 32;
const lifetimeSecondsMax = 86_400;
const statements = new WeakSet<object>();

/** HMAC-SHA-256 by the secret: whoever changed a field, not knowing the secret, is found out. */
async function codeOf(
  fields: PendingFields,
  secret: Uint8Array,
  provider: CryptoProvider,
): Promise<Uint8Array> {
  const listed = JSON.stringify(fieldNames.map((name) => fields[name]));
  return hmac('sha256', secret, new TextEncoder().encode(domain + listed), provider);
}

function expiryOf({ now, lifetimeSeconds }: BeginCredentialInput): Date {
  const isWhole = Number.isInteger(lifetimeSeconds);
  if (!isWhole || lifetimeSeconds < 1 || lifetimeSeconds > lifetimeSecondsMax) {
    throw new EvidenceError('input-invalid', 'credential: lifetime of 1 second to a day');
  }
  const expiry = new Date(now.getTime() + lifetimeSeconds * 1000);
  if (Number.isNaN(expiry.getTime())) throw new EvidenceError('input-invalid', 'now: not a time');
  return expiry;
}

/** Checks both keys and the endorsement key's chain. */
async function establish(input: BeginCredentialInput) {
  const { now, provider } = input;
  const expiry = expiryOf(input);
  const attestationKey = parseAttestationKey(input.akPublic);
  const endorsementKey = parseEndorsementKey(input.ekPublic);
  const revocation = readRevocation(input.revocation, 'every-link');
  const { publicKey } = endorsementKey;
  const chain = readCertificates(input.ekCertificates);
  const { roots } = input;
  const verified = await verifyEkCertificate({
    ...{ chain, key: publicKey, roots, revocation, now, provider },
  });
  const name = await nameOf(attestationKey, provider);
  const fingerprint = async (bytes: Uint8Array) =>
    encodeHex(await provider.digest('sha256', bytes));
  const fields: PendingFields = {
    version: '1',
    ak_name: encodeHex(name),
    ek_fingerprint: await fingerprint(publicKey.spki),
    ek_certificate_subject: verified.leaf.subject.text,
    ek_certificate_serial: verified.leaf.serial,
    root_fingerprint: await fingerprint(verified.root.raw),
    crl_issued_at: oldestIssue(revocation)?.toISOString() ?? '',
    begun_at: now.toISOString(),
    expires_at: expiry.toISOString(),
  };
  return { endorsementKey, name, fields };
}

/**
 * Checks that the attestation key can only quote, that the endorsement key is one and leads to a root, and makes a
 * credential for the two of them. The caller sees to it that each pending credential is finished at most once.
 * @throws EvidenceError as parseAttestationKey, parseEndorsementKey and verifyEkCertificate; 'input-invalid' for a
 *   lifetime out of range, or randomness of another length than was asked for
 */
export async function beginCredential(input: BeginCredentialInput): Promise<BegunCredential> {
  const { endorsementKey, name, fields } = await establish(input);
  const { provider, encryption, randomBytes } = input;
  const secret = drawRandom(secretBytes, randomBytes);
  const credential = await makeCredential({
    ...{ endorsementKey, name, secret, randomBytes, provider, encryption },
  });
  const code = encodeHex(await codeOf(fields, secret, provider));
  secret.fill(0);
  return { credential, pending: JSON.stringify({ ...fields, code }) };
}

function parsePending(text: string): { fields: PendingFields; code: Uint8Array } {
  const names = [...fieldNames, 'code'];
  const object = readObject(parseStrictJson(text, what, limits).value, what, names);
  const read = (name: string) => readString(object[name], `${what} ${name}`);
  const fields = Object.fromEntries(fieldNames.map((name) => [name, read(name)]));
  if (fields.version !== '1') throw new EvidenceError('unsupported-version', `${what}: version`);
  return { fields: fields as PendingFields, code: decodeHex(read('code')) };
}

/**
 * The statement that verify() takes as provenance of the attestation key. It lasts as long as the process does: to
 * have it again, keep `pending`, `answer` and the time of the answer, all of them out of a workload's reach.
 * Does not know whether it was asked before about this pending credential: that is the caller's to refuse.
 * @throws EvidenceError 'credential-mismatch' (another answer, or `pending` was changed) | 'credential-expired' |
 *   'malformed' | 'unsupported-version'
 */
export async function finishCredential(input: FinishCredentialInput): Promise<ActivatedCredential> {
  const { now, provider } = input;
  const { fields, code } = parsePending(input.pending);
  const answer = copyBytes(input.answer.subarray(0, secretBytes + 1));
  const expected = await codeOf(fields, answer, provider);
  if (answer.length !== secretBytes || !equalBytes(expected, code)) {
    throw new EvidenceError('credential-mismatch', 'credential: the answer is not the secret');
  }
  const isDue =
    now.getTime() >= Date.parse(fields.begun_at) && now.getTime() <= Date.parse(fields.expires_at);
  if (!isDue)
    throw new EvidenceError('credential-expired', `credential: until ${fields.expires_at}`);
  const statement = Object.freeze({
    akName: fields.ak_name,
    activatedAt: now.toISOString(),
    crlIssuedAt: fields.crl_issued_at === '' ? null : fields.crl_issued_at,
    values: Object.freeze({
      ek_fingerprint: fields.ek_fingerprint,
      ek_certificate_subject: fields.ek_certificate_subject,
      ek_certificate_serial: fields.ek_certificate_serial,
      root_fingerprint: fields.root_fingerprint,
      revocation_checked: fields.crl_issued_at !== '',
    }),
  });
  statements.add(statement);
  return statement as unknown as ActivatedCredential;
}

/** Whether finishCredential() made this statement. */
export function isActivated(statement: ActivatedCredential): boolean {
  return statements.has(statement);
}
