// `auth move`: gives a mount another path.
import { command } from '../command.js';
import { mountPath } from '../context.js';
import { moveMount } from '../move-mount.js';

export const authMove = command({
  usage: 'auth move [options] SOURCE DESTINATION',
  summary: 'Move an auth method',
  details:
    'Moves an auth method to another path and waits until it is done. Tokens issued through it end.',
  examples: [['', 'auth move userpass team/userpass']],
  flags: {},
  arguments: [2, 2],
  async run(context, _flags, args) {
    const [from, to] = [mountPath(args[0] ?? ''), mountPath(args[1] ?? '')];
    await moveMount(context, 'auth method', `auth/${from}`, `auth/${to}`);
    return 0;
  },
});
