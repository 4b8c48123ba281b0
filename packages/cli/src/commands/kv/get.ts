// `kv get`: one secret, the newest version or an older one.
import type { Envelope, KvRead } from '@vouchsafe/client';
import { integerFlag } from '../../arguments/flag.js';
import { CommandError, during } from '../../session/explain.js';
import { command } from '../command.js';
import { type Context, requireFound } from '../context.js';
import { findKvTarget, mountFlag, prefixHint } from './mount.js';
import { formatSecretPath, formatSection } from './show.js';

type Data = Readonly<Record<string, unknown>>;

function showVersion2(context: Context, answer: Envelope<KvRead>, path: string): void {
  const { data, metadata } = answer.data ?? { data: null, metadata: null };
  if (context.field !== null && !answer.wrap_info) {
    if (data === null) throw new CommandError(`No data found at ${path}`, 2);
    context.showValue(
      Object.hasOwn(data, context.field) ? data[context.field] : undefined,
      context.field,
    );
    return;
  }
  if (context.format !== 'table' || answer.wrap_info || context.field !== null) {
    context.showAnswer(answer as Partial<Envelope>);
    return;
  }
  context.showWarnings(answer as Partial<Envelope>);
  const sections = [formatSecretPath(path)];
  if (metadata) sections.push(formatSection('Metadata', { ...metadata }));
  if (data) sections.push(formatSection('Data', data));
  context.line(sections.join('\n\n'));
}

function showVersion1(context: Context, answer: Envelope<Data>): void {
  if (context.field !== null || context.format !== 'table' || answer.wrap_info) {
    context.showAnswer(answer);
    return;
  }
  context.showWarnings(answer);
  if (answer.data !== null) context.line(formatSection('Data', answer.data));
}

export const kvGet = command({
  usage: 'kv get [options] KEY',
  summary: 'Read a secret',
  details:
    'Reads a secret. On a version 2 engine older versions can be read as long as they were not deleted or destroyed.',
  examples: [
    ['', 'kv get -mount=secret app/db'],
    ['One field, for a script:', 'kv get -mount=secret -field=password app/db'],
    ['As it was before:', 'kv get -mount=secret -version=3 app/db'],
  ],
  flags: {
    mount: mountFlag,
    version: integerFlag('Version to read; without it, the newest.'),
  },
  arguments: [1, 1],
  field: true,
  async run(context, flags, args) {
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    const path = target.path('data');
    const version = flags.version ?? 0;
    const query = target.version === 2 && version > 0 ? { version } : {};
    const answer = requireFound(
      await during(`reading ${path}`, context.client.read(path, { query })),
      path,
      prefixHint(target),
    );
    if (answer.data === null && !answer.wrap_info) {
      // A 404 that only warns: the path is no key.
      context.showWarnings(answer);
      requireFound(null, path, prefixHint(target));
    }
    if (target.version === 1) {
      showVersion1(context, answer);
      return 0;
    }
    showVersion2(context, answer as unknown as Envelope<KvRead>, path);
    return 0;
  },
});
