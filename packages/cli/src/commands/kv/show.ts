// How `kv` commands print a secret and what is known about it.
import type { Envelope, KvVersion } from '@vouchsafe/client';
import { dataPairs } from '../../output/envelope.js';
import { formatHeading, formatPairs, pairsWidth } from '../../output/table.js';
import type { Context } from '../context.js';

type Data = Readonly<Record<string, unknown>>;

/** A heading and a table, as wide as each other. */
export function formatSection(title: string, data: Data): string {
  const pairs = dataPairs(data).map(
    ([key, value]) => [key, key === 'deletion_time' && value === '' ? 'n/a' : value] as const,
  );
  return `${formatHeading(title, pairsWidth(Object.keys(data)))}\n${formatPairs(pairs)}`;
}

/** Where a secret really is, so that policies can be written for it. */
export function formatSecretPath(path: string): string {
  return `${formatHeading('Secret Path', path.length)}\n${path}`;
}

/** What a write to version 2 answers. */
export function showWritten(context: Context, answer: Envelope<KvVersion>, path: string): void {
  if (context.field !== null || context.format !== 'table' || answer.wrap_info) {
    context.showAnswer(answer as Partial<Envelope>);
    return;
  }
  context.showWarnings(answer as Partial<Envelope>);
  const sections = [formatSecretPath(path)];
  if (answer.data !== null) sections.push(formatSection('Metadata', { ...answer.data }));
  context.line(sections.join('\n\n'));
}
