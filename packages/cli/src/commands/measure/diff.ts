// `measure diff`: what changed between two documents of reference values.
import {
  compareReferenceValues,
  parseReferenceText,
  type ReferenceValues,
} from '@vouchsafe/verifier';
import { formatTable } from '../../output/table.js';
import { readBounded } from '../attest/evidence-files.js';
import { command } from '../command.js';
import { measuring } from './document.js';

const differExitCode = 3;

function readDocument(path: string): Promise<ReferenceValues> {
  const text = readBounded(path, 'reference values').toString('utf8');
  return measuring(async () => parseReferenceText(text));
}

export const measureDiff = command({
  usage: 'measure diff [options] A B',
  summary: 'Say what changed between two documents of reference values',
  details:
    'Reads two documents as measure prints them with -format=json, and lists each place where they differ. Sets that both have are left out, in whatever order they stand. The exit code is 0 if they accept the same, 3 if they differ, and 1 for anything else.',
  examples: [['', 'measure diff release-1.json release-2.json']],
  flags: {},
  arguments: [2, 2],
  server: false,
  format: true,
  async run(context, _flags, args) {
    const [a = '', b = ''] = args;
    const differences = compareReferenceValues(await readDocument(a), await readDocument(b));
    context.show({ same: differences.length === 0, differences }, () =>
      differences.length === 0
        ? 'no difference'
        : formatTable(
            ['Place', 'A', 'B'],
            differences.map((each) => [each.place, each.a ?? '-', each.b ?? '-']),
          ),
    );
    return differences.length === 0 ? 0 : differExitCode;
  },
});
