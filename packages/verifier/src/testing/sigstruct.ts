// Signatures of SGX enclaves for tests, with keys of one's own. Nothing is measured: MRENCLAVE is what a test says.
import { constants, createHash, type KeyObject, privateEncrypt } from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';

/** DigestInfo of SHA-256 (RFC 8017, section 9.2). */
const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex');

function littleEndian(value: bigint): Uint8Array {
  return decodeHex(value.toString(16).padStart(768, '0')).reverse();
}

/** Signs the fields of `bytes` as they are, right or wrong; `publicKey` (3072 bits) is the one that goes into it. */
export function signSigstruct(
  bytes: Uint8Array,
  publicKey: KeyObject,
  privateKey: KeyObject,
): Uint8Array {
  const { n = '' } = publicKey.export({ format: 'jwk' });
  const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`);
  const data = concatBytes(bytes.subarray(0, 128), bytes.subarray(900, 1028));
  const digest = Buffer.concat([digestInfo, createHash('sha256').update(data).digest()]);
  const padding = constants.RSA_PKCS1_PADDING;
  const signature = privateEncrypt({ key: privateKey, padding }, digest);
  const s = BigInt(`0x${signature.toString('hex')}`);
  const q1 = (s * s) / modulus;
  const signed = new Uint8Array(bytes);
  signed.set(littleEndian(modulus), 128);
  signed.set([3, 0, 0, 0], 512);
  signed.set(littleEndian(s), 516);
  signed.set(littleEndian(q1), 1040);
  signed.set(littleEndian((s * (s * s - q1 * modulus)) / modulus), 1424);
  return signed;
}

/** A production enclave of product 1, version 2, not signed yet. */
export function makeSigstruct(mrEnclave: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1808);
  bytes.set(decodeHex('06000000e10000000000010000000000'));
  bytes.set(decodeHex('22112620'), 20);
  bytes.set(decodeHex('01010000600000006000000001000000'), 24);
  bytes.fill(0xff, 904, 908);
  bytes.set(decodeHex('04000000000000000300000000000000'), 928);
  bytes.set(decodeHex('ffffffffffffffff1bffffffffffffff'), 944);
  bytes.set(mrEnclave, 960);
  bytes.set([1, 0, 2, 0], 1024);
  return bytes;
}
