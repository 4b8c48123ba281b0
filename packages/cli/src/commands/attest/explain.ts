// `attest explain`: the decision record behind a refusal, for people.
import { defaultedFlag } from '../../arguments/flag.js';
import { alignRows, formatPairs, printable } from '../../output/table.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { cleanPath, requireFound } from '../context.js';

type Members = Readonly<Record<string, unknown>>;

const shown: readonly (readonly [string, string])[] = [
  ['outcome', 'Outcome'],
  ['code', 'Code'],
  ['message', 'Message'],
  ['time', 'Time'],
  ['role', 'Role'],
  ['remoteAddress', 'Remote address'],
  ['format', 'Evidence'],
  ['evidenceSha256', 'Evidence SHA-256'],
  ['publicKeySha256', 'Workload key'],
  ['binding', 'Binding'],
  ['policyDigest', 'Policy'],
  ['part', 'Part refused'],
  ['tcbStatus', 'TCB status'],
  ['endorsementSource', 'Endorsements from'],
];

function textOf(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'n/a';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function formatFault(fault: Members): string {
  const rows = ['claim', 'expected', 'seen']
    .filter((name) => fault[name] !== undefined && fault[name] !== '')
    .map((name) => [`  ${name}`, printable(textOf(fault[name]))]);
  const head = `${textOf(fault.code)}: ${textOf(fault.message)}`;
  return [printable(head), ...(rows.length > 0 ? [alignRows(rows)] : [])].join('\n');
}

function formatDecision(data: Members): string {
  const pairs = shown.map(([name, label]): [string, string] => [label, textOf(data[name])]);
  const faults = Array.isArray(data.faults) ? (data.faults as readonly Members[]) : [];
  const ages = Object.entries((data.endorsementAges ?? {}) as Members);
  return [
    formatPairs(pairs),
    ...(faults.length === 0 ? [] : [`Reasons:\n\n${faults.map(formatFault).join('\n\n')}`]),
    ...(ages.length === 0
      ? []
      : [
          `Endorsements:\n\n${alignRows(ages.map(([kind, age]) => [kind, `${textOf(age)} s old`]))}`,
        ]),
  ].join('\n\n');
}

export const attestExplain = command({
  usage: 'attest explain [options] DECISION_ID',
  summary: 'Show why a login with evidence was accepted or refused',
  details:
    'Shows the record of one attested login: the policy by its digest, every reason with what was expected and what was seen, and how old the endorsements were. A workload that was refused prints the id.',
  examples: [['Why was it refused?', 'attest explain 01b2c3…']],
  flags: {
    mount: defaultedFlag('Where the attest method is mounted.', 'attest', { valueName: 'PATH' }),
  },
  arguments: [1, 1],
  async run(context, flags, args) {
    const mount = cleanPath(flags.mount)
      .replace(/^auth\//, '')
      .replace(/\/+$/, '');
    const path = `auth/${mount}/decision/${cleanPath(args[0] ?? '')}`;
    const answer = requireFound(
      await during(`reading ${path}`, context.client.read(path)),
      path,
      'ids are on the refusal and in the audit log; old records are dropped in time',
    );
    context.show(answer.data, () => formatDecision(answer.data ?? {}));
    return 0;
  },
});
