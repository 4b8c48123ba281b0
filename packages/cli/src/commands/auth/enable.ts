// `auth enable`: mounts a method.
import { textFlag, UsageError } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { mountPath } from '../context.js';
import { mountBody, mountConfigFlags, mountFlags } from '../mount-settings.js';

export const authEnable = command({
  usage: 'auth enable [options] TYPE',
  summary: 'Enable an auth method',
  details:
    'Mounts an auth method. Where it is mounted is up to -path; the same type can be mounted several times.',
  examples: [
    ['', 'auth enable userpass'],
    ['At another path:', 'auth enable -path=team/a approle'],
  ],
  flags: {
    ...mountFlags,
    ...mountConfigFlags,
    'token-type': textFlag('Kind of token: default-service, default-batch, service or batch.'),
  },
  arguments: [1, 1],
  async run(context, flags, args) {
    const type = (args[0] ?? '').trim();
    if (type === '') throw new UsageError('TYPE must not be empty');
    const path = mountPath(flags.path ?? (type === 'plugin' ? flags['plugin-name'] : null) ?? type);
    const body = mountBody(type, flags);
    const tokenType = flags['token-type'];
    const data =
      tokenType === null
        ? body
        : { ...body, config: { ...(body.config as object), token_type: tokenType } };
    const call = context.client.call('POST', `sys/auth/${path.slice(0, -1)}`, { data });
    await during('enabling auth method', call);
    context.line(`Success! Enabled ${type} auth method at: ${path}`);
    return 0;
  },
});
