// The evidence of a login, of one part or of several: verified, appraised, and what the decision record says of it.
// Must never take the parts of composite evidence for each other, nor a device for the machine that it belongs to.
import {
  type AppraisalPolicy,
  type AttestationResult,
  appraise,
  appraiseComposite,
  EvidenceError,
  type EvidenceFormat,
  type Fault,
  leadName,
  type ReferenceValues,
  type RequiredComposition,
  type VerifiedClaims,
  type VerifiedComposite,
  verifyParts,
} from '@vouchsafe/verifier';
import type { Decision } from './decisions.js';
import { type Attempt, evaluate, type TrustAnchors } from './evaluate.js';
import type { LoginEvidence, OfferedRecords } from './wire.js';

export interface LoginEvidenceInput {
  readonly evidence: LoginEvidence;
  readonly offered: OfferedRecords;
  /** The 64 bytes of this login; of composite evidence, what those of each part are made of. */
  readonly expectedBinding: Uint8Array;
  readonly now: Date;
  /** Told of every attempt, in order; of composite evidence with the part in its source. */
  readonly onAttempt: (attempt: Attempt) => void;
}

interface VerifiedPart {
  readonly claims: VerifiedClaims;
  readonly endorsementSource: string;
  /** The 64 bytes that it was found bound to. */
  readonly boundTo: Uint8Array;
}

export interface VerifiedLogin {
  /** Null for evidence of one part. */
  readonly composite: VerifiedComposite | null;
  /** By the name of the part, or the format of evidence that has none. */
  readonly parts: ReadonlyMap<string, VerifiedPart>;
}

/** They answer whoever asks, wherever they are: a part of evidence about a machine, and none themselves. */
const DEVICES: ReadonlySet<EvidenceFormat> = new Set<EvidenceFormat>(['nvidia-gpu']);

async function verifySingle(
  trust: TrustAnchors,
  { evidence, offered, expectedBinding, now, onAttempt }: LoginEvidenceInput,
): Promise<VerifiedLogin> {
  const piece = evidence.parts.get(leadName);
  if (piece === undefined) throw new EvidenceError('input-invalid', 'a login without evidence');
  if (DEVICES.has(piece.format)) {
    throw new EvidenceError('submodule-mismatch', 'a device alone: want it as part of a machine');
  }
  const { claims, endorsementSource } = await evaluate(trust, {
    format: piece.format,
    evidence: piece.bytes,
    offered: offered.get(leadName) ?? [],
    expectedBinding,
    now,
    onAttempt,
  });
  const part = { claims, endorsementSource, boundTo: expectedBinding };
  return { composite: null, parts: new Map([[piece.format, part]]) };
}

async function verifyComposed(
  trust: TrustAnchors,
  { evidence, offered, expectedBinding, now, onAttempt }: LoginEvidenceInput,
): Promise<VerifiedLogin> {
  const parts = new Map<string, VerifiedPart>();
  const composite = await verifyParts({
    composition: Object.fromEntries(
      [...evidence.parts].map(([name, { format }]) => [name, format]),
    ),
    expectedBinding,
    provider: trust.provider,
    verifyPart: async (name, boundTo) => {
      const piece = evidence.parts.get(name);
      if (piece === undefined || !(boundTo instanceof Uint8Array)) {
        throw new EvidenceError('input-invalid', 'a part without evidence or binding');
      }
      const { claims, endorsementSource } = await evaluate(trust, {
        format: piece.format,
        evidence: piece.bytes,
        offered: offered.get(name) ?? [],
        expectedBinding: boundTo,
        now,
        onAttempt: ({ source, outcome }) => onAttempt({ source: `${name}: ${source}`, outcome }),
      });
      parts.set(name, { claims, endorsementSource, boundTo });
      return claims;
    },
  });
  return { composite, parts };
}

