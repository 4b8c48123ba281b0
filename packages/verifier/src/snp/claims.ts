// A verified report as named claims. Says what is so; whether it is good enough is appraise().

import { isZero } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { joinClaims, type StatedClaims } from '../join-claims.js';
import type { ClaimValue } from '../types.js';
import type { EndorsementKey } from './endorsement-key.js';
import type { FirmwareVersion, SnpReport } from './parse.js';
import type { SnpProduct, SnpSigner } from './product.js';
import { guestPolicyBits, platformInfoBits } from './report-bits.js';
import type { TcbVersion } from './tcb.js';

export interface SnpFacts {
  readonly report: SnpReport;
  readonly key: EndorsementKey;
  readonly product: SnpProduct;
  readonly signer: SnpSigner;
  readonly revocationChecked: boolean;
}

type Claims = Record<string, ClaimValue>;

const hex64 = (value: bigint) => value.toString(16).padStart(16, '0');

function bitClaims(
  prefix: string,
  bits: Readonly<Record<string, unknown>>,
  from: Readonly<Record<string, unknown>>,
): Claims {
  return Object.fromEntries(
    Object.keys(bits).map((name) => [`${prefix}_${name}`, from[name] === true]),
  );
}

function tcbClaims(prefix: string, tcb: TcbVersion): Claims {
  const claims: Claims = { [prefix]: tcb.raw };
  for (const [part, level] of Object.entries(tcb.parts)) claims[`${prefix}_${part}`] = level;
  return claims;
}

function firmwareClaims(prefix: string, version: FirmwareVersion): Claims {
  return {
    [`${prefix}_major`]: version.major,
    [`${prefix}_minor`]: version.minor,
    [`${prefix}_build`]: version.build,
  };
}

function identityClaims({ report, key, product, signer }: SnpFacts): StatedClaims {
  const migrationAgent = encodeHex(report.reportIdMa);
  const chipIdMasked = isZero(report.chipId);
  // Only a VCEK's certificate names a chip. A VLEK is the same on many, so what its report says of
  // the chip must not pass a list of chips.
  const endorsed = key.hwid !== null || chipIdMasked;
  return {
    product,
    product_name: key.productName,
    signer,
    [endorsed ? 'chip_id' : 'unendorsed_chip_id']: encodeHex(report.chipId),
    chip_id_masked: chipIdMasked,
    certificate_hwid: key.hwid === null ? null : encodeHex(key.hwid),
    csp_id: key.cspId,
    report_id: encodeHex(report.reportId),
    report_id_ma: migrationAgent,
    // All ones: none is associated (SEV-SNP ABI 1.58, section 4.5).
    migration_agent: !/^(f{64}|0{64})$/.test(migrationAgent),
    author_key_enabled: report.keyInfo.authorKeyEnabled,
    mask_chip_key: report.keyInfo.maskChipKey,
  };
}

function newerClaims({ cpuid, mitigations }: SnpReport): StatedClaims {
  return {
    cpuid_family: cpuid?.family ?? null,
    cpuid_model: cpuid?.model ?? null,
    cpuid_stepping: cpuid?.stepping ?? null,
    launch_mitigation_vector: mitigations === null ? null : hex64(mitigations.launch),
    current_mitigation_vector: mitigations === null ? null : hex64(mitigations.current),
  };
}

/**
 * Byte strings are lower-case hex in the report's order; bit fields are hex with the most significant
 * digit first. A claim that the report's version or the product does not have is absent, so that a
 * policy that asks for it is not met.
 */
export function snpClaims(facts: SnpFacts): Readonly<Record<string, ClaimValue>> {
  const { report } = facts;
  return joinClaims(
    { report_version: report.version },
    identityClaims(facts),
    {
      vmpl: report.vmpl,
      guest_svn: report.guestSvn,
      measurement: encodeHex(report.measurement),
      report_data: encodeHex(report.reportData),
      host_data: encodeHex(report.hostData),
      family_id: encodeHex(report.familyId),
      image_id: encodeHex(report.imageId),
      id_key_digest: encodeHex(report.idKeyDigest),
      author_key_digest: encodeHex(report.authorKeyDigest),
      policy: hex64(report.policy.raw),
      policy_abi_major: report.policy.abiMajor,
      policy_abi_minor: report.policy.abiMinor,
    },
    bitClaims('policy', guestPolicyBits, report.policy),
    {
      platform_info: hex64(report.platformInfo.raw),
      platform_unknown_bits: hex64(report.platformInfo.unknownBits),
    },
    bitClaims('platform', platformInfoBits, report.platformInfo),
    tcbClaims('reported_tcb', report.reportedTcb),
    tcbClaims('committed_tcb', report.committedTcb),
    tcbClaims('current_tcb', report.currentTcb),
    tcbClaims('launch_tcb', report.launchTcb),
    firmwareClaims('current_firmware', report.currentFirmware),
    firmwareClaims('committed_firmware', report.committedFirmware),
    newerClaims(report),
    { revocation_checked: facts.revocationChecked },
  );
}
