// `kv metadata put`: sets what is known about a secret.
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { metadataBody, metadataFlags } from './metadata-settings.js';
import { findKvTarget, mountFlag, requireVersion2 } from './mount.js';

export const kvMetadataPut = command({
  usage: 'kv metadata put [options] KEY',
  summary: 'Set what is known about a secret',
  details:
    'Sets a secret’s settings and notes; notes are replaced as a whole. A secret that does not exist yet is made, without a version. Needs a version 2 engine.',
  examples: [
    ['', 'kv metadata put -mount=secret -max-versions=5 -custom-metadata=owner=ana app/db'],
  ],
  flags: { mount: mountFlag, ...metadataFlags },
  arguments: [1, 1],
  async run(context, flags, args) {
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    requireVersion2(target, 'kv metadata put');
    const path = target.path('metadata');
    const call = context.client.write(path, metadataBody(flags));
    const answer = await during(`writing metadata to ${path}`, call);
    if (answer !== null) context.showAnswer(answer);
    else context.line(`Success! Data written to: ${path}`);
    return 0;
  },
});
