// How a quote says which platform it comes from (Intel SGX ECDSA Quoting Library API, appendix A.4, "QE
// Certification Data"; sgx_ql_*_cert_info_t). Reads; must never trust what it reads.

import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';

/** NOT trusted: what proves the platform is the PCK's signature over the QE report. */
export type CertificationData =
  /** Type 5: PEM text of the PCK certificate chain, possibly with closing zeros. */
  | { readonly kind: 'pck-chain'; readonly pem: Uint8Array }
  /** Type 4: PEM text of the PCK certificate alone. */
  | { readonly kind: 'pck-leaf'; readonly pem: Uint8Array }
  /** Types 1 to 3: what Intel's service wants to know to give the certificate out. */
  | PlatformName
  /** Type 7: what Intel's registration service wants to know. */
  | { readonly kind: 'platform-manifest'; readonly manifest: Uint8Array };

export interface PlatformName {
  readonly kind: 'platform-name';
  readonly encryption: 'none' | 'rsa-2048-oaep' | 'rsa-3072-oaep';
  /** 16 bytes in the clear, otherwise as long as the RSA modulus. */
  readonly ppid: Uint8Array;
  readonly cpuSvn: Uint8Array;
  /** Two bytes each, as the quote has them: little-endian. */
  readonly pceSvn: Uint8Array;
  readonly pceId: Uint8Array;
}

/** Certification data that contains a QE report and certification data of another type. */
export const qeReportCertification = 6;

const names: ReadonlyMap<number, Pick<PlatformName, 'encryption'> & { readonly bytes: number }> =
  new Map([
    [1, { encryption: 'none', bytes: 16 }],
    [2, { encryption: 'rsa-2048-oaep', bytes: 256 }],
    [3, { encryption: 'rsa-3072-oaep', bytes: 384 }],
  ]);

/**
 * Reads type, length and data of what identifies the platform.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-format'
 */
export function readCertificationData(reader: ByteReader): CertificationData {
  const type = reader.u16le('certification data type');
  const length = reader.u32le('certification data length');
  const data = reader.bytes(length, 'certification data');
  const name = names.get(type);
  if (name !== undefined) return readPlatformName(data, name);
  switch (type) {
    case 4:
      return { kind: 'pck-leaf', pem: data };
    case 5:
      return { kind: 'pck-chain', pem: data };
    case 7:
      return { kind: 'platform-manifest', manifest: data };
    default:
      throw unsupportedType(type, '1 to 5 or 7');
  }
}

/**
 * A reader inside certification data of type 6.
 * @throws EvidenceError 'malformed' | 'unsupported-format'
 */
export function readQeReportCertification(reader: ByteReader): ByteReader {
  const type = reader.u16le('certification data type');
  const data = reader.sub(reader.u32le('certification data length'), 'certification data');
  if (type !== qeReportCertification) throw unsupportedType(type, String(qeReportCertification));
  return data;
}

function unsupportedType(type: number, wanted: string): EvidenceError {
  const what = `quote: certification data type ${type}, want ${wanted}`;
  return new EvidenceError('unsupported-format', what);
}

function readPlatformName(
  data: Uint8Array,
  { encryption, bytes }: Pick<PlatformName, 'encryption'> & { readonly bytes: number },
): PlatformName {
  const reader = new ByteReader(data, 'certification data');
  const ppid = reader.bytes(bytes, 'PPID');
  const cpuSvn = reader.bytes(16, 'CPUSVN');
  const pceSvn = reader.bytes(2, 'PCESVN');
  const pceId = reader.bytes(2, 'PCEID');
  reader.end();
  return { kind: 'platform-name', encryption, ppid, cpuSvn, pceSvn, pceId };
}
