// Composite evidence, judged offline: each part as it would be alone, and then whether they belong together. One part
// that does not pass makes the whole not pass; every fault names its part.
import {
  type AnyEvidence,
  type CompositePart,
  checkComposition,
  EvidenceError,
  type EvidenceFormat,
  leadName,
  parseComposite,
  verifyComposite,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { type BesideFlags, besideParts } from './beside.js';
import {
  type Judged,
  judgeEvidence,
  type ShownFault,
  type Terms,
  unbound,
  type Verdict,
} from './judge-evidence.js';

/** As of one piece of evidence, with claims and verdicts by the names of the parts. */
export interface CompositeVerdict {
  readonly verdict: Verdict['verdict'];
  readonly genuine: boolean;
  readonly format: 'composite';
  /** The lead's. */
  readonly tcb_status: string | null;
  readonly advisories: readonly string[];
  /** Whether any part is; null if that of one is not known. */
  readonly debug: boolean | null;
  readonly claims: Readonly<Record<string, Verdict['claims']>>;
  readonly faults: readonly (ShownFault & { readonly part: string | null })[];
  readonly parts: Readonly<Record<string, Omit<Verdict, 'claims' | 'faults'>>>;
}

export interface JudgedComposite {
  readonly verdict: CompositeVerdict;
  readonly judged: ReadonlyMap<string, Judged>;
  /** What was found of the parts among themselves; null if they do not belong together, or nobody looked. */
  readonly together: 'bound-to-lead' | 'not-checked' | null;
}

type PartFault = CompositeVerdict['faults'][number];

function faultOf({ code, message, part }: EvidenceError): PartFault {
  return { code, message, part };
}

function notRead(error: EvidenceError): JudgedComposite {
  const verdict: CompositeVerdict = {
    verdict: 'refused',
    genuine: false,
    format: 'composite',
    tcb_status: null,
    advisories: [],
    debug: null,
    claims: {},
    faults: [faultOf(error)],
    parts: {},
  };
  return { verdict, judged: new Map(), together: null };
}

/** @throws EvidenceError for what is no composition, and for a part that is none of its format */
function readParts(bytes: Uint8Array): ReadonlyMap<string, AnyEvidence> {
  const parts = parseComposite(bytes);
  const formats = [...parts].map(([name, { format }]): [string, EvidenceFormat] => [name, format]);
  checkComposition(Object.fromEntries(formats));
  return parts;
}

/** Whether genuine parts belong together, as far as that can be told without their session. */
async function checkTogether(
  judged: ReadonlyMap<string, Judged>,
  { at: now }: Terms,
): Promise<{ readonly fault: PartFault | null; readonly together: JudgedComposite['together'] }> {
  const parts: Record<string, CompositePart> = {};
  for (const [name, { part }] of judged) {
    if (part === null) return { fault: null, together: null };
    parts[name] = part;
  }
  try {
    const input = { parts, expectedBinding: unbound, now, provider: nodeProvider };
    const composite = await verifyComposite(input);
    const isBound = [...composite.parts.values()].some(({ binding }) => binding === 'checked');
    return { fault: null, together: isBound ? 'bound-to-lead' : 'not-checked' };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    return { fault: faultOf(error), together: null };
  }
}

function debugOf(verdicts: readonly Verdict[]): boolean | null {
  if (verdicts.some(({ debug }) => debug === true)) return true;
  return verdicts.some(({ debug }) => debug === null) ? null : false;
}

/** @throws UsageError or CommandError for what the flags name; never for what evidence says */
export async function judgeComposite(
  bytes: Uint8Array,
  flags: BesideFlags,
  terms: Terms,
): Promise<JudgedComposite> {
  let parts: ReadonlyMap<string, AnyEvidence>;
  try {
    parts = readParts(bytes);
  } catch (error) {
    if (error instanceof EvidenceError) return notRead(error);
    throw error;
  }
  const judged = new Map<string, Judged>();
  for (const [name, beside] of besideParts(flags, [...parts.keys()], leadName)) {
    const evidence = parts.get(name);
    if (evidence === undefined) continue;
    judged.set(name, await judgeEvidence(evidence, unbound, beside, terms));
  }
  const { fault, together } = await checkTogether(judged, terms);
  const entries = [...judged].map(([name, each]) => [name, each.verdict] as const);
  const verdicts = entries.map(([, verdict]) => verdict);
  const own = entries.flatMap(([part, { faults }]) =>
    faults.map(({ code, message }) => ({ code, message: `${part}: ${message}`, part })),
  );
  const faults = fault === null ? own : [...own, fault];
  const verdict: CompositeVerdict = {
    verdict: faults.length === 0 ? 'accepted' : 'refused',
    genuine: verdicts.every(({ genuine }) => genuine),
    format: 'composite',
    tcb_status: judged.get(leadName)?.verdict.tcb_status ?? null,
    advisories: [...new Set(verdicts.flatMap(({ advisories }) => advisories))].sort(),
    debug: debugOf(verdicts),
    claims: Object.fromEntries(entries.map(([name, { claims }]) => [name, claims])),
    faults,
    parts: Object.fromEntries(
      entries.map(([name, { claims: _claims, faults: _faults, ...part }]) => [name, part]),
    ),
  };
  return { verdict, judged, together };
}
