// `secrets tune`: changes the settings of an engine that is mounted.
import { UsageError } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { mountPath } from '../context.js';
import { tuneBody, tuneFlags } from '../mount-settings.js';

export const secretsTune = command({
  usage: 'secrets tune [options] PATH',
  summary: 'Change settings of a secrets engine',
  details: 'Changes settings of a secrets engine that is mounted. What is not named stays.',
  examples: [['', 'secrets tune -default-lease-ttl=72h transit']],
  flags: tuneFlags,
  arguments: [1, 1],
  async run(context, flags, args) {
    const path = mountPath(args[0] ?? '');
    const data = tuneBody(flags);
    if (Object.keys(data).length === 0) throw new UsageError('nothing to change was given');
    const call = context.client.call('POST', `sys/mounts/${path}tune`, { data });
    await during(`tuning secrets engine ${path}`, call);
    context.line(`Success! Tuned the secrets engine at: ${path}`);
    return 0;
  },
});
