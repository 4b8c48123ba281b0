// The attested login, in protocol order (docs/attested-login.md section 4): challenge, proof, evidence, role,
// appraisal. What a role is like is looked at last, so that only genuine evidence learns of it. Every outcome leaves a
// decision record before anything is released; the workload gets a code.
import { createHash, type KeyObject } from 'node:crypto';
import { EvidenceError, leadName } from '@vouchsafe/verifier';
import type { AuthGrant, Request, Response } from '../../framework/backend.js';
import { isAddressAllowed } from '../../framework/cidr.js';
import { ApiError } from '../../framework/errors.js';
import { grantFrom } from '../../framework/token-fields.js';
import {
  EXPORTER_BYTES,
  EXPORTER_LABEL,
  keyName,
  loginProofBytes,
  reportData,
  signatureHolds,
} from './binding.js';
import { consumeChallenge } from './challenge.js';
import { type Decision, type DecisionLog, newDecisionId } from './decisions.js';
import { policies, referenceValues } from './documents.js';
import { signEar } from './ear.js';
import type { TrustAnchors } from './evaluate.js';
import { readIdentity } from './identity.js';
import {
  type AppraisedLogin,
  appraiseLogin,
  recordOf,
  type VerifiedLogin,
  verifyLogin,
} from './login-evidence.js';
import { internalOf } from './renewal.js';
import { type AttestRole, findRole } from './role.js';
import type { LoginEvidence, OfferedRecords } from './wire.js';

export interface LoginInput {
  readonly role: string;
  readonly challenge: Buffer;
  readonly ticket: Buffer;
  readonly evidence: LoginEvidence;
  readonly offered: OfferedRecords;
  /** SubjectPublicKeyInfo, and the key that it is. */
  readonly publicKey: Buffer;
  readonly key: KeyObject;
  readonly binding: 'key' | 'exporter';
  readonly proof: Buffer;
}

/** What a login works with beside its request. */
export interface LoginParts {
  readonly trust: TrustAnchors;
  readonly decisions: DecisionLog;
  /** Name and version of this software, for the attestation results that it signs. */
  readonly build: string;
}

/** What is known of a login so far; becomes its decision record. */
type Draft = { -readonly [K in keyof Decision]: Decision[K] };

/** What records and metadata call it. */
function formatOf({ isComposite, parts }: LoginEvidence): string {
  return isComposite ? 'composite' : (parts.get(leadName)?.format ?? '');
}

