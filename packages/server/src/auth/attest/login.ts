// The attested login, in protocol order (docs/attested-login.md section 4): challenge, role, key, proof, evidence,
// appraisal. Every outcome leaves a decision record before anything is released; the workload gets a code.
import { createHash } from 'node:crypto';
import { type AttestationResult, appraise, EvidenceError } from '@vouchsafe/verifier';
import type { AuthGrant, Request, Response } from '../../framework/backend.js';
import { isAddressAllowed } from '../../framework/cidr.js';
import { ApiError } from '../../framework/errors.js';
import { grantFrom } from '../../framework/token-fields.js';
import {
  EXPORTER_BYTES,
  EXPORTER_LABEL,
  keyName,
  loginProofBytes,
  parsePublicKey,
  reportData,
  signatureHolds,
} from './binding.js';
import { consumeChallenge } from './challenge.js';
import { type Decision, newDecisionId, recordDecision } from './decisions.js';
import { policies, referenceValues } from './documents.js';
import { evaluate, type TrustAnchors } from './evaluate.js';
import { readIdentity } from './identity.js';
import { type AttestRole, findRole, roleUnknown } from './role.js';
import type { CmwRecord, EvidenceFormatName } from './wire.js';

export interface LoginInput {
  readonly role: string;
  readonly challenge: Buffer;
  readonly ticket: Buffer;
  readonly evidence: { readonly format: EvidenceFormatName; readonly bytes: Buffer };
  readonly offered: readonly CmwRecord[];
  readonly publicKey: Buffer;
  readonly binding: 'key' | 'exporter';
  readonly proof: Buffer;
}

/** What is known of a login so far; becomes its decision record. */
type Draft = { -readonly [K in keyof Decision]: Decision[K] };

function newDraft(request: Request, input: LoginInput): Draft {
  return {
    id: newDecisionId(request.now),
    at: request.now,
    outcome: 'refused',
    code: '',
    message: '',
    role: input.role,
    remoteAddress: request.connection.remoteAddress,
    format: input.evidence.format,
    evidenceSha256: createHash('sha256').update(input.evidence.bytes).digest('hex'),
    publicKeySha256: keyName(input.publicKey).toString('hex'),
    binding: 'none',
    policyDigest: '',
    referenceDigests: [],
    tcbStatus: null,
    advisories: [],
    claims: {},
    faults: [],
    endorsementAges: {},
    endorsementSource: '',
    attempts: [],
  };
}

function refused(code: string): ApiError {
  return new ApiError('permission-denied', code, { code });
}

/** @throws ApiError permission-denied with code and decision id; anything unexpected as it is */
export async function login(
  request: Request,
  input: LoginInput,
  trust: TrustAnchors,
): Promise<Response> {
  const scope = { mount: request.mount.path, role: input.role };
  // Used up before anything else is looked at, and before a record is written: anybody can send a made-up challenge.
  await consumeChallenge(request.storage, input, scope, request.now);
  const draft = newDraft(request, input);
  try {
    const role = await admit(request, input);
    const expected = await checkBinding(request, input, role, draft);
    const result = await judge(request, input, role, trust, expected, draft);
    draft.outcome = 'accepted';
    draft.code = 'accepted';
    await recordDecision(request.storage, draft);
    return accepted(request, input, role, result, draft);
  } catch (error) {
    if (draft.outcome === 'accepted') throw error;
    throw await refuse(request, draft, error);
  }
}

async function refuse(request: Request, draft: Draft, error: unknown): Promise<unknown> {
  if (!(error instanceof ApiError) && !(error instanceof EvidenceError)) return error;
  draft.code = error.code;
  draft.message = error.message;
  await recordDecision(request.storage, draft);
  return new ApiError(
    'permission-denied',
    `attestation refused: ${error.code} (decision ${draft.id})`,
    {
      code: error.code,
      data: { code: error.code, decision_id: draft.id },
    },
  );
}

