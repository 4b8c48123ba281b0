// `attest verify`: is this evidence genuine, and acceptable? Offline: everything it needs is given, and nothing is
// fetched. The exit code tells the verdict.
import {
  type AppraisalPolicy,
  appraise,
  EvidenceError,
  type EvidenceFormat,
  evidenceFormats,
  type Fault,
  findFormat,
  openEnvelope,
  parseAppraisalPolicy,
  parseAppraisalPolicyText,
  type VerifiedClaims,
  verifyEventLog,
  verifyEvidence,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { repeatedFlag, textFlag, UsageError } from '../../arguments/flag.js';
import { formatPairs, printable } from '../../output/table.js';
import { CommandError } from '../../session/explain.js';
import { command } from '../command.js';
import { readEventLog } from './event-log-file.js';
import { readBounded, readEndorsements } from './evidence-files.js';
import { type IssuerFlags, readRoots } from './trusted-issuer.js';

/** Exit codes besides 0, accepted, and 1, something else went wrong. */
const exitCodes = { usage: 2, notAcceptable: 3, notGenuine: 4 } as const;

/** What -format=json prints, member by member. */
interface Verdict {
  readonly verdict: 'accepted' | 'refused';
  readonly genuine: boolean;
  readonly format: EvidenceFormat | null;
  readonly tcb_status: string | null;
  readonly advisories: readonly string[];
  readonly debug: boolean | null;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly faults: readonly { readonly code: string; readonly message: string }[];
}

const lenientSnp = { vmpl_max: 3, allow_migration_agent: true, allow_unchecked_revocation: true };

/** Genuine, not debuggable, up to date; what else there is to say is said in notes. */
const inspectionPolicy: AppraisalPolicy = parseAppraisalPolicy({
  name: 'inspection',
  formats: {
    ...Object.fromEntries(evidenceFormats.map((format) => [format, {}])),
    'tdx-dcap': { allow_service_td: true },
    'sev-snp': lenientSnp,
    'azure-snp-vtpm': { ...lenientSnp, pcr_selection: null },
    'azure-tdx-vtpm': { pcr_selection: null },
    'tpm2-quote': { pcr_selection: null, allow_unchecked_revocation: true },
    'aws-nitro': { document_kinds: ['enclave', 'nitrotpm'] },
    'azure-maa': { policy_hashes: null, tcb_statuses: ['UpToDate', 'unstated'] },
    'intel-trust-authority': { policy_ids: null },
    'google-confidential-space': { project_ids: null },
    ear: { policy_ids: null },
    'nvidia-gpu': { allow_unmeasured: true, allow_unchecked_revocation: true },
  },
});

/** True of every offline inspection, so no reason to refuse one: told as notes. */
const inherent = ['binding-not-checked', 'revocation-not-checked'];
/** verify() comes to these when every signature, chain and list has held already. */
const aboutLevels: readonly string[] = ['tcb-no-matching-level', 'tcb-revoked'];

interface Inputs {
  readonly evidence: Buffer;
  readonly collateral: string | null;
  readonly certs: readonly string[];
  readonly crls: readonly string[];
  readonly eventLogs: readonly string[];
  readonly issuer: IssuerFlags;
  readonly at: Date;
  readonly policy: AppraisalPolicy;
}

/** A verdict, and whether a certificate's key is what the evidence was found bound to. */
interface Judged {
  readonly verdict: Verdict;
  readonly boundToKey: boolean;
}

async function findFormatOf(bytes: Buffer): Promise<EvidenceFormat | null> {
  try {
    return (await openEnvelope(new Uint8Array(bytes), nodeProvider)).evidence.format;
  } catch {
    return findFormat(new Uint8Array(bytes));
  }
}

async function notGenuine(inputs: Inputs, error: EvidenceError): Promise<Judged> {
  const verdict: Verdict = {
    verdict: 'refused',
    genuine: aboutLevels.includes(error.code),
    format: await findFormatOf(inputs.evidence),
    tcb_status: null,
    advisories: [],
    debug: null,
    claims: {},
    faults: [{ code: error.code, message: error.message }],
  };
  return { verdict, boundToKey: false };
}

function describeFault({ code, message, expected, seen }: Fault): Verdict['faults'][number] {
  const detail = expected === '' && seen === '' ? '' : ` (expected ${expected}, seen ${seen})`;
  return { code, message: message + detail };
}

/** A log that the quoted registers do not bear out is no part of genuine evidence. */
async function withEventLogs(
  claims: VerifiedClaims,
  paths: readonly string[],
): Promise<VerifiedClaims> {
  let all = claims;
  for (const path of paths) {
    const log = readEventLog(path, claims.format);
    all = await verifyEventLog({ claims: all, log, provider: nodeProvider });
  }
  return all;
}

async function judge(inputs: Inputs): Promise<Judged> {
  let claims: VerifiedClaims;
  try {
    const { evidence, binding } = await openEnvelope(new Uint8Array(inputs.evidence), nodeProvider);
    claims = await verifyEvidence({
      evidence,
      endorsements: readEndorsements(evidence, inputs),
      roots: readRoots(evidence, inputs.issuer),
      expectedBinding: binding,
      now: inputs.at,
      provider: nodeProvider,
    });
    claims = await withEventLogs(claims, inputs.eventLogs);
  } catch (error) {
    if (error instanceof EvidenceError) return await notGenuine(inputs, error);
    throw error;
  }
  const result = appraise(claims, inputs.policy, []);
  const faults = result.faults.filter((fault) => !inherent.includes(fault.code));
  const verdict: Verdict = {
    verdict: faults.length === 0 ? 'accepted' : 'refused',
    genuine: true,
    format: claims.format,
    tcb_status: claims.tcbStatus,
    advisories: claims.advisories,
    debug: claims.debug,
    claims: claims.values,
    faults: faults.map(describeFault),
  };
  return { verdict, boundToKey: claims.binding === 'checked' };
}

function notesOn({ verdict, boundToKey }: Judged, at: Date): readonly string[] {
  const { claims, genuine } = verdict;
  if (!genuine || Object.keys(claims).length === 0) return [];
  const notes = [
    `judged as of ${at.toISOString()}`,
    boundToKey
      ? 'made for the key of the certificate that it lies in; not checked: who holds that key'
      : 'not checked: whom the evidence was made for (its report data); it may be a replay',
  ];
  if (claims.revocation_checked === false) {
    notes.push('not checked: revocation, for want of the vendor’s lists (-crl)');
  }
  if (typeof claims.vmpl === 'number' && claims.vmpl > 0)
    notes.push(`asked for at VMPL ${claims.vmpl}`);
  if (claims.migration_agent === true) notes.push('a migration agent is associated');
  if (claims.memory_protected === false) {
    notes.push(
      'a TPM alone: what was started is shown, and nothing is hidden from the machine’s owner',
    );
  }
  if (claims.document_kind === 'nitrotpm') {
    notes.push('written by the TPM of an instance, not by an enclave');
  }
  if (claims.measurement_1 !== undefined) {
    notes.push('not judged: the GPU’s measurements, which alone tell developer mode');
  }
  if (typeof claims.token_issued_at === 'string') {
    notes.push('the verdict of another verifier; not checked: by which policy it came to it');
  }
  if (typeof claims.mr_servicetd === 'string' && !/^0*$/.test(claims.mr_servicetd)) {
    notes.push('a service TD is bound');
  }
  return notes;
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}

function formatVerdict(judged: Judged, at: Date): string {
  const { verdict } = judged;
  const { faults, claims } = verdict;
  const notes = notesOn(judged, at);
  const list = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0
      ? []
      : [`${title}:\n\n${lines.map((line) => `  * ${printable(line)}`).join('\n')}`];
  return [
    formatPairs([
      ['Verdict', verdict.verdict],
      ['Genuine', verdict.genuine ? 'yes' : 'no'],
      ['Format', verdict.format ?? 'n/a'],
      ['TCB status', verdict.tcb_status ?? 'n/a'],
      ['Advisories', verdict.advisories.join(', ') || 'none'],
      ['Debug', verdict.debug === null ? 'n/a' : verdict.debug ? 'yes' : 'no'],
    ]),
    ...list(
      'Faults',
      faults.map(({ code, message }) => `${code}: ${message}`),
    ),
    ...list('Notes', notes),
    ...(Object.keys(claims).length === 0
      ? []
      : [formatPairs(Object.entries(claims).map(([name, value]) => [name, textOf(value)]))]),
  ].join('\n\n');
}

function readPolicy(path: string | null): AppraisalPolicy {
  if (path === null) return inspectionPolicy;
  try {
    return parseAppraisalPolicyText(readBounded(path, 'policy').toString('utf8'));
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new CommandError(`policy: ${path} is no appraisal policy: ${error.message}`, 1);
  }
}

function parseTime(text: string | null): Date {
  if (text === null) return new Date();
  const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
  const at = new Date(text);
  if (shape.test(text) && !Number.isNaN(at.getTime())) return at;
  throw new UsageError('-at: want a time such as 2026-01-31T12:00:00Z');
}

export const attestVerify = command({
  usage: 'attest verify [options] FILE',
  summary: 'Check evidence in a file, offline',
  details:
    'Checks SGX and TDX quotes, SEV-SNP reports, AWS Nitro documents, TPM quotes, the evidence of Azure’s confidential VMs and reports of NVIDIA GPUs up to the vendors’ roots, which are built in, and results of other verifiers (Azure Attestation, Intel Trust Authority, Google Confidential Space, NVIDIA NRAS, EAR) by the keys of the issuer that the flags name. Judges them by a policy; without one, what is genuine, not debuggable and up to date is accepted. The file holds raw bytes, hex or base64, or a token; or a RATS Conceptual Message Wrapper; or an RA-TLS certificate, whose key the evidence must then be bound to. Otherwise, whom the evidence was made for cannot be checked here.\n\nThe exit code is 0 for accepted, 3 for genuine but not acceptable, 4 for not genuine or malformed, 2 for a usage error, and 1 for anything else.',
  examples: [
    ['A TDX quote with its collateral:', 'attest verify -collateral=collateral.json quote.bin'],
    [
      'A SEV-SNP report, as of last year:',
      'attest verify -certs=vcek.der -at=2025-06-01T00:00:00Z report.bin',
    ],
    [
      'A Nitro document, at the time it was made:',
      'attest verify -at=2025-12-25T13:15:38Z document.cose',
    ],
    [
      'A token of Azure Attestation, by its tenant’s keys:',
      'attest verify -jwks=certs.json -issuer=https://sharedeus.eus.attest.azure.net token.jwt',
    ],
  ],
  flags: {
    collateral: textFlag(
      'SGX, TDX: JSON file with Intel’s TCB info, QE identity, revocation lists and chains.',
      { valueName: 'FILE' },
    ),
    certs: repeatedFlag(
      'SEV-SNP: the VCEK or VLEK, DER or PEM, and its chain if at hand; without one, AMD’s. TPM: issuers of the key’s certificate.',
      { valueName: 'FILE' },
    ),
    crl: repeatedFlag('SEV-SNP and TPM: revocation list, DER or PEM.', { valueName: 'FILE' }),
    eventlog: repeatedFlag(
      'Measured-boot log that the quoted registers must bear out: CCEL or dstack JSON of a TD, binary log of a TPM, IMA list.',
      { valueName: 'FILE' },
    ),
    jwks: textFlag('Tokens: JSON file with the issuer’s key set.', { valueName: 'FILE' }),
    'issuer-root': textFlag(
      'Tokens that bring certificates: the root they must lead to, DER or PEM.',
      { valueName: 'FILE' },
    ),
    issuer: textFlag('Tokens: the issuer that is trusted, to the letter.', { valueName: 'NAME' }),
    audience: textFlag('Tokens: the audience they must be for; without it, for none.', {
      valueName: 'NAME',
    }),
    at: textFlag('Judge as of this time, RFC 3339; without it, now.', { valueName: 'TIME' }),
    policy: textFlag('JSON file with the appraisal policy to judge by.', { valueName: 'FILE' }),
  },
  arguments: [1, 1],
  server: false,
  format: true,
  usageExitCode: exitCodes.usage,
  async run(context, flags, args) {
    const at = parseTime(flags.at);
    const judged = await judge({
      evidence: readBounded(args[0] ?? '', 'evidence'),
      collateral: flags.collateral,
      certs: flags.certs,
      crls: flags.crl,
      eventLogs: flags.eventlog,
      issuer: {
        jwks: flags.jwks,
        issuerRoot: flags['issuer-root'],
        issuer: flags.issuer,
        audience: flags.audience,
      },
      at,
      policy: readPolicy(flags.policy),
    });
    const { verdict } = judged;
    context.show(verdict, () => formatVerdict(judged, at));
    if (verdict.verdict === 'accepted') return 0;
    return verdict.genuine ? exitCodes.notAcceptable : exitCodes.notGenuine;
  },
});
