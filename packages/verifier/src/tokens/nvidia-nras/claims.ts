// What the verified tokens of an NRAS result say, device by device (docs.attestation.nvidia.com, claims 2.0 and 3.0).
// The tokens are NVIDIA's; that the devices belong to the machine that asked is not in them.

import type { JsonObject } from '../../encoding/strict-json.js';
import { EvidenceError } from '../../errors.js';
import type { StatedClaims } from '../../join-claims.js';
import { ClaimReader } from '../../jose/claim-reader.js';

export interface StatedDevice {
  readonly ueid: string;
  readonly debug: boolean;
  readonly model: string;
  readonly driverVersion: string | null;
  readonly firmwareVersion: string | null;
  readonly secureBoot: boolean;
  /** `measres` of RFC 9711 section 4.2.17. */
  readonly measurementResult: string;
  readonly failedChecks: readonly string[];
  readonly values: StatedClaims;
}

const prefix = 'x-nvidia-';
/** Without these the report is not the device's, or not of this session; `kind` is gpu or switch. */
const indispensable = ['attestation-report-signature-verified', 'attestation-report-nonce-match'];

/** A chain: a verdict of its own in claims 2.0, an object with the status in 3.0. */
function isChainValid(value: JsonObject): boolean {
  const chain = new ClaimReader(value, 'token.cert-chain');
  return (
    chain.findText('x-nvidia-cert-status') === 'valid' &&
    chain.findText('x-nvidia-cert-ocsp-status') === 'good'
  );
}

/** Names of NVIDIA's checks that came out false. Every flag it writes says so when all is well. */
function failedChecks(claims: ClaimReader): readonly string[] {
  return claims.names
    .filter((name) => name.startsWith(prefix))
    .filter((name) => {
      const value = claims.object[name];
      if (typeof value === 'boolean') return !value;
      if (!name.endsWith('-cert-chain')) return false;
      return (
        typeof value !== 'object' ||
        value === null ||
        Array.isArray(value) ||
        !isChainValid(value as JsonObject)
      );
    })
    .map((name) => name.slice(prefix.length))
    .toSorted();
}

function checkReport(claims: ClaimReader, kind: string, failed: readonly string[]): void {
  const chain = `${prefix}${kind}-attestation-report-cert-chain`;
  const hasChain = claims.has(chain) || claims.findFlag(`${chain}-validated`) === true;
  const stated = indispensable.every(
    (name) => claims.findFlag(`${prefix}${kind}-${name}`) === true,
  );
  const broken = failed.some((name) => name.startsWith(`${kind}-attestation-report-cert-chain`));
  if (hasChain && stated && !broken) return;
  throw new EvidenceError('attestation-failed', 'token: NVIDIA did not verify the device’s report');
}

/** @throws EvidenceError 'claim-invalid' | 'attestation-failed' */
export function readDevice(claims: ClaimReader, name: string): StatedDevice {
  const kind = name.startsWith('SWITCH') ? 'switch' : 'gpu';
  const failed = failedChecks(claims);
  checkReport(claims, kind, failed);
  const text = (end: string) => claims.findText(`${prefix}${kind}-${end}`);
  const dbgstat = claims.getText('dbgstat');
  const device = {
    ueid: claims.getText('ueid'),
    model: claims.getText('hwmodel'),
    driverVersion: text('driver-version'),
    firmwareVersion: text('vbios-version') ?? text('bios-version'),
    secureBoot: claims.getFlag('secboot'),
    measurementResult: claims.getText('measres'),
    failedChecks: failed,
  };
  const id = name.toLowerCase().replace('-', '');
  return {
    ...device,
    debug: dbgstat !== 'disabled',
    values: {
      [`${id}_ueid`]: device.ueid,
      [`${id}_oemid`]: claims.findText('oemid'),
      [`${id}_hwmodel`]: device.model,
      [`${id}_driver_version`]: device.driverVersion,
      [`${id}_vbios_version`]: device.firmwareVersion,
      [`${id}_dbgstat`]: dbgstat,
      [`${id}_secure_boot`]: device.secureBoot,
      [`${id}_measurement_result`]: device.measurementResult,
      [`${id}_failed_checks`]: failed,
    },
  };
}
