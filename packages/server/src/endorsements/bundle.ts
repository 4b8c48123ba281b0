// Endorsements from files or folders of them, for servers that may not reach the vendors: DCAP collateral as JSON
// documents, SNP keys and CRLs as PEM or DER. Read once at start; a file that is none of these is an error that names it.
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
  type SnpReport,
  snpEndorsementsFromKey,
} from '@vouchsafe/verifier';
import { type EndorsementSource, mayBeFor, type SnpKey } from './source.js';

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

/** Files as they are; of folders the files in them, by name, without hidden ones and without folders below. */
function listFiles(paths: readonly string[]): readonly string[] {
  const files = paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter((name) => !name.startsWith('.'))
      .sort()
      .map((name) => join(path, name))
      .filter((file) => statSync(file).isFile());
  });
  if (files.length > FILES_MAX) throw new Error(`more than ${FILES_MAX} files`);
  return files;
}

function readBundle(paths: readonly string[]): Contents {
  const contents: Contents = { collateral: [], certificates: [], crls: [] };
  for (const file of listFiles(paths)) {
    if (statSync(file).size > FILE_BYTES_MAX) {
      throw new Error(`${file}: larger than ${FILE_BYTES_MAX} bytes`);
    }
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

/** A VCEK names its chip. A VLEK names none, so every one that there is may be the one. */
function isKeyOfReport(certificate: Certificate, report: SnpReport): boolean {
  if (report.keyInfo.signer === 'vlek') {
    return certificate.issuer.commonName?.startsWith('SEV-VLEK-') ?? false;
  }
  const value = certificate.extensions.get(HWID_OID)?.value;
  if (value === undefined || value.length < 8) return false;
  const bytes = value.length >= 64 ? 64 : 8;
  return encodeHex(value.subarray(-bytes)) === encodeHex(report.chipId.subarray(0, bytes));
}

/** @throws Error naming the file that can not be used */
export function openBundle(paths: readonly string[]): EndorsementSource {
  const { collateral, certificates, crls } = readBundle(paths);
  return {
    name: 'bundle',
    findDcap: async (evidence) => collateral.filter((each) => mayBeFor(evidence, each)),
    async findSnpKeys(report): Promise<readonly SnpKey[]> {
      const { product } = report;
      const { signer } = report.keyInfo;
      const products = product === null ? (['milan', 'genoa'] as const) : [product];
      return certificates
        .filter((certificate) => isKeyOfReport(certificate, report))
        .flatMap((key) =>
          products.map((name) =>
            snpEndorsementsFromKey(key.raw, { product: name, signer }, { kind: 'not-checked' }),
          ),
        );
    },
    findSnpCrls: async () => crls,
  };
}
