// `kv metadata get`: everything about a secret but its content.
import type { Envelope, KvMetadata } from '@vouchsafe/client';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { requireFound } from '../context.js';
import { findKvTarget, mountFlag, requireVersion2 } from './mount.js';
import { formatSecretPath, formatSection } from './show.js';

function format(path: string, metadata: KvMetadata): string {
  const { versions, ...rest } = metadata;
  const numbers = Object.keys(versions).sort((a, b) => Number(a) - Number(b));
  return [
    formatSecretPath(path).replace('Secret Path', 'Metadata Path'),
    formatSection('Metadata', rest),
    ...numbers.map((number) => formatSection(`Version ${number}`, { ...versions[number] })),
  ].join('\n\n');
}

export const kvMetadataGet = command({
  usage: 'kv metadata get [options] KEY',
  summary: 'Show what is known about a secret',
  details: 'Shows settings and versions of a secret, and no content. Needs a version 2 engine.',
  examples: [['', 'kv metadata get -mount=secret app/db']],
  flags: { mount: mountFlag },
  arguments: [1, 1],
  field: true,
  async run(context, flags, args) {
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    requireVersion2(target, 'kv metadata get');
    const path = target.path('metadata');
    const answer = requireFound(
      await during(`reading ${path}`, context.client.read<KvMetadata>(path)),
      path,
    );
    const { data } = answer;
    if (context.field !== null || context.format !== 'table' || data === null) {
      context.showAnswer(answer as unknown as Partial<Envelope>);
      return 0;
    }
    context.line(format(path, data));
    return 0;
  },
});
