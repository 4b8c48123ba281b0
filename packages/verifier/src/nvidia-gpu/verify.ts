// Verifies a GPU's report: chain to NVIDIA's root, firmware identity, signature over the transcript, nonce of this
// session. Measurements are left to appraise(). Must never take the nonce of the response for ours.

import { checkNonce } from '../binding.js';
import { equalBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { joinClaims, type StatedClaims } from '../join-claims.js';
import { mint } from '../mint.js';
import { parseCertificate, parseCertificatesPem } from '../pki/certificate.js';
import { isChainRoot, type RevocationPolicy, verifyChain } from '../pki/chain.js';
import { parseCrl } from '../pki/crl.js';
import type { Endorsements, VerifiedClaims, VerifyInput } from '../types.js';
import { type GpuDevice, readDevice } from './device.js';
import { opaqueClaims, opaqueType } from './opaque.js';
import type { GpuReport } from './parse.js';

/** What NVIDIA says about the device. Untrusted until verify. All DER. */
export interface GpuEndorsements extends Endorsements {
  readonly format: 'nvidia-gpu';
  /** Leaf first; the root may be among them. */
  readonly chain: readonly Uint8Array[];
  /**
   * NVIDIA's lists, one for every issuer above the device's own certificates; or the literal that says
   * that nobody looked. The claim `revocation_checked` tells which.
   */
  readonly revocation:
    | { readonly kind: 'crls'; readonly crls: readonly Uint8Array[] }
    | { readonly kind: 'not-checked' };
}

const crlsMax = 8;

/** The chain as the driver hands it out, in PEM. @throws EvidenceError as parseCertificate */
export function gpuEndorsementsFromPem(
  pem: Uint8Array | string,
  revocation: GpuEndorsements['revocation'],
): GpuEndorsements {
  const chain = parseCertificatesPem(pem).map(({ raw }) => raw);
  return { format: 'nvidia-gpu', chain, revocation };
}

function parseRevocation(revocation: GpuEndorsements['revocation']): RevocationPolicy {
  if (revocation.kind === 'not-checked') return revocation;
  if (revocation.crls.length > crlsMax) {
    throw new EvidenceError('crl-invalid', `CRLs: more than ${crlsMax}`);
  }
  return { kind: 'crls', crls: revocation.crls.map(parseCrl), requiredFor: 'intermediates' };
}

/** The firmware that wrote the report is the one whose key signed it. */
function checkFirmware({ opaque }: GpuReport, { fwid }: GpuDevice): void {
  const stated = opaque.get(opaqueType.fwid);
  if (stated === undefined || !equalBytes(stated, fwid)) {
    throw new EvidenceError('report-signer-mismatch', 'GPU report: of other firmware than its key');
  }
}

function gpuClaims(report: GpuReport, device: GpuDevice): readonly StatedClaims[] {
  const measurements = [...report.measurements].map(
    ([index, digest]) => [`measurement_${index}`, encodeHex(digest)] as const,
  );
  return [
    {
      hwmodel: device.model,
      device_serial: device.serial,
      nonce: encodeHex(report.nonce),
    },
    opaqueClaims(report.opaque),
    { measurement_count: report.measurements.size },
    Object.fromEntries(measurements),
  ];
}

/** @throws EvidenceError at the first fault */
export async function verifyGpuReport(
  input: VerifyInput<GpuReport, GpuEndorsements>,
): Promise<VerifiedClaims> {
  const { evidence: report, endorsements, roots, now, provider } = input;
  const chain = await verifyChain({
    chain: endorsements.chain.map(parseCertificate),
    trustedRoots: roots.filter(isChainRoot),
    revocation: parseRevocation(endorsements.revocation),
    now,
    provider,
  });
  const device = readDevice(chain);
  checkFirmware(report, device);
  const { spki } = chain.leaf.publicKey;
  if (!(await provider.verify('ecdsa-p384-sha384', spki, report.signature, report.signed))) {
    throw new EvidenceError('signature-invalid', 'GPU report: signature does not verify');
  }
  return mint({
    format: 'nvidia-gpu',
    // The report has no word on developer mode: only its measurements tell (see policy.ts).
    debug: false,
    binding: await checkNonce(report.nonce, input.expectedBinding, provider),
    tcbStatus: null,
    advisories: [],
    endorsementAges: {},
    verifiedAt: now.toISOString(),
    values: joinClaims(...gpuClaims(report, device), {
      revocation_checked: chain.revocationChecked,
    }),
  });
}
