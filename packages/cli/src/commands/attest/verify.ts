// `attest verify`: is this evidence genuine, and acceptable? Offline: everything it needs is given, and nothing is
// fetched. The exit code tells the verdict.
import {
  type AppraisalPolicy,
  EvidenceError,
  type EvidenceFormat,
  findFormat,
  isComposite,
  openEnvelope,
  parseAppraisalPolicyText,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { textFlag } from '../../arguments/flag.js';
import { CommandError } from '../../session/explain.js';
import { command } from '../command.js';
import { atFlag, parseTime } from './as-of.js';
import { type BesideFlags, besideEvidence, besideFlags } from './beside.js';
import { readBounded, readEvidence } from './evidence-files.js';
import { type CompositeVerdict, judgeComposite } from './judge-composite.js';
import {
  inspectionPolicy,
  type Judged,
  judgeEvidence,
  refused,
  type Terms,
  type Verdict,
} from './judge-evidence.js';
import { formatComposite, formatVerdict } from './verdict-text.js';

/** Exit codes besides 0, accepted, and 1, something else went wrong. */
const exitCodes = { usage: 2, notAcceptable: 3, notGenuine: 4 } as const;

function readPolicy(path: string | null): AppraisalPolicy {
  if (path === null) return inspectionPolicy;
  try {
    return parseAppraisalPolicyText(readBounded(path, 'policy').toString('utf8'));
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new CommandError(`policy: ${path} is no appraisal policy: ${error.message}`, 1);
  }
}

async function findFormatOf(bytes: Uint8Array): Promise<EvidenceFormat | null> {
  try {
    return (await openEnvelope(bytes, nodeProvider)).evidence.format;
  } catch {
    return findFormat(bytes);
  }
}

async function judgeFile(bytes: Uint8Array, flags: BesideFlags, terms: Terms): Promise<Judged> {
  try {
    const { evidence, binding } = await openEnvelope(bytes, nodeProvider);
    return await judgeEvidence(evidence, binding, besideEvidence(flags), terms);
  } catch (error) {
    if (error instanceof EvidenceError) return refused(error, await findFormatOf(bytes));
    throw error;
  }
}

function exitCodeOf({ verdict, genuine }: Verdict | CompositeVerdict): number {
  if (verdict === 'accepted') return 0;
  return genuine ? exitCodes.notAcceptable : exitCodes.notGenuine;
}

export const attestVerify = command({
  usage: 'attest verify [options] FILE',
  summary: 'Check evidence in a file, offline',
  details:
    'Checks SGX and TDX quotes, SEV-SNP reports, AWS Nitro documents, TPM quotes, the evidence of Azure’s confidential VMs and reports of NVIDIA GPUs up to the vendors’ roots, which are built in, and results of other verifiers (Azure Attestation, Intel Trust Authority, Google Confidential Space, NVIDIA NRAS, EAR) by the keys of the issuer that the flags name. Judges them by a policy; without one, what is genuine, not debuggable and up to date is accepted. The file holds raw bytes, hex or base64, or a token; or a RATS Conceptual Message Wrapper; or an RA-TLS certificate, whose key the evidence must then be bound to. Otherwise, whom the evidence was made for cannot be checked here.\n\nA collection of wrappers, one of which is labelled lead, is composite evidence, such as a machine and its GPUs: every part must pass, and those that the lead does not vouch for do not. What lies beside a part is given as NAME=FILE, such as -certs=gpu0=chain.pem; without a name it is for the lead.\n\nThe exit code is 0 for accepted, 3 for genuine but not acceptable, 4 for not genuine or malformed, 2 for a usage error, and 1 for anything else.',
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
    [
      'A TPM quote by a key that a credential was made for:',
      'attest verify -pending=pending.json -answer=answer quote.json',
    ],
    [
      'A TD and its GPU:',
      'attest verify -collateral=collateral.json -certs=gpu0=chain.pem composite.json',
    ],
  ],
  flags: {
    ...besideFlags,
    at: atFlag,
    policy: textFlag('JSON file with the appraisal policy to judge by.', { valueName: 'FILE' }),
  },
  arguments: [1, 1],
  server: false,
  format: true,
  usageExitCode: exitCodes.usage,
  async run(context, flags, args) {
    const terms = { at: parseTime(flags.at), policy: readPolicy(flags.policy) };
    const bytes = readEvidence(args[0] ?? '');
    if (isComposite(bytes)) {
      const judged = await judgeComposite(bytes, flags, terms);
      context.show(judged.verdict, () => formatComposite(judged, terms.at));
      return exitCodeOf(judged.verdict);
    }
    const judged = await judgeFile(bytes, flags, terms);
    context.show(judged.verdict, () => formatVerdict(judged, terms.at));
    return exitCodeOf(judged.verdict);
  },
});