async function admit(request: Request, input: LoginInput): Promise<AttestRole> {
  const role = await findRole(request.storage, input.role);
  if (role === null) throw roleUnknown();
  if (!isAddressAllowed(role.token.boundCidrs, request.connection.remoteAddress)) {
    throw refused('address-not-allowed');
  }
  if (!role.formats.includes(input.evidence.format)) throw refused('format-not-allowed');
  if (role.requiredBinding === 'exporter' && input.binding !== 'exporter') {
    throw refused('binding-too-weak');
  }
  return role;
}

/** Possession of the key, live; and the report data that the evidence must carry. */
async function checkBinding(
  request: Request,
  input: LoginInput,
  role: AttestRole,
  draft: Draft,
): Promise<Buffer> {
  const key = parsePublicKey(input.publicKey);
  const identity = await readIdentity(request.storage);
  const expected = reportData({
    challenge: input.challenge,
    mount: request.mount.path,
    role: input.role,
    serverIdentity: identity.name,
    publicKey: input.publicKey,
    exporter: readExporter(request, input),
  });
  if (!signatureHolds(key, loginProofBytes(expected), input.proof)) throw refused('proof-invalid');
  draft.binding = input.binding;
  draft.policyDigest = role.policy;
  draft.referenceDigests = role.referenceValues;
  return expected;
}

function readExporter(request: Request, input: LoginInput): Buffer {
  if (input.binding === 'key') return Buffer.alloc(0);
  const { tls } = request.connection;
  if (tls === null) throw refused('exporter-unavailable');
  return tls.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, input.challenge);
}

async function judge(
  request: Request,
  input: LoginInput,
  role: AttestRole,
  trust: TrustAnchors,
  expectedBinding: Buffer,
  draft: Draft,
): Promise<AttestationResult> {
  const { document: policy } = await policies.get(request.storage, role.policy);
  const references = [];
  for (const digest of role.referenceValues) {
    references.push((await referenceValues.get(request.storage, digest)).document);
  }
  const { claims, endorsementSource } = await evaluate(trust, {
    format: input.evidence.format,
    evidence: input.evidence.bytes,
    offered: input.offered,
    expectedBinding,
    now: new Date(request.now),
    onAttempt: (attempt) => {
      draft.attempts = [...draft.attempts, attempt];
    },
  });
  const result = appraise(claims, policy, references);
  draft.tcbStatus = result.tcbStatus;
  draft.advisories = result.advisories;
  draft.claims = claims.values;
  draft.faults = result.faults;
  draft.endorsementAges = result.endorsementAges;
  draft.endorsementSource = endorsementSource;
  if (result.status !== 'affirming') {
    const reasons = result.faults.map((fault) => fault.message).join('; ');
    throw new ApiError('permission-denied', reasons, {
      code: result.faults[0]?.code ?? 'appraisal-failed',
    });
  }
  return result;
}

function accepted(
  request: Request,
  input: LoginInput,
  role: AttestRole,
  result: AttestationResult,
  draft: Draft,
): Response {
  const spkiSha256 = keyName(input.publicKey).toString('base64url');
  const auth: AuthGrant = {
    ...grantFrom(role.token, request.connection.remoteAddress),
    displayName: role.name,
    aliasName: role.name,
    metadata: {
      role: role.name,
      format: draft.format,
      policy: role.policy,
      decision_id: draft.id,
      binding: input.binding,
      tcb_status: draft.tcbStatus ?? '',
    },
    internal: { role: role.name, attested_at: String(request.now) },
    boundKey: role.tokenBinding === 'key' ? { spkiSha256 } : null,
  };
  return {
    auth,
    data: {
      attestation: {
        status: result.status,
        decision_id: draft.id,
        policy_digest: role.policy,
        tcb_status: draft.tcbStatus,
        binding: input.binding,
        trust_vector: { ...result.trustVector },
      },
      provision: JSON.parse(JSON.stringify(role.provision)),
    },
  };
}
