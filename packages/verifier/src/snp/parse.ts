// ATTESTATION_REPORT, bytes to fields (SEV-SNP ABI 1.58, table 23). Trusts nothing: what is here is
// what the report says. Must never accept a byte that its version does not define.

import { copyBytes } from '../encoding/bytes.js';
import { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import type { Evidence } from '../types.js';
import { type Cpuid, findProductByCpuid, type SnpProduct } from './product.js';
import {
  type GuestPolicy,
  type KeyInfo,
  type PlatformInfo,
  parseGuestPolicy,
  parseKeyInfo,
  parsePlatformInfo,
} from './report-bits.js';
import { parseTcb, type TcbVersion, tcbLayoutOf } from './tcb.js';

export const snpReportBytes = 1184;
const signedBytes = 0x2a0;

export interface FirmwareVersion {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
}

/** A parsed report, NOT trusted. Byte strings are views on `raw`. */
export interface SnpReport extends Evidence {
  readonly format: 'sev-snp';
  readonly raw: Uint8Array;
  /** What the signature covers: bytes 0x00–0x29F. */
  readonly signed: Uint8Array;
  /** r || s, big-endian, 48 bytes each. */
  readonly signature: Uint8Array;
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: GuestPolicy;
  readonly familyId: Uint8Array;
  readonly imageId: Uint8Array;
  readonly vmpl: number;
  readonly platformInfo: PlatformInfo;
  readonly keyInfo: KeyInfo;
  readonly reportData: Uint8Array;
  readonly measurement: Uint8Array;
  readonly hostData: Uint8Array;
  readonly idKeyDigest: Uint8Array;
  readonly authorKeyDigest: Uint8Array;
  readonly reportId: Uint8Array;
  readonly reportIdMa: Uint8Array;
  /** From version 3 on; null before. */
  readonly cpuid: Cpuid | null;
  /** By CPUID; null in version 2, where only the certificates tell. */
  readonly product: SnpProduct | null;
  readonly chipId: Uint8Array;
  readonly reportedTcb: TcbVersion;
  readonly currentTcb: TcbVersion;
  readonly committedTcb: TcbVersion;
  readonly launchTcb: TcbVersion;
  readonly currentFirmware: FirmwareVersion;
  readonly committedFirmware: FirmwareVersion;
  /** From version 5 on; null before. */
  readonly mitigations: { readonly launch: bigint; readonly current: bigint } | null;
}

function readHeader(reader: ByteReader) {
  const version = reader.u32le('VERSION');
  // Later versions are read as 5: what they add lies where 5 demands zeros, and is refused there.
  if (version < 2) {
    throw new EvidenceError('unsupported-version', `SNP report: version ${version}, want 2 or up`);
  }
  const guestSvn = reader.u32le('GUEST_SVN');
  const policy = parseGuestPolicy(reader.u64le('POLICY'));
  const familyId = reader.bytes(16, 'FAMILY_ID');
  const imageId = reader.bytes(16, 'IMAGE_ID');
  const vmpl = reader.u32le('VMPL');
  // 0xFFFFFFFF marks a report that the host asked for: its REPORT_DATA is not the guest's.
  if (vmpl > 3) {
    throw new EvidenceError('report-not-from-guest', 'SNP report: VMPL is none of 0 to 3');
  }
  const algorithm = reader.u32le('SIGNATURE_ALGO');
  if (algorithm !== 1) {
    throw new EvidenceError('unsupported-algorithm', `SNP report: SIGNATURE_ALGO ${algorithm}`);
  }
  return { version, guestSvn, policy, familyId, imageId, vmpl };
}

function readIdentity(reader: ByteReader) {
  const platformInfo = parsePlatformInfo(reader.u64le('PLATFORM_INFO'));
  const keyInfo = parseKeyInfo(reader.u32le('key information'));
  reader.reserved(4, 'at 0x4C');
  return {
    platformInfo,
    keyInfo,
    reportData: reader.bytes(64, 'REPORT_DATA'),
    measurement: reader.bytes(48, 'MEASUREMENT'),
    hostData: reader.bytes(32, 'HOST_DATA'),
    idKeyDigest: reader.bytes(48, 'ID_KEY_DIGEST'),
    authorKeyDigest: reader.bytes(48, 'AUTHOR_KEY_DIGEST'),
    reportId: reader.bytes(32, 'REPORT_ID'),
    reportIdMa: reader.bytes(32, 'REPORT_ID_MA'),
  };
}

function readCpuid(reader: ByteReader, version: number) {
  if (version < 3) {
    reader.reserved(24, 'at 0x188');
    return { cpuid: null, product: null };
  }
  const cpuid = {
    family: reader.u8('CPUID_FAM_ID'),
    model: reader.u8('CPUID_MOD_ID'),
    stepping: reader.u8('CPUID_STEP'),
  };
  reader.reserved(21, 'at 0x18B');
  const product = findProductByCpuid(cpuid);
  if (product === null) {
    const part = `family 0x${cpuid.family.toString(16)} model 0x${cpuid.model.toString(16)}`;
    throw new EvidenceError('unsupported-product', `SNP report: ${part} is not known`);
  }
  return { cpuid, product };
}

function readFirmware(reader: ByteReader, field: string): FirmwareVersion {
  const build = reader.u8(`${field} build`);
  const minor = reader.u8(`${field} minor`);
  const major = reader.u8(`${field} major`);
  reader.reserved(1, `after ${field}`);
  return { major, minor, build };
}

// Both numbers are little-endian in fields of 72 bytes, unlike every other ECDSA signature here.
function readSignature(reader: ByteReader): Uint8Array {
  const signature = new Uint8Array(96);
  for (const [index, name] of ['R', 'S'].entries()) {
    const number = reader.bytes(48, name);
    if (reader.bytes(24, name).some((byte) => byte !== 0)) {
      throw new EvidenceError('malformed', `SNP report: signature ${name} is longer than 48 bytes`);
    }
    signature.set(copyBytes(number).reverse(), 48 * index);
  }
  reader.reserved(512 - 144, 'after the signature');
  return signature;
}

/**
 * Reads exactly one report of 1184 bytes, versions 2, 3, 5 and what fits the layout of 5. The input
 * is copied first.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'reserved-bits' | 'unsupported-version' |
 *   'unsupported-algorithm' | 'unsupported-product' | 'report-not-from-guest' | 'signature-invalid'
 */
export function parseSnpReport(bytes: Uint8Array): SnpReport {
  if (bytes.length !== snpReportBytes) {
    const code = bytes.length > snpReportBytes ? 'trailing-data' : 'malformed';
    throw new EvidenceError(code, `SNP report: ${bytes.length} bytes, want ${snpReportBytes}`);
  }
  const raw = copyBytes(bytes);
  const reader = new ByteReader(raw, 'SNP report');
  const header = readHeader(reader);
  const currentTcbBytes = reader.bytes(8, 'CURRENT_TCB');
  const identity = readIdentity(reader);
  const reportedTcbBytes = reader.bytes(8, 'REPORTED_TCB');
  const { cpuid, product } = readCpuid(reader, header.version);
  const layout = tcbLayoutOf(product);
  const chipId = reader.bytes(64, 'CHIP_ID');
  const committedTcb = parseTcb(reader.bytes(8, 'COMMITTED_TCB'), layout, 'COMMITTED_TCB');
  const currentFirmware = readFirmware(reader, 'CURRENT');
  const committedFirmware = readFirmware(reader, 'COMMITTED');
  const launchTcb = parseTcb(reader.bytes(8, 'LAUNCH_TCB'), layout, 'LAUNCH_TCB');
  const mitigations =
    header.version < 5
      ? null
      : { launch: reader.u64le('LAUNCH_MIT_VECTOR'), current: reader.u64le('CURRENT_MIT_VECTOR') };
  reader.reserved(signedBytes - reader.offset, 'before the signature');
  const signature = readSignature(reader);
  reader.end();
  return {
    format: 'sev-snp',
    raw,
    signed: raw.subarray(0, signedBytes),
    signature,
    ...header,
    ...identity,
    cpuid,
    product,
    chipId,
    reportedTcb: parseTcb(reportedTcbBytes, layout, 'REPORTED_TCB'),
    currentTcb: parseTcb(currentTcbBytes, layout, 'CURRENT_TCB'),
    committedTcb,
    launchTcb,
    currentFirmware,
    committedFirmware,
    mitigations,
  };
}

/** True if length and version are those of a report. For format detection only. */
export function looksLikeSnpReport(bytes: Uint8Array): boolean {
  if (bytes.length !== snpReportBytes) return false;
  const version = new ByteReader(bytes, 'SNP report').u32le('VERSION');
  return version >= 2 && version <= 0xff;
}
