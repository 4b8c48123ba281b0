// Reads evidence and what belongs to it from files, bounded. Judges nothing; names the file in every error.
import { readFileSync, statSync } from 'node:fs';
import {
  type ActivatedCredential,
  type AnyEndorsements,
  type AnyEvidence,
  amdCertificates,
  type Certificate,
  type DcapEndorsements,
  EvidenceError,
  finishCredential,
  noEndorsements,
  parseCertificate,
  parseDcapEndorsements,
  parsePem,
  type SnpEndorsements,
  type SnpProduct,
  snpEndorsementsFromKey,
  type TpmEndorsements,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { required, UsageError } from '../../arguments/flag.js';
import { CommandError } from '../../session/explain.js';

const MIB = 1024 * 1024;
const FILE_BYTES_MAX = 8 * MIB;
const SMALL_BYTES_MAX = MIB;
const BLOCKS_MAX = 16;

/** @throws CommandError exit code 1 */
export function readBounded(path: string, what: string, bytesMax = FILE_BYTES_MAX): Buffer {
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > bytesMax) {
      throw new CommandError(`${what}: ${path} is no file of at most ${bytesMax / MIB} MiB`, 1);
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new CommandError(`${what}: cannot read ${path}: ${code}`, 1);
  }
}

/** A file with evidence; white space before what is text is left out. */
export function readEvidence(path: string): Uint8Array {
  const bytes = new Uint8Array(readBounded(path, 'evidence'));
  const start = bytes.findIndex((byte) => byte !== 0x20 && (byte < 9 || byte > 13));
  const isText = bytes[start] === 0x5b || bytes[start] === 0x7b;
  return isText ? bytes.subarray(start) : bytes;
}

/** DER as it is, or every block of PEM text. */
export function readBlocks(path: string, label: 'CERTIFICATE' | 'X509 CRL'): Uint8Array[] {
  const bytes = new Uint8Array(readBounded(path, label.toLowerCase()));
  if (bytes[0] === 0x30) return [bytes];
  return parsePem(bytes, { label, blocksMax: BLOCKS_MAX, bytesMax: FILE_BYTES_MAX });
}

function isKeyCertificate({ subject }: Certificate): boolean {
  return /^SEV-(VCEK|VLEK)$/.test(subject.commonName ?? '');
}

/** The product and signer that a key's issuer names: 'SEV-Milan', 'SEV-VLEK-Milan'. */
function kindOf({ issuer }: Certificate): {
  readonly product: SnpProduct;
  readonly signer: 'vcek' | 'vlek';
} {
  const name = issuer.commonName ?? '';
  const product = name.replace(/^SEV-(VLEK-)?/, '').toLowerCase();
  if (name.startsWith('SEV-') && Object.hasOwn(amdCertificates, product)) {
    const signer = name.startsWith('SEV-VLEK-') ? 'vlek' : 'vcek';
    return { product: product as SnpProduct, signer };
  }
  throw new EvidenceError('unsupported-product', 'endorsement key: issuer names no known product');
}

/** Nobody looked anything up if there are no files. @throws CommandError */
export function readRevocation(crls: readonly string[]): SnpEndorsements['revocation'] {
  return crls.length === 0
    ? { kind: 'not-checked' }
    : { kind: 'crls', crls: crls.flatMap((path) => readBlocks(path, 'X509 CRL')) };
}

/** `brought` is a key's certificate that came with the evidence; one that is given is taken instead. */
function snpEndorsements(
  certs: readonly string[],
  crls: readonly string[],
  brought: Uint8Array | null = null,
): SnpEndorsements {
  const given = certs.flatMap((path) => readBlocks(path, 'CERTIFICATE'));
  const certificates = (given.length === 0 && brought !== null ? [brought] : given).map((der) =>
    parseCertificate(der),
  );
  const keys = certificates.filter(isKeyCertificate);
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    throw new EvidenceError(
      'collateral-missing',
      `SNP certificates: ${keys.length} keys (VCEK or VLEK) given with -certs, want 1`,
    );
  }
  const revocation = readRevocation(crls);
  const authority = certificates.find((each) => each.subject.commonName === key.issuer.commonName);
  // An authority that is given must hold; one that is not is AMD's own, built in.
  if (authority === undefined) return snpEndorsementsFromKey(key.raw, kindOf(key), revocation);
  return { format: 'sev-snp', endorsementKey: key.raw, authority: authority.raw, revocation };
}

