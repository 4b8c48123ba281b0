// `attest show`: what evidence says, decoded and not verified. Says so each time: anybody can write such bytes.
import {
  type AnyEvidence,
  type EventLog,
  EvidenceError,
  encodeHex,
  endorsementsFor,
  eventTypeName,
  type ImaList,
  isComposite,
  leadName,
  openEnvelope,
  parseComposite,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { repeatedFlag } from '../../arguments/flag.js';
import { formatPairs, formatTable, printable } from '../../output/table.js';
import { CommandError } from '../../session/explain.js';
import { command } from '../command.js';
import { besideParts } from './beside.js';
import { readEventLog } from './event-log-file.js';
import { readEvidence } from './evidence-files.js';

const unverified = 'NOT VERIFIED: this is only what the bytes say. "attest verify" checks them.';
/** Whole structures that are shown by their parts, and signatures. */
const left: readonly string[] = [
  'raw',
  'signed',
  'signature',
  'quote',
  'pckChain',
  'report',
  'message',
  'signingInput',
  'text',
  'x5c',
  'format',
  'eventLog',
  'imaList',
  'hcl',
  'attestationKey',
];
const DEPTH_MAX = 6;

/** Nested values as dotted names; bytes as hex. */
function flatten(
  value: unknown,
  name: string,
  depth: number,
): [string, string | number | boolean | null][] {
  if (value instanceof Uint8Array) return [[name, Buffer.from(value).toString('hex')]];
  if (typeof value === 'bigint') return [[name, `0x${value.toString(16)}`]];
  if (value instanceof Date) return [[name, value.toISOString()]];
  if (typeof value !== 'object' || value === null) {
    return [[name, value as string | number | boolean | null]];
  }
  if (depth >= DEPTH_MAX) return [];
  const members: readonly [unknown, unknown][] =
    value instanceof Map ? [...value] : Object.entries(value);
  return members
    .map(([key, inner]): [string, unknown] => [String(key), inner])
    .filter(([key]) => !left.includes(key))
    .flatMap(([key, inner]) => flatten(inner, name === '' ? key : `${name}.${key}`, depth + 1));
}

type Field = readonly [string, string | number | boolean | null];

/** What a piece of evidence says, hardware first where it is inside of another. */
function fieldsOf(evidence: AnyEvidence): readonly Field[] {
  switch (evidence.format) {
    case 'sgx-dcap':
    case 'tdx-dcap':
      return [['quoteVersion', evidence.quote.version], ...flatten(evidence.report, '', 0)];
    case 'azure-tdx-vtpm':
      return [
        ...flatten(evidence.td.report, 'td', 1),
        ...flatten({ ...evidence, td: null }, '', 0),
      ];
    case 'azure-snp-vtpm':
      return [...flatten(evidence.report, 'snp', 1), ...flatten(evidence, '', 0)];
    default:
      return flatten(evidence, '', 0);
  }
}

interface ShownEvent {
  readonly register: string;
  readonly type: string;
  readonly digest: string;
  readonly data: string;
}

const DATA_MAX = 96;

/** Text as text, everything else as hex; long data is cut for people, and whole in JSON. */
function dataText(data: Uint8Array): string {
  const text = Buffer.from(data).toString('latin1').replace(/\0+$/, '');
  return /^[\x20-\x7e]+$/.test(text) ? text : encodeHex(data);
}

function eventsOf(log: EventLog | ImaList): readonly ShownEvent[] {
  if ('entries' in log) {
    return log.entries.map(({ pcr, template, templateHash, fileDigest, path }) => ({
      register: String(pcr),
      type: template,
      digest: `sha1:${encodeHex(templateHash)}`,
      data: `${fileDigest} ${path}`,
    }));
  }
  return log.events.map(({ register, type, digests, data, name }) => ({
    register: register === null ? '-' : String(register),
    type: eventTypeName(type),
    digest: [...digests].map(([bank, digest]) => `${bank}:${encodeHex(digest)}`).join(' '),
    data: name === null ? dataText(data) : `${name}: ${dataText(data)}`,
  }));
}

function logsOf(evidence: AnyEvidence, paths: readonly string[]): readonly (EventLog | ImaList)[] {
  const brought = 'eventLog' in evidence && evidence.eventLog !== null ? [evidence.eventLog] : [];
  return [...brought, ...paths.map((path) => readEventLog(path, evidence.format))];
}

function formatEvents(events: readonly ShownEvent[]): string {
  const cut = (text: string) => (text.length > DATA_MAX ? `${text.slice(0, DATA_MAX)}…` : text);
  const rows = events.map(({ register, type, digest, data }) => [
    register,
    type,
    cut(digest.split(' ').pop() ?? ''),
    printable(cut(data)),
  ]);
  return formatTable(['Register', 'Type', 'Digest', 'Data'], rows);
}

/** One piece of evidence, as JSON and for people. */
function showOne(evidence: AnyEvidence, paths: readonly string[]) {
  const refs = endorsementsFor(evidence);
  const fields = fieldsOf(evidence);
  const logs = logsOf(evidence, paths).map(eventsOf);
  const data = {
    format: evidence.format,
    fields: Object.fromEntries(fields),
    endorsements: refs.map(({ kind, id }) => ({ kind, id })),
    event_logs: logs,
  };
  const text = (): string =>
    [
      formatPairs([
        ['format', evidence.format],
        ...fields.map(([name, value]): [string, string] => [name, String(value)]),
      ]),
      formatTable(
        ['Endorsement', 'Id'],
        refs.map(({ kind, id }) => [kind, id]),
      ),
      ...logs.map(formatEvents),
    ].join('\n\n');
  return { data, text };
}

export const attestShow = command({
  usage: 'attest show [options] FILE',
  summary: 'Decode evidence in a file without verifying it',
  details:
    'Prints what a quote, report, document or token says, which endorsements it needs, and the events of measured-boot logs. Nothing is verified: anybody can write such a file. The file holds raw bytes, hex, base64 or, for formats that are text, that text; a RATS Conceptual Message Wrapper; or an RA-TLS certificate. Of composite evidence each part is shown under its name; a log is given as NAME=FILE.',
  examples: [
    ['', 'attest show quote.bin'],
    ['With the log of the boot:', 'attest show -eventlog=ccel.bin quote.bin'],
  ],
  flags: {
    eventlog: repeatedFlag('Measured-boot log, whose events are printed as well.', {
      valueName: 'FILE',
    }),
  },
  arguments: [1, 1],
  server: false,
  format: true,
  usageExitCode: 2,
  async run(context, flags, args) {
    const bytes = readEvidence(args[0] ?? '');
    try {
      if (isComposite(bytes)) {
        const parts = [...parseComposite(bytes)];
        const names = parts.map(([name]) => name);
        const logs = besideParts({ eventlog: flags.eventlog }, names, leadName);
        const shown = parts.map(([name, evidence]) => {
          return [name, showOne(evidence, logs.get(name)?.eventLogs ?? [])] as const;
        });
        context.show(
          {
            verified: false,
            format: 'composite',
            parts: Object.fromEntries(shown.map(([name, { data }]) => [name, data])),
          },
          () =>
            [
              unverified,
              ...shown.map(([name, { text }]) => `${printable(name)}:\n\n${text()}`),
            ].join('\n\n'),
        );
        return 0;
      }
      const { evidence } = await openEnvelope(bytes, nodeProvider);
      const { data, text } = showOne(evidence, flags.eventlog);
      context.show({ verified: false, ...data }, () => `${unverified}\n\n${text()}`);
      return 0;
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      throw new CommandError(`Error: ${error.message} [${error.code}]`, 4);
    }
  },
});
