// `kv metadata patch`: changes some of what is known about a secret.
import { listFlag, UsageError } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { metadataBody, metadataFlags } from './metadata-settings.js';
import { findKvTarget, mountFlag, requireVersion2 } from './mount.js';

export const kvMetadataPatch = command({
  usage: 'kv metadata patch [options] KEY',
  summary: 'Change part of what is known about a secret',
  details:
    'Changes the named settings and notes of a secret and leaves the others. Needs a version 2 engine.',
  examples: [['', 'kv metadata patch -mount=secret -remove-custom-metadata=owner app/db']],
  flags: {
    mount: mountFlag,
    ...metadataFlags,
    'remove-custom-metadata': listFlag('Note to take out.', { valueName: 'KEY' }),
  },
  arguments: [1, 1],
  async run(context, flags, args) {
    const removed = flags['remove-custom-metadata'].map((key) => [key, null] as const);
    const body = metadataBody(flags);
    if (removed.length > 0) {
      body.custom_metadata = { ...flags['custom-metadata'], ...Object.fromEntries(removed) };
    }
    if (Object.keys(body).length === 0) throw new UsageError('nothing to change was given');
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    requireVersion2(target, 'kv metadata patch');
    const path = target.path('metadata');
    const answer = await during(`patching metadata at ${path}`, context.client.patch(path, body));
    if (answer !== null) context.showAnswer(answer);
    else context.line(`Success! Data written to: ${path}`);
    return 0;
  },
});