/** Files beside evidence, by their flags. */
interface GivenFiles {
  readonly collateral: string | null;
  readonly certs: readonly string[];
  readonly crls: readonly string[];
  readonly pending: string | null;
  readonly answer: string | null;
}

/** What was given for this evidence. @throws EvidenceError 'collateral-missing' and others, CommandError */
export async function readEndorsements(
  evidence: AnyEvidence,
  given: GivenFiles,
  at: Date,
): Promise<AnyEndorsements> {
  switch (evidence.format) {
    case 'sev-snp':
      return snpEndorsements(given.certs, given.crls);
    case 'tdx-dcap':
    case 'sgx-dcap':
      return dcapEndorsements(given.collateral);
    case 'nvidia-gpu':
      return {
        format: 'nvidia-gpu',
        chain: given.certs.flatMap((path) => readBlocks(path, 'CERTIFICATE')),
        revocation: readRevocation(given.crls),
      };
    case 'azure-snp-vtpm':
      return snpEndorsements(given.certs, given.crls, evidence.endorsementKey);
    case 'azure-tdx-vtpm':
      return dcapEndorsements(given.collateral);
    case 'tpm2-quote':
      return tpmEndorsements(given, at);
    case 'aws-nitro':
      // The document brings its whole chain.
      return { format: 'aws-nitro' };
    case 'azure-maa':
    case 'intel-trust-authority':
    case 'google-confidential-space':
    case 'nvidia-nras':
    case 'ear':
      return noEndorsements;
    default:
      throw new EvidenceError('collateral-missing', 'no flag gives endorsements of this format');
  }
}

/** A file of a TPM or of ours: none of them is long. @throws CommandError exit code 1 */
export function readSmall(path: string, what: string): Uint8Array {
  return new Uint8Array(readBounded(path, what, SMALL_BYTES_MAX));
}

/** @throws EvidenceError as finishCredential, CommandError exit code 1 */
export function finishFromFiles(
  pending: string,
  answer: string,
  now: Date,
): Promise<ActivatedCredential> {
  return finishCredential({
    pending: new TextDecoder().decode(readSmall(pending, 'pending')),
    answer: readSmall(answer, 'answer'),
    now,
    provider: nodeProvider,
  });
}

/** A credential, if one is given; else the certificate that is in the evidence, and issuers that are not. */
async function tpmEndorsements(given: GivenFiles, at: Date): Promise<TpmEndorsements> {
  const { pending, answer } = given;
  if (pending === null && answer === null) {
    const intermediates = given.certs.flatMap((path) => readBlocks(path, 'CERTIFICATE'));
    const revocation = readRevocation(given.crls);
    return { format: 'tpm2-quote', provenance: { kind: 'certificate', intermediates, revocation } };
  }
  if (given.certs.length > 0 || given.crls.length > 0) {
    throw new UsageError(
      '-certs and -crl: are judged when a credential is made, not with -pending',
    );
  }
  const credential = await finishFromFiles(
    required(pending, 'pending'),
    required(answer, 'answer'),
    at,
  );
  return { format: 'tpm2-quote', provenance: { kind: 'credential', credential } };
}

function dcapEndorsements(collateral: string | null): DcapEndorsements {
  if (collateral === null) {
    throw new EvidenceError('collateral-missing', 'no collateral given with -collateral');
  }
  return parseDcapEndorsements(readBounded(collateral, 'collateral').toString('utf8'));
}
