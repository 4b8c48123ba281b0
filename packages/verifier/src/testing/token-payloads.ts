// Good payloads of each issuer's tokens, as the issuers write them, bound to a session by the rule of each format. For
// tests and the simulated TEE only; spoil them by replacing members.

import { createHash } from 'node:crypto';
import { encodeBase64, encodeBase64Url } from '../encoding/base64.js';
import { concatBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { mintToken, type TokenIssuer, type TokenMembers } from './token-issuer.js';

export interface TokenSession {
  /** `iss`. */
  readonly issuer: string;
  /** The 64 bytes that the result is to be bound to. */
  readonly binding: Uint8Array;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

const hex = (byte: string, length: number) => byte.repeat(length);

function jwt({ issuer, issuedAt, expiresAt }: TokenSession): TokenMembers {
  return { iss: issuer, iat: issuedAt, nbf: issuedAt, exp: expiresAt, jti: 'software-1' };
}

/** Claims on a TD as Microsoft and Intel write them, with this REPORT_DATA. */
function tdClaims(reportData: string): TokenMembers {
  return {
    tdx_mrtd: hex('ab', 48),
    tdx_mrseam: hex('11', 48),
    tdx_mrsignerseam: hex('00', 48),
    tdx_mrconfigid: hex('00', 48),
    tdx_mrowner: hex('00', 48),
    tdx_mrownerconfig: hex('00', 48),
    tdx_rtmr0: hex('a0', 48),
    tdx_rtmr1: hex('a1', 48),
    tdx_rtmr2: hex('a2', 48),
    tdx_rtmr3: hex('00', 48),
    tdx_seam_attributes: hex('00', 8),
    tdx_td_attributes: '0000001000000000',
    tdx_td_attributes_debug: false,
    tdx_is_debuggable: false,
    tdx_xfam: 'e702060000000000',
    tdx_tee_tcb_svn: '05000600000000000000000000000000',
    tdx_report_data: reportData,
    attester_tcb_status: 'UpToDate',
    attester_tcb_date: '2025-03-12T00:00:00Z',
  };
}

function snpClaims(reportData: string): TokenMembers {
  const name = (end: string) => `x-ms-sevsnpvm-${end}`;
  return {
    'x-ms-attestation-type': 'sevsnpvm',
    'x-ms-compliance-status': 'azure-compliant-uvm',
    [name('authorkeydigest')]: hex('00', 48),
    [name('bootloader-svn')]: 4,
    [name('familyId')]: hex('01', 16),
    [name('guestsvn')]: 2,
    [name('hostdata')]: hex('cd', 32),
    [name('idkeydigest')]: hex('1d', 48),
    [name('imageId')]: hex('02', 16),
    [name('is-debuggable')]: false,
    [name('launchmeasurement')]: hex('ab', 48),
    [name('microcode-svn')]: 219,
    [name('migration-allowed')]: false,
    [name('reportdata')]: reportData,
    [name('reportid')]: hex('1e', 32),
    [name('smt-allowed')]: true,
    [name('snpfw-svn')]: 24,
    [name('tee-svn')]: 0,
    [name('vmpl')]: 0,
  };
}

/** Azure Attestation of an enclave, a TD, an SNP guest, or a whole confidential VM. */
export function maaPayload(
  session: TokenSession,
  type: 'sgx' | 'tdxvm' | 'sevsnpvm' | 'azurevm',
): TokenMembers {
  const reportData = encodeHex(session.binding);
  const base = { ...jwt(session), 'x-ms-policy-hash': 'policy-hash', 'x-ms-ver': '1.0' };
  switch (type) {
    case 'sgx':
      return {
        ...base,
        'x-ms-attestation-type': 'sgx',
        'x-ms-sgx-is-debuggable': false,
        'x-ms-sgx-mrenclave': hex('e1', 32),
        'x-ms-sgx-mrsigner': hex('e2', 32),
        'x-ms-sgx-product-id': 1,
        'x-ms-sgx-svn': 2,
        'x-ms-sgx-report-data': reportData,
      };
    case 'tdxvm':
      return { ...base, 'x-ms-attestation-type': 'tdxvm', ...tdClaims(reportData) };
    case 'sevsnpvm':
      return { ...base, ...snpClaims(reportData) };
    case 'azurevm':
      return {
        ...base,
        secureboot: true,
        'x-ms-attestation-type': 'azurevm',
        'x-ms-azurevm-bootdebug-enabled': false,
        'x-ms-azurevm-debuggersdisabled': true,
        'x-ms-azurevm-vmid': '00000000-0000-0000-0000-000000000001',
        'x-ms-isolation-tee': {
          ...snpClaims(hex('77', 64)),
          'x-ms-compliance-status': 'azure-compliant-cvm',
        },
        'x-ms-runtime': { 'client-payload': { nonce: encodeBase64(session.binding) } },
      };
  }
}

const verifierNonce = {
  val: encodeBase64(new Uint8Array(64).fill(0x17)),
  iat: encodeBase64(new TextEncoder().encode('2026-05-01 11:59:30 +0000 UTC')),
};

/** REPORT_DATA as Intel's clients make it: over the service's nonce and what the attester holds. */
function intelReportData(
  digest: 'sha256' | 'sha512',
  held: Uint8Array,
  withNonce: boolean,
): string {
  const nonce = withNonce ? [verifierNonce.val, verifierNonce.iat] : [];
  const bytes = concatBytes(
    ...nonce.map((text) => new Uint8Array(Buffer.from(text, 'base64'))),
    held,
  );
  return createHash(digest).update(bytes).digest('hex').padEnd(128, '0');
}

export interface ItaOptions {
  readonly tee: 'TDX' | 'SGX';
  /** 'nonce': held data and the service's nonce; 'held': held data alone; 'direct': REPORT_DATA. */
  readonly bind: 'nonce' | 'held' | 'direct';
}

export function itaPayload(session: TokenSession, { tee, bind }: ItaOptions): TokenMembers {
  const { binding } = session;
  const digest = tee === 'TDX' ? 'sha512' : 'sha256';
  const reportData =
    bind === 'direct' ? encodeHex(binding) : intelReportData(digest, binding, bind === 'nonce');
  return {
    ...jwt(session),
    ver: '1.0.0',
    eat_profile: 'https://portal.trustauthority.intel.com/eat_profile.html',
    intuse: 'generic',
    dbgstat: 'disabled',
    attester_type: tee,
    ...(tee === 'TDX'
      ? tdClaims(reportData)
      : {
          attester_tcb_status: 'UpToDate',
          sgx_is_debuggable: false,
          sgx_mrenclave: hex('e1', 32),
          sgx_mrsigner: hex('e2', 32),
          sgx_isvprodid: 1,
          sgx_isvsvn: 2,
          sgx_report_data: reportData,
        }),
    ...(bind === 'direct' ? {} : { attester_held_data: encodeBase64(binding) }),
    ...(bind === 'nonce' ? { verifier_nonce: verifierNonce } : {}),
    policy_ids_matched: [{ id: 'policy-1', version: 'v1', hash: 'AAAA' }],
    policy_ids_unmatched: [],
  };
}

export function confidentialSpacePayload(session: TokenSession, audience: string): TokenMembers {
  const text = encodeHex(session.binding);
  return {
    ...jwt(session),
    aud: audience,
    sub: 'https://www.googleapis.com/compute/v1/projects/software/zones/z/instances/i',
    eat_nonce: [text.slice(0, 64), text.slice(64)],
    eat_profile: 'https://cloud.google.com/confidential-computing/confidential-space/docs',
    secboot: true,
    oemid: 11129,
    hwmodel: 'GCP_INTEL_TDX',
    swname: 'CONFIDENTIAL_SPACE',
    swversion: ['250800'],
    dbgstat: 'disabled-since-boot',
    submods: {
      confidential_space: {
        support_attributes: ['LATEST', 'STABLE', 'USABLE'],
        monitoring_enabled: { memory: false },
      },
      container: {
        image_digest: `sha256:${hex('1a', 32)}`,
        image_reference: 'registry.example/app@sha256:1a',
        restart_policy: 'Never',
        args: ['/app'],
        env: { PATH: '/bin', HOSTNAME: 'i' },
      },
      gce: { project_id: 'software', project_number: '1', zone: 'z', instance_id: '7' },
    },
    tdx: { gcp_attester_tcb_status: 'UpToDate' },
    google_service_accounts: ['app@software.iam.gserviceaccount.com'],
  };
}

/** NRAS claims 3.0 of one GPU. */
export function nrasDevicePayload(
  session: TokenSession,
  nonce: Uint8Array,
  ueid = '481858',
): TokenMembers {
  const chain = { 'x-nvidia-cert-status': 'valid', 'x-nvidia-cert-ocsp-status': 'good' };
  const checks = [
    'arch-check',
    'attestation-report-cert-chain-fwid-match',
    'attestation-report-nonce-match',
    'attestation-report-parsed',
    'attestation-report-signature-verified',
    'driver-rim-signature-verified',
    'vbios-rim-signature-verified',
    'vbios-index-no-conflict',
  ];
  return {
    ...jwt(session),
    eat_nonce: encodeHex(nonce),
    ueid,
    oemid: '5703',
    hwmodel: 'GH100 A01 GSP BROM',
    dbgstat: 'disabled',
    secboot: true,
    measres: 'success',
    'x-nvidia-device-type': 'gpu',
    'x-nvidia-gpu-claims-version': '3.0',
    'x-nvidia-gpu-driver-version': '580.159.03',
    'x-nvidia-gpu-vbios-version': '96.00.D9.00.01',
    'x-nvidia-gpu-attestation-report-cert-chain': chain,
    ...Object.fromEntries(checks.map((check) => [`x-nvidia-gpu-${check}`, true])),
  };
}

/** The overall payload over these devices' tokens, by name. */
export function nrasOverallPayload(
  session: TokenSession,
  nonce: Uint8Array,
  devices: Readonly<Record<string, string>>,
): TokenMembers {
  const digest = (token: string) => createHash('sha256').update(token).digest('hex');
  return {
    ...jwt(session),
    sub: 'NVIDIA-PLATFORM-ATTESTATION',
    'x-nvidia-ver': '3.0',
    'x-nvidia-overall-att-result': true,
    eat_nonce: encodeHex(nonce),
    submods: Object.fromEntries(
      Object.entries(devices).map(([name, token]) => [
        name,
        ['DIGEST', ['SHA-256', digest(token)]],
      ]),
    ),
  };
}

export const nrasText = (overall: string, devices: Readonly<Record<string, string>>) =>
  JSON.stringify([['JWT', overall], devices]);

/** A whole NRAS result over these devices' payloads. */
export function mintNrasResult(
  issuer: TokenIssuer,
  session: TokenSession,
  nonce: Uint8Array,
  payloads: Readonly<Record<string, TokenMembers>>,
): string {
  const devices = Object.fromEntries(
    Object.entries(payloads).map(([name, payload]) => [name, mintToken(issuer, payload)]),
  );
  return nrasText(mintToken(issuer, nrasOverallPayload(session, nonce, devices)), devices);
}

/** One affirming appraisal: in the current profile, as Veraison wrote it, or as Trustee does. */
export function earPayload(
  session: TokenSession,
  profile: 'ietf' | 'veraison' | 'trustee',
): TokenMembers {
  const vector = { 'instance-identity': 2, configuration: 2, executables: 3, hardware: 2 };
  const nonce = encodeBase64Url(session.binding);
  const { issuedAt: iat, expiresAt: exp } = session;
  const id = { developer: session.issuer, build: 'software 1' };
  const old = { 'ear.status': 'affirming', 'ear.trustworthiness-vector': vector };
  switch (profile) {
    case 'ietf':
      return {
        eat_profile: 'tag:ietf.org,2026:rats/ear#03',
        iat,
        exp,
        ear_verifier_id: id,
        submods: {
          cpu0: {
            ear_status: 'affirming',
            ear_trustworthiness_vector: vector,
            ear_appraisal_policy_ids: ['policy-1'],
            eat_nonce: nonce,
          },
        },
      };
    case 'veraison':
      return {
        eat_profile: 'tag:github.com,2023:veraison/ear',
        iat,
        exp,
        'ear.verifier-id': id,
        eat_nonce: nonce,
        submods: { PSA_IOT: { ...old, 'ear.appraisal-policy-id': 'policy-1' } },
      };
    case 'trustee':
      return {
        eat_profile: 'tag:github.com,2024:confidential-containers/Trustee',
        iat,
        exp,
        'ear.verifier-id': id,
        submods: {
          cpu0: {
            ...old,
            'ear.appraisal-policy-id': 'policy-1',
            'ear.veraison.annotated-evidence': {
              report_data: encodeHex(session.binding),
              runtime_data_claims: { nonce: 'n' },
              tdx: {
                quote: { body: { mr_td: hex('ab', 48) } },
                td_attributes: { debug: false, septve_disable: true },
              },
            },
          },
        },
      };
  }
}
