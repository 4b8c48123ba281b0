// What a verified Microsoft Azure Attestation token says, under the names that the claims of quotes and reports
// have (learn.microsoft.com/azure/attestation: "claim sets", "attestation token examples").

import { decodeBase64 } from '../../encoding/base64.js';
import { decodeHex } from '../../encoding/hex.js';
import { EvidenceError } from '../../errors.js';
import type { StatedClaims } from '../../join-claims.js';
import type { ClaimReader } from '../../jose/claim-reader.js';
import type { VerifiedToken } from '../../jose/verify-token.js';
import type { TcbStatus } from '../../types.js';
import { parseTcbStatus, tcbClaim } from '../stated-tcb.js';
import { readStatedTd } from '../tdx-profile.js';
import { type Bound, type TokenFacts, unbound } from '../token-format.js';

/** What is said of the TEE, whichever it is. */
interface StatedTee {
  readonly debug: boolean;
  readonly tcbStatus: TcbStatus | null;
  readonly reportData: Uint8Array;
  readonly values: readonly StatedClaims[];
}

function readSgx(claims: ClaimReader): StatedTee {
  const name = (end: string) => `x-ms-sgx-${end}`;
  const reportData = claims.findHex(name('report-data'), 64);
  return {
    debug: claims.getFlag(name('is-debuggable')),
    tcbStatus: null,
    reportData: reportData === null ? new Uint8Array() : decodeHex(reportData),
    values: [
      {
        tee: 'sgx',
        mrenclave: claims.getHex(name('mrenclave'), 32),
        mrsigner: claims.getHex(name('mrsigner'), 32),
        isvprodid: claims.getCount(name('product-id')),
        isvsvn: claims.getCount(name('svn')),
        report_data: reportData,
        tcb_baseline: claims.findText(name('tcbidentifier')),
      },
      tcbClaim(null),
    ],
  };
}

function readTdx(claims: ClaimReader): StatedTee {
  const td = readStatedTd(claims);
  const status = claims.findText('attester_tcb_status');
  const tcbStatus = status === null ? null : parseTcbStatus(status);
  return {
    ...td,
    tcbStatus,
    values: [td.values, { tcb_date: claims.findText('attester_tcb_date') }, tcbClaim(tcbStatus)],
  };
}

function readSnp(claims: ClaimReader): StatedTee {
  const name = (end: string) => `x-ms-sevsnpvm-${end}`;
  const hex = (end: string, length: number) => claims.getHex(name(end), length);
  const reportData = hex('reportdata', 64);
  const count = (end: string) => claims.getCount(name(end));
  const debug = claims.getFlag(name('is-debuggable'));
  return {
    debug,
    tcbStatus: null,
    reportData: decodeHex(reportData),
    values: [
      {
        tee: 'sev-snp',
        measurement: hex('launchmeasurement', 48),
        host_data: hex('hostdata', 32),
        report_data: reportData,
        report_id: hex('reportid', 32),
        id_key_digest: hex('idkeydigest', 48),
        author_key_digest: hex('authorkeydigest', 48),
        family_id: hex('familyId', 16),
        image_id: hex('imageId', 16),
        guest_svn: count('guestsvn'),
        vmpl: count('vmpl'),
        policy_debug_allowed: debug,
        policy_migrate_ma_allowed: claims.getFlag(name('migration-allowed')),
        policy_smt_allowed: claims.getFlag(name('smt-allowed')),
        reported_tcb_bootloader: count('bootloader-svn'),
        reported_tcb_tee: count('tee-svn'),
        reported_tcb_snp: count('snpfw-svn'),
        reported_tcb_microcode: count('microcode-svn'),
      },
    ],
  };
}

const readers = { sgx: readSgx, tdxvm: readTdx, sevsnpvm: readSnp } as const;

function typeOf(claims: ClaimReader): string {
  return claims.getText('x-ms-attestation-type');
}

function readTee(claims: ClaimReader): StatedTee {
  const type = typeOf(claims);
  const read = Object.entries(readers).find(([known]) => known === type)?.[1];
  if (read === undefined) throw claims.invalid('x-ms-attestation-type', 'a TEE');
  const tee = read(claims);
  const compliance = claims.findText('x-ms-compliance-status');
  const values = { attestation_type: type, compliance_status: compliance };
  return { ...tee, values: [...tee.values, values] };
}

/** The client's nonce, which the VM's TPM quote covered: base64 of the 64 bytes. */
function readPayloadNonce(claims: ClaimReader): Bound {
  const payload = claims.findObject('x-ms-runtime')?.findObject('client-payload') ?? null;
  const nonce = payload?.findText('nonce') ?? null;
  return nonce === null || nonce === '' ? unbound : { kind: 'binding', bytes: decodeBase64(nonce) };
}

/**
 * A whole confidential VM: the TEE's claims are a member, its REPORT_DATA holds the keys of the vTPM,
 * and the session is in what the vTPM signed.
 */
function readVm(claims: ClaimReader): { readonly tee: StatedTee; readonly bound: Bound } {
  const isolation = claims.findObject('x-ms-isolation-tee');
  if (isolation === null) {
    throw new EvidenceError('attestation-failed', 'token: the VM has no TEE');
  }
  const tee = readTee(isolation);
  const flag = (end: string) => claims.findFlag(`x-ms-azurevm-${end}`);
  const kernelDebug =
    flag('bootdebug-enabled') === true ||
    flag('kerneldebug-enabled') === true ||
    flag('debuggersdisabled') === false;
  return {
    bound: readPayloadNonce(claims),
    tee: {
      ...tee,
      debug: tee.debug || kernelDebug,
      values: [
        ...tee.values,
        {
          secure_boot: claims.findFlag('secureboot'),
          vm_id: claims.findText('x-ms-azurevm-vmid'),
          kernel_debug: kernelDebug,
          attestation_type: 'azurevm',
          isolation_type: typeOf(isolation),
        },
      ],
    },
  };
}

/** @throws EvidenceError 'claim-invalid' | 'attestation-failed' | 'tcb-revoked' */
export function readMaaFacts({ claims }: VerifiedToken): TokenFacts {
  const isVm = typeOf(claims) === 'azurevm';
  const { tee, bound } = isVm ? readVm(claims) : { tee: readTee(claims), bound: null };
  return {
    debug: tee.debug,
    tcbStatus: tee.tcbStatus,
    advisories: [],
    bound: bound ?? { kind: 'binding', bytes: tee.reportData },
    values: [...tee.values, { policy_hash: claims.getText('x-ms-policy-hash') }],
  };
}
