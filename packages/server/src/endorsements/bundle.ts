// Endorsements from a folder, for servers that may not reach the vendors: DCAP collateral as JSON documents, SNP keys
// and CRLs as PEM or DER. Read once at start; a file that is none of these is an error that names it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Certificate,
  type DcapEndorsements,
  encodeHex,
  parseCertificate,
  parseCrl,
  parseDcapEndorsements,
  parsePem,
  type SnpEndorsements,
  type SnpReport,
  snpEndorsementsFromKey,
  tdxEndorsementsFor,
} from '@vouchsafe/verifier';
import { type EndorsementSource, fmspcOf, issuedAt, type SnpRevocation } from './source.js';

const FILES_MAX = 4096;
const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** HWID extension of a VCEK (AMD 57230). */
const HWID_OID = '1.3.6.1.4.1.3704.1.4';
const PEM_LIMITS = { blocksMax: 64, bytesMax: FILE_BYTES_MAX };

interface Contents {
  readonly collateral: DcapEndorsements[];
  readonly certificates: Certificate[];
  readonly crls: Uint8Array[];
}

function readBundle(folder: string): Contents {
  const contents: Contents = { collateral: [], certificates: [], crls: [] };
  const names = readdirSync(folder).sort();
  if (names.length > FILES_MAX) throw new Error(`${folder}: more than ${FILES_MAX} files`);
  for (const name of names) {
    const file = join(folder, name);
    const stat = statSync(file);
    if (!stat.isFile() || name.startsWith('.')) continue;
    if (stat.size > FILE_BYTES_MAX) throw new Error(`${file}: larger than ${FILE_BYTES_MAX} bytes`);
    try {
      readOne(readFileSync(file), contents);
    } catch (error) {
      const why = error instanceof Error ? error.message : 'unreadable';
      throw new Error(`${file}: not an endorsement: ${why}`);
    }
  }
  return contents;
}

function readOne(bytes: Buffer, contents: Contents): void {
  const start = bytes.toString('latin1', 0, 64).trimStart();
  if (start.startsWith('{')) {
    contents.collateral.push(parseDcapEndorsements(bytes.toString('utf8')));
  } else if (start.startsWith('-----BEGIN CERTIFICATE')) {
    for (const der of parsePem(bytes, { label: 'CERTIFICATE', ...PEM_LIMITS })) {
      contents.certificates.push(parseCertificate(der));
    }
  } else if (start.startsWith('-----BEGIN X509 CRL')) {
    for (const der of parsePem(bytes, { label: 'X509 CRL', ...PEM_LIMITS })) readCrl(der, contents);
  } else {
    readDer(new Uint8Array(bytes), contents);
  }
}

function readCrl(der: Uint8Array, contents: Contents): void {
  parseCrl(der);
  contents.crls.push(der);
}

/** DER says itself which of the two it is only by how far it can be read. */
function readDer(der: Uint8Array, contents: Contents): void {
  try {
    contents.certificates.push(parseCertificate(der));
  } catch {
    readCrl(der, contents);
  }
}

function isKeyOfChip(certificate: Certificate, report: SnpReport): boolean {
  const value = certificate.extensions.get(HWID_OID)?.value;
  if (value === undefined || value.length < 8) return false;
  const bytes = value.length >= 64 ? 64 : 8;
  return encodeHex(value.subarray(-bytes)) === encodeHex(report.chipId.subarray(0, bytes));
}

/** @throws Error naming the file that can not be used */
export function openBundle(folder: string): EndorsementSource {
  const { collateral, certificates, crls } = readBundle(folder);
  const byAge = [...collateral].sort((a, b) => issuedAt(b) - issuedAt(a));
  const revocation: SnpRevocation =
    crls.length > 0 ? { kind: 'crls', crls } : { kind: 'not-checked' };
  return {
    name: 'bundle',
    async findTdx(evidence) {
      const wanted = tdxEndorsementsFor(evidence).find((ref) => ref.kind === 'tcb-info')?.id;
      return byAge.filter((each) => fmspcOf(each) === wanted);
    },
    async findSnp(report): Promise<readonly SnpEndorsements[]> {
      const { product } = report;
      const products = product === null ? (['milan', 'genoa'] as const) : [product];
      const mine = certificates.filter((certificate) => isKeyOfChip(certificate, report));
      return mine.flatMap((key) =>
        products.map((name) =>
          snpEndorsementsFromKey(
            key.raw,
            { product: name, signer: report.keyInfo.signer },
            revocation,
          ),
        ),
      );
    },
  };
}
