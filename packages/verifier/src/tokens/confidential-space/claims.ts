// What a verified Google Confidential Space token says (cloud.google.com/confidential-computing/confidential-space,
// "Attestation token claims"). Everything in it is Google's word: no measurement of the CPU is in it.

import { concatBytes } from '../../encoding/bytes.js';
import { decodeHex } from '../../encoding/hex.js';
import { EvidenceError } from '../../errors.js';
import type { StatedClaims } from '../../join-claims.js';
import type { ClaimReader } from '../../jose/claim-reader.js';
import type { VerifiedToken } from '../../jose/verify-token.js';
import { parseTcbStatus, tcbClaim } from '../stated-tcb.js';
import { type Bound, type TokenFacts, unbound } from '../token-format.js';

const environmentMax = 256;

/**
 * A nonce has room for 74 characters, so the 64 bytes come in two: hex of the first 32, hex of the other
 * 32, in this order and nothing else beside them.
 */
function readNonces(claims: ClaimReader): Bound {
  const value = claims.object.eat_nonce;
  // One nonce, or none; anything but a string is refused.
  if (!Array.isArray(value)) {
    claims.findText('eat_nonce');
    return unbound;
  }
  const halves = claims.findTexts('eat_nonce') ?? [];
  if (halves.length !== 2 || !halves.every((half) => /^[0-9a-f]{64}$/.test(half))) return unbound;
  return { kind: 'binding', bytes: concatBytes(...halves.map(decodeHex)) };
}

function readAssignments(container: ClaimReader, name: string): readonly string[] | null {
  const environment = container.findObject(name);
  if (environment === null) return null;
  const names = environment.names.toSorted();
  if (names.length > environmentMax) throw container.invalid(name, 'fewer variables');
  return names.map((variable) => `${variable}=${environment.getText(variable)}`);
}

function readContainer(container: ClaimReader): StatedClaims {
  return {
    image_digest: container.getText('image_digest'),
    image_reference: container.findText('image_reference'),
    image_id: container.findText('image_id'),
    restart_policy: container.findText('restart_policy'),
    args: container.findTexts('args'),
    // What the operator of the VM changed about the container: a workload's author wants none.
    cmd_override: container.findTexts('cmd_override'),
    env: readAssignments(container, 'env'),
    env_override: readAssignments(container, 'env_override'),
  };
}

function readMachine(machine: ClaimReader): StatedClaims {
  return {
    project_id: machine.getText('project_id'),
    project_number: machine.findText('project_number'),
    zone: machine.findText('zone'),
    instance_name: machine.findText('instance_name'),
    instance_id: machine.findText('instance_id'),
  };
}

/** @throws EvidenceError 'claim-invalid' | 'tcb-revoked' */
export function readConfidentialSpaceFacts({ claims }: VerifiedToken): TokenFacts {
  const submodules = claims.getObject('submods');
  const space = submodules.findObject('confidential_space');
  const gpuMode = submodules.findObject('nvidia_gpu')?.findText('cc_mode') ?? null;
  const hwmodel = claims.getText('hwmodel');
  const status = claims.findObject('tdx')?.findText('gcp_attester_tcb_status') ?? null;
  const tcbStatus = status === null ? null : parseTcbStatus(status);
  const dbgstat = claims.getText('dbgstat');
  const isTdx = hwmodel === 'GCP_INTEL_TDX';
  if (tcbStatus !== null && !isTdx) {
    throw new EvidenceError('claim-invalid', 'token: a TDX status on other hardware');
  }
  return {
    // Production images say 'disabled-since-boot'; nothing else is one of them.
    debug: dbgstat !== 'disabled-since-boot' || gpuMode === 'DEVTOOLS',
    tcbStatus,
    advisories: [],
    bound: readNonces(claims),
    values: [
      {
        hwmodel,
        dbgstat,
        swname: claims.getText('swname'),
        swversion: claims.findTexts('swversion') ?? [],
        secure_boot: claims.getFlag('secboot'),
        subject: claims.getText('sub'),
        support_attributes: space?.findTexts('support_attributes') ?? [],
        service_accounts: claims.findTexts('google_service_accounts') ?? [],
        gpu_cc_mode: gpuMode,
        memory_monitoring: space?.findObject('monitoring_enabled')?.findFlag('memory') ?? null,
      },
      isTdx ? tcbClaim(tcbStatus) : {},
      readContainer(submodules.getObject('container')),
      readMachine(submodules.getObject('gce')),
    ],
  };
}
