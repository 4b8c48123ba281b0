// `token revoke`: ends a token.
import { booleanFlag, textFlag, UsageError } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { readTarget } from './target.js';

/** Path and data of the call; null target is the current token. @throws UsageError */
function requestOf(
  target: string | null,
  accessor: boolean,
  mode: string | null,
): [string, Readonly<Record<string, string>>] {
  if (mode !== null && mode !== 'orphan' && mode !== 'path') {
    throw new UsageError('-mode: want orphan or path');
  }
  if (mode === 'path') {
    if (target === null || accessor) throw new UsageError('-mode=path wants a path');
    return [`sys/leases/revoke-prefix/${target}`, {}];
  }
  if (accessor) {
    if (mode !== null || target === null)
      throw new UsageError('-accessor and -mode exclude each other');
    return ['auth/token/revoke-accessor', { accessor: target }];
  }
  if (target === null) {
    if (mode !== null) throw new UsageError('-self and -mode exclude each other');
    return ['auth/token/revoke-self', {}];
  }
  return [mode === 'orphan' ? 'auth/token/revoke-orphan' : 'auth/token/revoke', { token: target }];
}

export const tokenRevoke = command({
  usage: 'token revoke [options] [TOKEN | ACCESSOR | PATH]',
  summary: 'End a token',
  details:
    'Ends a token, its children and the leases of all of them. -self must be given to end the current one. - reads the token from standard input.',
  examples: [
    ['End your own:', 'token revoke -self'],
    ['Leave its children alive:', 'token revoke -mode=orphan TOKEN'],
  ],
  flags: {
    self: booleanFlag('End the current token.'),
    accessor: booleanFlag('The argument is an accessor.'),
    mode: textFlag('orphan: leave children alive. path: end everything made at this path.'),
  },
  arguments: [0, 1],
  async run(context, flags, args) {
    if (flags.self === args.length > 0) {
      throw new UsageError(
        flags.self
          ? 'Too many arguments with -self (expected 0, got 1)'
          : 'Not enough arguments (expected 1, got 0)',
        flags.self ? '' : 'to end the current token say -self',
      );
    }
    const target = flags.self ? null : await readTarget(context, args, flags.accessor);
    const [path, data] = requestOf(target, flags.accessor, flags.mode);
    await during('revoking token', context.client.write(path, data));
    context.line('Success! Revoked token (if it existed)');
    return 0;
  },
});
