// `secrets disable`: unmounts an engine and destroys what is in it.
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { mountPath } from '../context.js';

export const secretsDisable = command({
  usage: 'secrets disable [options] PATH',
  summary: 'Disable a secrets engine',
  details:
    'Unmounts a secrets engine. Its leases end and everything in it is deleted. There is no way back.',
  examples: [['', 'secrets disable transit']],
  flags: {},
  arguments: [1, 1],
  async run(context, _flags, args) {
    const path = mountPath(args[0] ?? '');
    const call = context.client.delete(`sys/mounts/${path.slice(0, -1)}`);
    await during(`disabling secrets engine at ${path}`, call);
    context.line(`Success! Disabled the secrets engine (if it existed) at: ${path}`);
    return 0;
  },
});
