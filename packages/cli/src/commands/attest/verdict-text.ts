// Verdicts on evidence for people: the same as -format=json says, and notes on what was not checked. Judges nothing.
import { formatPairs, formatTable, printable } from '../../output/table.js';
import type { CompositeVerdict, JudgedComposite } from './judge-composite.js';
import type { Judged, ShownFault, Verdict } from './judge-evidence.js';

const bindingNotes: Readonly<Record<Judged['bound'], string>> = {
  checked: 'made for the key of the certificate that it lies in; not checked: who holds that key',
  'to-another': 'made for something else than the key of the certificate that it lies in',
  'not-checked':
    'not checked: whom the evidence was made for (its report data); it may be a replay',
};

/** What the claims of genuine evidence leave open, or tell beside the verdict. */
function claimNotes(claims: Verdict['claims']): readonly string[] {
  const notes: string[] = [];
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

function notesOn({ verdict, part, bound }: Judged, at: Date): readonly string[] {
  if (part === null) return [];
  return [`judged as of ${at.toISOString()}`, bindingNotes[bound], ...claimNotes(verdict.claims)];
}

const together: Readonly<Record<NonNullable<JudgedComposite['together']>, string>> = {
  'bound-to-lead':
    'the other parts answer what the lead carries; not checked: whom that was made for',
  'not-checked': 'not checked: whether the parts are of one session; only a login can tell',
};

function compositeNotes(
  { verdict, judged, together: bound }: JudgedComposite,
  at: Date,
): readonly string[] {
  const whole =
    Object.keys(verdict.claims).length === 0
      ? []
      : [
          `judged as of ${at.toISOString()}`,
          'not checked: whether these are all the parts that there should be',
          ...(bound === null ? [] : [together[bound]]),
        ];
  const own = [...judged].flatMap(([name, each]) =>
    claimNotes(each.verdict.claims).map((note) => `${name}: ${note}`),
  );
  return [...whole, ...own];
}

const yesNo = (value: boolean | null) => (value === null ? 'n/a' : value ? 'yes' : 'no');

function list(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  return [`${title}:\n\n${lines.map((line) => `  * ${printable(line)}`).join('\n')}`];
}

function pairs(claims: Verdict['claims'], prefix = ''): [string, string][] {
  return Object.entries(claims).map(([name, value]) => [prefix + name, textOf(value)]);
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** What the verdict on one piece of evidence and that on several begin with. */
function head(verdict: Verdict | CompositeVerdict): string {
  return formatPairs([
    ['Verdict', verdict.verdict],
    ['Genuine', verdict.genuine ? 'yes' : 'no'],
    ['Format', verdict.format ?? 'n/a'],
    ['TCB status', verdict.tcb_status ?? 'n/a'],
    ['Advisories', verdict.advisories.join(', ') || 'none'],
    ['Debug', yesNo(verdict.debug)],
  ]);
}

const faultLines = (faults: readonly ShownFault[]) =>
  faults.map(({ code, message }) => `${code}: ${message}`);

export function formatVerdict(judged: Judged, at: Date): string {
  const claims = pairs(judged.verdict.claims);
  return [
    head(judged.verdict),
    ...list('Faults', faultLines(judged.verdict.faults)),
    ...list('Notes', notesOn(judged, at)),
    ...(claims.length === 0 ? [] : [formatPairs(claims)]),
  ].join('\n\n');
}

export function formatComposite(judged: JudgedComposite, at: Date): string {
  const { verdict } = judged;
  const rows = Object.entries(verdict.parts).map(([name, part]) => [
    name,
    part.verdict,
    yesNo(part.genuine),
    part.format ?? 'n/a',
    part.tcb_status ?? 'n/a',
    yesNo(part.debug),
  ]);
  const claims = Object.entries(verdict.claims).flatMap(([name, own]) => pairs(own, `${name}.`));
  return [
    head(verdict),
    ...(rows.length === 0
      ? []
      : [formatTable(['Part', 'Verdict', 'Genuine', 'Format', 'TCB status', 'Debug'], rows)]),
    ...list('Faults', faultLines(verdict.faults)),
    ...list('Notes', compositeNotes(judged, at)),
    ...(claims.length === 0 ? [] : [formatPairs(claims)]),
  ].join('\n\n');
}
