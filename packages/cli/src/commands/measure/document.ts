// What every `measure` command ends with: reference values, ready to be registered. Reads the files that they come
// from, bounded. Computes nothing.
import {
  digestOf,
  EvidenceError,
  type EvidenceFormat,
  parseReferenceValues,
  type ReferenceSet,
  type ReferenceValues,
  referenceKinds,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { choiceFlag, defaultedFlag, UsageError } from '../../arguments/flag.js';
import { formatPairs } from '../../output/table.js';
import { CommandError } from '../../session/explain.js';
import { readBounded } from '../attest/evidence-files.js';
import type { Context } from '../context.js';

const INPUT_BYTES_MAX = 1024 * 1024 * 1024;

export const documentFlags = {
  name: defaultedFlag('Name of the values, for people.', 'measured'),
  kind: choiceFlag('What the values are about.', referenceKinds, 'workload'),
};

export const registering =
  '-format=json prints the document that "write auth/attest/reference-values values=@FILE label=NAME" registers; the table shows its digest, by which a role pins it.';

/** A file that is measured. @throws CommandError exit code 1 */
export function readInput(path: string, what: string): Uint8Array {
  return new Uint8Array(readBounded(path, what, INPUT_BYTES_MAX));
}

/** Empty when no path is given. @throws CommandError exit code 1 */
export function readInputOrNothing(path: string | null, what: string): Uint8Array {
  return path === null ? new Uint8Array() : readInput(path, what);
}

/** Hexadecimal after 0x, else decimal. @throws UsageError */
export function parseNumber(text: string, flag: string): bigint {
  if (!/^(0x[0-9a-fA-F]{1,16}|[0-9]{1,19})$/.test(text)) {
    throw new UsageError(`-${flag}: want a number`);
  }
  return BigInt(text);
}

/** Does `work`; what the files or settings are to blame for ends with exit code 1. */
export async function measuring<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new CommandError(`Error: ${error.message} [${error.code}]`, 1);
  }
}

/** Prints a document: as it is, or as a table with its digest and what else a person should know. */
export async function showDocument(
  context: Context,
  document: ReferenceValues,
  notes: readonly (readonly [string, string])[] = [],
): Promise<void> {
  const digest = await digestOf(document, nodeProvider);
  context.show(document, () =>
    formatPairs([
      ['name', document.name],
      ['kind', document.kind],
      ['format', document.format],
      ...document.any_of.flatMap((set, index) =>
        Object.entries(set).map(([claim, requirement]): [string, string] => [
          document.any_of.length === 1 ? claim : `any_of[${index}].${claim}`,
          Array.isArray(requirement) ? requirement.join(' or ') : JSON.stringify(requirement),
        ]),
      ),
      ...notes.map(([name, text]): [string, string] => [name, text]),
      ['digest', digest],
    ]),
  );
}

/** The document with one set of values, as strict as if it had come from a file. */
export function documentOf(
  given: { readonly name: string; readonly kind: ReferenceValues['kind'] },
  format: EvidenceFormat,
  set: ReferenceSet,
): ReferenceValues {
  return parseReferenceValues({ name: given.name, kind: given.kind, format, any_of: [set] });
}
