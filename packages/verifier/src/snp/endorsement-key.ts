// What AMD certifies about a VCEK or VLEK (VCEK specification 57230, chapter 3): the chip or the
// cloud provider it belongs to, and the TCB version it was made for. Reads a certificate that
// verifyChain has accepted; on any other its result means nothing.

import { certificateDerLimits, DerReader, derTag } from '../encoding/der.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import type { Certificate } from '../pki/certificate.js';
import type { SnpProduct, SnpSigner } from './product.js';
import { findProductByName } from './product.js';
import { encodeTcb, type TcbPart, tcbLayoutOf } from './tcb.js';

const arc = '1.3.6.1.4.1.3704.1';
const oids = {
  productName: `${arc}.2`,
  hwid: `${arc}.4`,
  cspId: `${arc}.5`,
} as const;

const levelOids: Readonly<Record<TcbPart, string>> = {
  bootloader: `${arc}.3.1`,
  tee: `${arc}.3.2`,
  snp: `${arc}.3.3`,
  microcode: `${arc}.3.8`,
  fmc: `${arc}.3.9`,
};
/** SPL 4 to 7: places for levels to come. */
const reservedLevelOids = [`${arc}.3.4`, `${arc}.3.5`, `${arc}.3.6`, `${arc}.3.7`];

export interface EndorsementKey {
  readonly productName: string;
  /** REPORTED_TCB of every report that this key signs, hex. */
  readonly tcb: string;
  /** VCEK only: CHIP_ID, or as many of its first bytes as the product uses; 64, or 8 for Turin. */
  readonly hwid: Uint8Array | null;
  /** VLEK only: the cloud provider, 'CN=cc-us-east-2.amazonaws.com'. */
  readonly cspId: string | null;
}

function invalid(why: string): EvidenceError {
  return new EvidenceError('chain-invalid', `endorsement key certificate: ${why}`);
}

function readValue<T>(value: Uint8Array, field: string, read: (reader: DerReader) => T): T {
  const reader = DerReader.open(value, 'endorsement key certificate', certificateDerLimits);
  const result = read(reader);
  if (!reader.done) throw invalid(`${field} has trailing bytes`);
  return result;
}

function readText(certificate: Certificate, oid: string, field: string): string | null {
  const extension = certificate.extensions.get(oid);
  if (extension === undefined) return null;
  return readValue(extension.value, field, (reader) => {
    const { tag, contents } = reader.next(field);
    const text = tag === derTag.ia5String || tag === derTag.utf8String;
    if (!text || contents.length > 256 || contents.some((byte) => byte < 0x20 || byte > 0x7e)) {
      throw invalid(`${field} is not text`);
    }
    return String.fromCharCode(...contents);
  });
}

function findLevel(certificate: Certificate, oid: string): number | null {
  const extension = certificate.extensions.get(oid);
  if (extension === undefined) return null;
  const level = readValue(extension.value, 'SPL', (reader) => reader.smallInteger('SPL'));
  if (level > 255) throw invalid('SPL is more than a byte');
  return level;
}

function readTcb(certificate: Certificate, product: SnpProduct): string {
  const layout = tcbLayoutOf(product);
  const parts: Partial<Record<TcbPart, number>> = {};
  for (const [part, oid] of Object.entries(levelOids)) {
    const level = findLevel(certificate, oid);
    const used = Object.hasOwn(layout, part);
    if (level === null && used) throw invalid(`no ${part} SPL`);
    if (level !== null && !used) throw invalid(`${part} SPL, which the product does not have`);
    if (level !== null) parts[part as TcbPart] = level;
  }
  for (const oid of reservedLevelOids) {
    if ((findLevel(certificate, oid) ?? 0) !== 0) throw invalid('a reserved SPL is not zero');
  }
  return encodeHex(encodeTcb(parts, layout));
}

/** Bare bytes in most certificates, an OCTET STRING in some. */
function readHwid(certificate: Certificate, product: SnpProduct): Uint8Array | null {
  const extension = certificate.extensions.get(oids.hwid);
  if (extension === undefined) return null;
  const length = product === 'turin' ? 8 : 64;
  const { value } = extension;
  const wrapped = value.length === length + 2;
  const hwid = wrapped ? readValue(value, 'HWID', (reader) => reader.octetString('HWID')) : value;
  if (hwid.length !== length) throw invalid(`HWID is ${hwid.length} bytes, want ${length}`);
  return hwid;
}

/**
 * Reads the extensions of the key of a chain that is of this product and kind.
 * @throws EvidenceError 'chain-invalid' | 'malformed', 'product-mismatch' if the certificate names
 *   another product than its chain, 'public-key-invalid' unless the key is on P-384
 */
export function readEndorsementKey(
  certificate: Certificate,
  product: SnpProduct,
  signer: SnpSigner,
): EndorsementKey {
  if (certificate.publicKey.kind !== 'ec' || certificate.publicKey.curve !== 'p384') {
    throw new EvidenceError('public-key-invalid', 'endorsement key: not on P-384');
  }
  if (certificate.basicConstraints?.ca === true) throw invalid('it is an authority');
  const productName = readText(certificate, oids.productName, 'product name');
  if (productName === null) throw invalid('no product name');
  if (findProductByName(productName) !== product) {
    throw new EvidenceError('product-mismatch', `"${productName}" under the chain of ${product}`);
  }
  const hwid = readHwid(certificate, product);
  const cspId = readText(certificate, oids.cspId, 'CSP id');
  if (signer === 'vcek' && (hwid === null || cspId !== null)) {
    throw invalid('a VCEK has a HWID and no CSP id');
  }
  if (signer === 'vlek' && (hwid !== null || cspId === null)) {
    throw invalid('a VLEK has a CSP id and no HWID');
  }
  return { productName, tcb: readTcb(certificate, product), hwid, cspId };
}
