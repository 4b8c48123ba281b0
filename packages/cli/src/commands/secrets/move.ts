// `secrets move`: gives a mount another path.
import { command } from '../command.js';
import { mountPath } from '../context.js';
import { moveMount } from '../move-mount.js';

export const secretsMove = command({
  usage: 'secrets move [options] SOURCE DESTINATION',
  summary: 'Move a secrets engine',
  details:
    'Moves a secrets engine to another path and waits until it is done. Its leases end; its data stays.',
  examples: [['', 'secrets move transit team/transit']],
  flags: {},
  arguments: [2, 2],
  async run(context, _flags, args) {
    const [from, to] = [mountPath(args[0] ?? ''), mountPath(args[1] ?? '')];
    await moveMount(context, 'secrets engine', `${from}`, `${to}`);
    return 0;
  },
});