function newDraft(request: Request, input: LoginInput): Draft {
  return {
    id: newDecisionId(request.now),
    at: request.now,
    outcome: 'refused',
    code: '',
    message: '',
    part: null,
    genuine: false,
    role: input.role,
    remoteAddress: request.connection.remoteAddress,
    format: formatOf(input.evidence),
    evidenceSha256: createHash('sha256').update(input.evidence.received).digest('hex'),
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

/** A refusal on purpose; anything else that is thrown is a fault of the server. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws ApiError permission-denied with code and decision id; anything unexpected as it is */
export async function login(
  request: Request,
  input: LoginInput,
  parts: LoginParts,
): Promise<Response> {
  const draft = newDraft(request, input);
  let response: Response;
  try {
    await useChallenge(request, input);
    const expected = await checkProof(request, input, draft);
    const verified = await verify(request, input, parts.trust, expected, draft);
    const role = await admit(request, input, draft);
    const appraised = await judge(request, role, verified, draft);
    const ear = await signEar(request.storage, {
      submodules: appraised.results,
      policyIds: [role.policy, ...role.referenceValues],
      decisionId: draft.id,
      serverIdentity: (await readIdentity(request.storage)).name,
      workloadKey: input.key,
      role: role.name,
      build: parts.build,
      now: request.now,
    });
    response = accepted(request, input, role, appraised, draft, ear);
  } catch (error) {
    throw await refuse(request, draft, parts.decisions, error);
  }
  draft.outcome = 'accepted';
  draft.code = 'accepted';
  await parts.decisions.record(request.storage, draft);
  return response;
}

/** Used up before anything else is looked at: whatever becomes of this login, no other one has the challenge. */
async function useChallenge(request: Request, input: LoginInput): Promise<void> {
  const scope = { mount: request.mount.path, role: input.role };
  const fault = await consumeChallenge(request.storage, input, scope, request.now);
  if (fault === null) return;
  // Anybody can make these up, so they leave no record.
  if (fault === 'challenge-unknown') throw denied(fault, null);
  throw new Refusal(fault, 'the challenge is good for one login within a minute');
}

function denied(code: string, decisionId: string | null): ApiError {
  const suffix = decisionId === null ? '' : ` (decision ${decisionId})`;
  return new ApiError('permission-denied', `attestation refused: ${code}${suffix}`, {
    code,
    data: decisionId === null ? { code } : { code, decision_id: decisionId },
  });
}

/** The error to answer with, after the record of it is safe. A fault of the server stays one, but leaves a record too. */
async function refuse(
  request: Request,
  draft: Draft,
  decisions: DecisionLog,
  error: unknown,
): Promise<unknown> {
  if (error instanceof ApiError && error.code === 'challenge-unknown') return error;
  const isRefusal =
    error instanceof Refusal || (error instanceof EvidenceError && error.code !== 'input-invalid');
  if (isRefusal) {
    draft.code = error.code;
    draft.message = error.message;
    if (error instanceof EvidenceError) draft.part = error.part;
    await decisions.record(request.storage, draft);
    return denied(error.code, draft.id);
  }
  draft.code = 'internal';
  draft.message = `the server failed: ${error instanceof Error ? error.name : 'unknown fault'}`;
  // The first fault is the one to report; if storage is what failed, there is nowhere to write this.
  await decisions.record(request.storage, draft).catch(() => undefined);
  return error;
}

/** Possession of the key, live; and the report data that the evidence must carry. */
async function checkProof(request: Request, input: LoginInput, draft: Draft): Promise<Buffer> {
  const identity = await readIdentity(request.storage);
  const expected = reportData({
    challenge: input.challenge,
    mount: request.mount.path,
    role: input.role,
    serverIdentity: identity.name,
    publicKey: input.publicKey,
    exporter: readExporter(request, input),
  });
  if (!signatureHolds(input.key, loginProofBytes(expected), input.proof)) {
    throw new Refusal('proof-invalid', 'the proof is not by public_key over what this login binds');
  }
  draft.binding = input.binding;
  return expected;
}

function readExporter(request: Request, input: LoginInput): Buffer {
  if (input.binding === 'key') return Buffer.alloc(0);
  const { tls } = request.connection;
  if (tls === null) {
    throw new Refusal('exporter-unavailable', 'this connection is not TLS up to the server');
  }
  return tls.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, input.challenge);
}

async function verify(
  request: Request,
  input: LoginInput,
  trust: TrustAnchors,
  expectedBinding: Buffer,
  draft: Draft,
): Promise<VerifiedLogin> {
  const verified = await verifyLogin(trust, {
    evidence: input.evidence,
    offered: input.offered,
    expectedBinding,
    now: new Date(request.now),
    onAttempt: (attempt) => {
      draft.attempts = [...draft.attempts, attempt];
    },
  });
  draft.genuine = true;
  Object.assign(draft, recordOf(verified));
  return verified;
}

async function admit(request: Request, input: LoginInput, draft: Draft): Promise<AttestRole> {
  const role = await findRole(request.storage, input.role);
  if (role === null) throw new Refusal('role-unknown', 'there is no role of that name');
  draft.policyDigest = role.policy;
  draft.referenceDigests = role.referenceValues;
  const { boundCidrs } = role.token;
  if (!isAddressAllowed(boundCidrs, request.connection.remoteAddress)) {
    throw new Refusal('address-not-allowed', `the role admits ${boundCidrs.join(', ')}`);
  }
  checkKind(role, input.evidence);
  if (role.requiredBinding === 'exporter' && input.binding !== 'exporter') {
    throw new Refusal('binding-too-weak', 'the role asks for evidence that is bound to TLS');
  }
  return role;
}

/** A role asks for a machine with its parts, or for evidence of one part: never for either. */
function checkKind({ composition, formats }: AttestRole, evidence: LoginEvidence): void {
  if (composition !== null) {
    if (evidence.isComposite) return;
    const parts = Object.keys(composition).join(', ');
    throw new Refusal('composition', `the role asks for composite evidence of ${parts}`);
  }
  if (!evidence.isComposite && formats.includes(formatOf(evidence))) return;
  throw new Refusal('format-not-allowed', `the role admits ${formats.join(', ')}, each alone`);
}

async function judge(
  request: Request,
  role: AttestRole,
  verified: VerifiedLogin,
  draft: Draft,
): Promise<AppraisedLogin> {
  const policy = await policies.find(request.storage, role.policy);
  if (policy === null) throw new Refusal('policy-unknown', `${role.policy} was deleted`);
  const references = [];
  for (const digest of role.referenceValues) {
    const found = await referenceValues.find(request.storage, digest);
    if (found === null) throw new Refusal('reference-values-unknown', `${digest} was deleted`);
    references.push(found.document);
  }
  const appraised = appraiseLogin(verified, role.composition, policy.document, references);
  const { faults } = appraised;
  draft.faults = faults;
  if (appraised.status === 'affirming') return appraised;
  draft.part = appraised.part;
  const reasons = faults.map((fault) => fault.message).join('; ');
  throw new Refusal(faults[0]?.code ?? 'appraisal-failed', reasons);
}

/** Of composite evidence the vector is the lead's, and `parts` says what the whole is made of. */
function resultData({ results }: AppraisedLogin, isComposite: boolean) {
  const [only] = results.values();
  const shown = isComposite ? results.get(leadName) : only;
  const parts = [...results].map(([name, { result }]) => {
    const { format, status, tcbStatus, trustVector } = result;
    return [name, { format, status, tcb_status: tcbStatus, trust_vector: { ...trustVector } }];
  });
  return {
    trust_vector: { ...shown?.result.trustVector },
    ...(isComposite ? { parts: Object.fromEntries(parts) } : {}),
  };
}

function accepted(
  request: Request,
  input: LoginInput,
  role: AttestRole,
  appraised: AppraisedLogin,
  draft: Draft,
  ear: string,
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
    internal: internalOf(role, request.now),
    boundKey: role.tokenBinding === 'key' ? { spkiSha256 } : null,
  };
  return {
    auth,
    data: {
      attestation: {
        status: appraised.status,
        decision_id: draft.id,
        policy_digest: role.policy,
        tcb_status: draft.tcbStatus,
        binding: input.binding,
        ...resultData(appraised, input.evidence.isComposite),
      },
      ear,
      provision: JSON.parse(JSON.stringify(role.provision)),
    },
  };
}
