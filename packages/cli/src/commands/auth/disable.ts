// `auth disable`: unmounts a method and ends its tokens.
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { mountPath } from '../context.js';

export const authDisable = command({
  usage: 'auth disable [options] PATH',
  summary: 'Disable an auth method',
  details:
    'Unmounts an auth method. Every token that was issued through it ends at once. There is no way back.',
  examples: [['', 'auth disable userpass']],
  flags: {},
  arguments: [1, 1],
  async run(context, _flags, args) {
    const path = mountPath(args[0] ?? '');
    const call = context.client.delete(`sys/auth/${path.slice(0, -1)}`);
    await during(`disabling auth method at ${path}`, call);
    context.line(`Success! Disabled the auth method (if it existed) at: ${path}`);
    return 0;
  },
});
