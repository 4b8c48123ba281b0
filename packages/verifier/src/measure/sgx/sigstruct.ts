// SIGSTRUCT: what the signer of an SGX enclave vouches for (Intel SDM volume 3D, section 35.13, "Enclave Signature
// Structure"). Gramine writes it as NAME.sig beside NAME.manifest.sgx. Numbers are little-endian, the RSA ones too.

import { concatBytes, equalBytes, reverseBytes } from '../../encoding/bytes.js';
import { decodeHex, encodeHex } from '../../encoding/hex.js';
import { ByteReader } from '../../encoding/reader.js';
import { EvidenceError } from '../../errors.js';
import type { CryptoProvider } from '../../provider.js';

const rsaBytes = 384;
const header = decodeHex('06000000e10000000000010000000000');
const header2 = decodeHex('01010000600000006000000001000000');
/** SubjectPublicKeyInfo of an RSA key of 3072 bits with exponent 3, around its modulus (RFC 8017, A.1.1). */
const spkiPrefix = decodeHex(
  '308201a0300d06092a864886f70d01010105000382018d003082018802820181' + '00',
);
const spkiSuffix = decodeHex('020103');

/** Byte strings in the order of the structure, which is also that of a report. */
export interface Sigstruct {
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  /** 16 bytes each: what the attributes must be where the mask has ones. */
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
  /** 4 bytes each. */
  readonly miscSelect: Uint8Array;
  readonly miscMask: Uint8Array;
  /** Whether the signature lets the enclave start with DEBUG set, so that its owner can look inside. */
  readonly debugAllowed: boolean;
  /** As signed: eight digits, 'YYYYMMDD' by convention. */
  readonly date: string;
}

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `SIGSTRUCT: ${why}`);
}

interface Fields extends Omit<Sigstruct, 'mrSigner'> {
  readonly modulus: Uint8Array;
  readonly signature: Uint8Array;
  readonly q1: Uint8Array;
  readonly q2: Uint8Array;
}

function fixed(reader: ByteReader, expected: Uint8Array, field: string): void {
  if (!equalBytes(reader.bytes(expected.length, field), expected)) {
    throw new EvidenceError('unsupported-format', `SIGSTRUCT: ${field} is not what the SDM says`);
  }
}

function readFields(bytes: Uint8Array): Fields {
  const reader = new ByteReader(bytes, 'SIGSTRUCT');
  fixed(reader, header, 'HEADER');
  reader.u32le('VENDOR');
  const date = encodeHex(reverseBytes(reader.bytes(4, 'DATE')));
  if (!/^[0-9]{8}$/.test(date)) throw malformed('DATE is not decimal');
  fixed(reader, header2, 'HEADER2');
  reader.u32le('SWDEFINED');
  reader.reserved(84, 'RESERVED 44');
  const modulus = reader.bytes(rsaBytes, 'MODULUS');
  const exponent = reader.u32le('EXPONENT');
  if (exponent !== 3) throw new EvidenceError('public-key-invalid', 'SIGSTRUCT: EXPONENT is not 3');
  const signature = reader.bytes(rsaBytes, 'SIGNATURE');
  const miscSelect = reader.bytes(4, 'MISCSELECT');
  const miscMask = reader.bytes(4, 'MISCMASK');
  reader.bytes(2, 'CET_ATTRIBUTES and its mask');
  reader.reserved(2, 'RESERVED 910');
  reader.bytes(16, 'ISVFAMILYID');
  const attributes = reader.bytes(16, 'ATTRIBUTES');
  const attributesMask = reader.bytes(16, 'ATTRIBUTEMASK');
  const mrEnclave = reader.bytes(32, 'ENCLAVEHASH');
  reader.reserved(16, 'RESERVED 992');
  reader.bytes(16, 'ISVEXTPRODID');
  const isvProdId = reader.u16le('ISVPRODID');
  const isvSvn = reader.u16le('ISVSVN');
  reader.reserved(12, 'RESERVED 1028');
  const q1 = reader.bytes(rsaBytes, 'Q1');
  const q2 = reader.bytes(rsaBytes, 'Q2');
  reader.end();
  const debugBit = 2;
  const isSet = (of: Uint8Array): boolean => ((of[0] ?? 0) & debugBit) !== 0;
  return {
    ...{ date, modulus, signature, miscSelect, miscMask, attributes, attributesMask },
    ...{ mrEnclave, isvProdId, isvSvn, q1, q2 },
    debugAllowed: isSet(attributes) || !isSet(attributesMask),
  };
}

function numberOf(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${encodeHex(reverseBytes(littleEndian))}`);
}

/** EINIT computes with these quotients and refuses others. */
function checkQuotients({ modulus, signature, q1, q2 }: Fields): void {
  const n = numberOf(modulus);
  const s = numberOf(signature);
  if (s >= n) throw new EvidenceError('signature-invalid', 'SIGSTRUCT: SIGNATURE above MODULUS');
  const first = (s * s) / n;
  const second = (s * (s * s - first * n)) / n;
  if (numberOf(q1) !== first || numberOf(q2) !== second) throw malformed('Q1 or Q2');
}

/**
 * Reads a SIGSTRUCT and checks its signature under the key that it brings. Whose key that is, MRSIGNER says;
 * this function knows no signer.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'reserved-bits' | 'unsupported-format' |
 *   'public-key-invalid' | 'signature-invalid'
 */
export async function verifySigstruct(
  bytes: Uint8Array,
  provider: CryptoProvider,
): Promise<Sigstruct> {
  const fields = readFields(bytes);
  const { modulus, signature } = fields;
  if (((modulus[rsaBytes - 1] ?? 0) & 0x80) === 0 || ((modulus[0] ?? 0) & 1) === 0) {
    throw new EvidenceError('public-key-invalid', 'SIGSTRUCT: MODULUS is not one of 3072 bits');
  }
  checkQuotients(fields);
  const spki = concatBytes(spkiPrefix, reverseBytes(modulus), spkiSuffix);
  const signed = concatBytes(bytes.subarray(0, 128), bytes.subarray(900, 1028));
  const isSigned = await provider.verify('rsa-pkcs1-sha256', spki, reverseBytes(signature), signed);
  if (!isSigned) {
    throw new EvidenceError('signature-invalid', 'SIGSTRUCT: signature does not verify');
  }
  const { q1: _, q2: __, modulus: ___, signature: ____, ...stated } = fields;
  return { ...stated, mrSigner: await provider.digest('sha256', modulus) };
}
