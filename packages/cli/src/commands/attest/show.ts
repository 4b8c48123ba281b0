// `attest show`: what evidence says, decoded and not verified. Says so each time: anybody can write such bytes.
import { EvidenceError, endorsementsFor, openEnvelope } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { formatPairs, formatTable } from '../../output/table.js';
import { CommandError } from '../../session/explain.js';
import { command } from '../command.js';
import { readBounded } from './evidence-files.js';

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

export const attestShow = command({
  usage: 'attest show [options] FILE',
  summary: 'Decode evidence in a file without verifying it',
  details:
    'Prints the fields of an SGX or TDX quote, SEV-SNP report, AWS Nitro document or token, and which endorsements it needs. Nothing is verified: anybody can write such a file. The file holds raw bytes, hex or base64, a token, a RATS Conceptual Message Wrapper, or an RA-TLS certificate.',
  examples: [['', 'attest show quote.bin']],
  flags: {},
  arguments: [1, 1],
  server: false,
  format: true,
  usageExitCode: 2,
  async run(context, _flags, args) {
    const bytes = new Uint8Array(readBounded(args[0] ?? '', 'evidence'));
    try {
      const { evidence } = await openEnvelope(bytes, nodeProvider);
      const refs = endorsementsFor(evidence);
      const fields =
        'quote' in evidence
          ? [['quoteVersion', evidence.quote.version] as const, ...flatten(evidence.report, '', 0)]
          : flatten(evidence, '', 0);
      context.show(
        {
          verified: false,
          format: evidence.format,
          fields: Object.fromEntries(fields),
          endorsements: refs.map(({ kind, id }) => ({ kind, id })),
        },
        () =>
          [
            unverified,
            formatPairs([
              ['format', evidence.format],
              ...fields.map(([name, value]): [string, string] => [name, String(value)]),
            ]),
            formatTable(
              ['Endorsement', 'Id'],
              refs.map(({ kind, id }) => [kind, id]),
            ),
          ].join('\n\n'),
      );
      return 0;
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      throw new CommandError(`Error: ${error.message} [${error.code}]`, 4);
    }
  },
});
