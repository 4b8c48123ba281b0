// `kv enable-versioning`: turns a version 1 engine into version 2.
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { mountPath } from '../context.js';

export const kvEnableVersioning = command({
  usage: 'kv enable-versioning [options] PATH',
  summary: 'Turn versions on for an engine',
  details:
    'Turns a version 1 engine into version 2. There is no way back, and paths in policies change: what was secret/x becomes secret/data/x.',
  examples: [['', 'kv enable-versioning secret']],
  flags: {},
  arguments: [1, 1],
  async run(context, _flags, args) {
    const path = mountPath(args[0] ?? '');
    const data = { options: { version: '2' } };
    const call = context.client.call('POST', `sys/mounts/${path}tune`, { data });
    await during(`tuning secrets engine ${path}`, call);
    context.line(`Success! Tuned the secrets engine at: ${path}`);
    return 0;
  },
});
