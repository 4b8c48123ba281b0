// `login`: obtains a token and keeps it for the next commands. A token that was asked for alone is never stored.
import type { Envelope, TokenLookup } from '@vouchsafe/client';
import { findVariable } from '@vouchsafe/client/node';
import { booleanFlag, defaultedFlag, textFlag, UsageError } from '../arguments/flag.js';
import { parseKeyValues } from '../arguments/key-values.js';
import { CommandError, during } from '../session/explain.js';
import { storeToken, tokenFilePath } from '../session/token-file.js';
import { command } from './command.js';
import { type Context, requireFound } from './context.js';

/** Methods whose login path ends in a user's name. */
const namedMethods = ['userpass', 'ldap', 'radius', 'okta'];

async function loginWithToken(context: Context, args: readonly string[]): Promise<Envelope> {
  const [given] = args;
  const text =
    given === '-'
      ? await context.io.readLine()
      : (given?.replace(/^token=/, '') ?? (await context.ask('Token')));
  const token = text.trim();
  if (token === '') throw new UsageError('token: must not be empty');
  const answer = requireFound(
    await during(
      'authenticating: error looking up token',
      context.client.read<TokenLookup>('auth/token/lookup-self', { token, wrapTtl: null }),
    ),
    'auth/token/lookup-self',
  );
  const found = answer.data;
  return {
    ...answer,
    data: null,
    auth: {
      client_token: token,
      accessor: found?.accessor ?? '',
      policies: found?.policies ?? [],
      token_policies: found?.policies ?? [],
      identity_policies: [],
      metadata: found?.meta ?? null,
      lease_duration: Number(found?.ttl ?? 0),
      renewable: found?.renewable ?? false,
      entity_id: found?.entity_id ?? '',
      token_type: found?.type ?? 'service',
      orphan: found?.orphan ?? false,
      num_uses: Number(found?.num_uses ?? 0),
    },
  };
}

async function loginWithMethod(
  context: Context,
  method: string,
  path: string,
  args: readonly string[],
): Promise<Envelope> {
  const data = await parseKeyValues(args, () => context.io.readInput());
  let target = `auth/${path}/login`;
  if (namedMethods.includes(method)) {
    const { username = context.io.env.LOGNAME ?? context.io.env.USER } = data;
    if (typeof username !== 'string' || username === '') {
      throw new UsageError('login: username=NAME must be given');
    }
    delete data.username;
    target = `${target}/${username}`;
    data.password ??= await context.ask('Password');
  }
  const answer = await during(
    'authenticating',
    context.client.write(target, data, { token: null }),
  );
  return requireFound(answer, target);
}

/** Stores the token. An exit code: 2 when that fails, so that the token is shown, for it exists and nobody has it. */
function keep(context: Context, token: string): 0 | 2 {
  const { env } = context.io;
  try {
    storeToken(env, token);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    context.io.note(`Error storing token: ${error.message}`);
    context.io.note('The login succeeded; the token is below and is kept nowhere.\n');
    return 2;
  }
  if (findVariable(env, 'TOKEN') !== null) {
    context.io.note(
      'WARNING! VOUCHSAFE_TOKEN or VAULT_TOKEN is set and wins over the stored token. Unset it to use this login.\n',
    );
  }
  return 0;
}

export const login = command({
  usage: 'login [options] [TOKEN | KEY=VALUE...]',
  summary: 'Log in and keep the token',
  details:
    'Logs in and stores the token in the token file (~/.vault-token, or VOUCHSAFE_TOKEN_FILE), where the next commands find it. With -method=token (the default) the token is the argument, - for standard input, or asked for. Other methods take what they need as KEY=VALUE; a password that is not given is asked for.',
  examples: [
    ['With a token, which is asked for:', 'login'],
    ['With a name and a password:', 'login -method=userpass username=ana'],
    [
      'Only print a token, store nothing:',
      'login -token-only -method=approle role_id=@r secret_id=@s',
    ],
  ],
  flags: {
    method: defaultedFlag('Kind of login: token, userpass, approle, jwt, ….', 'token'),
    path: textFlag('Where the method is mounted; without it, the method’s own name.'),
    'no-store': booleanFlag('Do not keep the token.'),
    'no-print': booleanFlag('Do not print the token.'),
    'token-only': booleanFlag('Print the token and nothing else, and do not keep it.'),
  },
  arguments: [0, Number.POSITIVE_INFINITY],
  field: true,
  async run(context, flags, args) {
    const { method } = flags;
    const path = (flags.path ?? method).replace(/^auth\//, '').replace(/^\/+|\/+$/g, '');
    if (method === 'token' && args.length > 1) {
      throw new UsageError(`Too many arguments (expected at most 1, got ${args.length})`);
    }
    const answer =
      method === 'token'
        ? await loginWithToken(context, args)
        : await loginWithMethod(context, method, path, args);
    const token = answer.auth?.client_token ?? '';
    if (answer.wrap_info || answer.auth?.mfa_requirement) {
      context.showAnswer(answer);
      return 0;
    }
    if (token === '') throw new CommandError('Error authenticating: the answer has no token', 2);
    if (flags['token-only']) {
      context.io.write(token + (context.io.outputIsTerminal ? '\n' : ''));
      return 0;
    }
    const { env } = context.io;
    const code = flags['no-store'] ? 0 : keep(context, token);
    if (flags['no-print'] && code === 0) return 0;
    if (code === 0 && context.field === null && context.format === 'table') {
      const where = flags['no-store']
        ? 'The token is not stored.'
        : `Stored in ${tokenFilePath(env)}.`;
      context.line(`Success! You are now authenticated. ${where}\n`);
    }
    context.showAnswer(answer);
    return code;
  },
});