/** @throws EvidenceError at the first fault; with `part`, if it is one of composite evidence */
export async function verifyLogin(
  trust: TrustAnchors,
  input: LoginEvidenceInput,
): Promise<VerifiedLogin> {
  return input.evidence.isComposite
    ? await verifyComposed(trust, input)
    : await verifySingle(trust, input);
}

type Recorded = Pick<
  Decision,
  'tcbStatus' | 'advisories' | 'claims' | 'endorsementAges' | 'endorsementSource'
>;

/** Of composite evidence the TCB status is the lead's; claims and ages are under the names of the parts. */
export function recordOf({ composite, parts }: VerifiedLogin): Recorded {
  const all = [...parts];
  const [first] = all;
  if (composite === null && first !== undefined) {
    const { claims, endorsementSource } = first[1];
    const { tcbStatus, advisories, endorsementAges, values } = claims;
    return { tcbStatus, advisories, claims: values, endorsementAges, endorsementSource };
  }
  return {
    tcbStatus: parts.get(leadName)?.claims.tcbStatus ?? null,
    advisories: [...new Set(all.flatMap(([, { claims }]) => claims.advisories))],
    claims: Object.fromEntries(all.map(([name, { claims }]) => [name, claims.values])),
    endorsementAges: Object.fromEntries(
      all.flatMap(([name, { claims }]) =>
        Object.entries(claims.endorsementAges).map(([kind, age]) => [`${name}.${kind}`, age]),
      ),
    ),
    endorsementSource: all
      .map(([name, { endorsementSource }]) => `${name}: ${endorsementSource}`)
      .join(', '),
  };
}

export interface AppraisedPart {
  readonly result: AttestationResult;
  /** The 64 bytes that it was found bound to. */
  readonly reportData: Uint8Array;
}

export interface AppraisedLogin {
  readonly status: AttestationResult['status'];
  /** Of composite evidence, with the part at the head of message and claim. */
  readonly faults: readonly Fault[];
  /** The part that the first fault is of; null if there is none, or no parts. */
  readonly part: string | null;
  /** Named as VerifiedLogin names its parts. */
  readonly results: ReadonlyMap<string, AppraisedPart>;
}

function ofPart(name: string, fault: Fault): Fault {
  return { ...fault, message: `${name}: ${fault.message}`, claim: `${name}.${fault.claim}` };
}

/**
 * @param required what composite evidence must be made of; null for evidence of one part
 * @throws EvidenceError 'input-invalid' if one is asked for and the other one given
 */
export function appraiseLogin(
  { composite, parts }: VerifiedLogin,
  required: RequiredComposition | null,
  policy: AppraisalPolicy,
  references: readonly ReferenceValues[],
): AppraisedLogin {
  if ((composite === null) !== (required === null)) {
    throw new EvidenceError('input-invalid', 'evidence of another kind than is asked for');
  }
  if (composite === null || required === null) {
    const [only] = parts;
    if (only === undefined) throw new EvidenceError('input-invalid', 'a login without evidence');
    const [name, { claims, boundTo: reportData }] = only;
    const result = appraise(claims, policy, references);
    const results = new Map([[name, { result, reportData }]]);
    return { status: result.status, faults: result.faults, part: null, results };
  }
  const whole = appraiseComposite(composite, required, policy, references);
  const results = new Map<string, AppraisedPart>();
  for (const [name, { boundTo: reportData }] of parts) {
    const result = whole.parts.get(name);
    if (result !== undefined) results.set(name, { result, reportData });
  }
  const own = [...whole.parts].flatMap(([name, { faults }]) =>
    faults.map((fault) => ({ part: name, fault: ofPart(name, fault) })),
  );
  // A fault of the composition names the part that is missing, too many, or another one.
  const ofWhole = whole.faults.map((fault) => ({
    part: fault.code === 'composition' ? fault.claim : null,
    fault,
  }));
  const faults = [...ofWhole, ...own];
  return {
    status: whole.status,
    faults: faults.map(({ fault }) => fault),
    part: faults[0]?.part ?? null,
    results,
  };
}
