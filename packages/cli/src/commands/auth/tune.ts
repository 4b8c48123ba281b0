// `auth tune`: changes the settings of a method that is mounted.
import {
  booleanFlag,
  durationFlag,
  type Flag,
  integerFlag,
  textFlag,
  UsageError,
} from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { mountPath } from '../context.js';
import { tuneBody, tuneFlags } from '../mount-settings.js';

const optionalBoolean: Flag<boolean | null> = {
  ...booleanFlag('Do not lock names out.'),
  fallback: null,
};

/** Only what was given, under the API's names. */
function lockoutConfig(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = ['threshold', 'duration', 'counter-reset-duration', 'disable'] as const;
  const given = names.filter((name) => flags[`user-lockout-${name}`] !== null);
  return Object.fromEntries(
    given.map((name) => [`lockout_${name.replaceAll('-', '_')}`, flags[`user-lockout-${name}`]]),
  );
}

export const authTune = command({
  usage: 'auth tune [options] PATH',
  summary: 'Change settings of an auth method',
  details: 'Changes settings of an auth method that is mounted. What is not named stays.',
  examples: [['', 'auth tune -default-lease-ttl=72h userpass']],
  flags: {
    ...tuneFlags,
    'token-type': textFlag('Kind of token: default-service, default-batch, service or batch.'),
    'user-lockout-threshold': integerFlag('Failed logins before a name is locked out.'),
    'user-lockout-duration': durationFlag('How long it stays locked out.'),
    'user-lockout-counter-reset-duration': durationFlag('When failed logins are forgotten.'),
    'user-lockout-disable': optionalBoolean,
  },
  arguments: [1, 1],
  async run(context, flags, args) {
    const path = mountPath(args[0] ?? '');
    const data = tuneBody(flags);
    if (flags['token-type'] !== null) data.token_type = flags['token-type'];
    const lockout = lockoutConfig(flags);
    if (Object.keys(lockout).length > 0) data.user_lockout_config = lockout;
    if (Object.keys(data).length === 0) throw new UsageError('nothing to change was given');
    const call = context.client.call('POST', `sys/mounts/auth/${path}tune`, { data });
    await during(`tuning auth method ${path}`, call);
    context.line(`Success! Tuned the auth method at: ${path}`);
    return 0;
  },
});
