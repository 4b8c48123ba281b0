// `operator init`: sets a new server up. Prints the only copy of the unseal keys there will ever be.
import type { InitResult, SealStatus } from '@vouchsafe/client';
import { booleanFlag, integerFlag, listFlag, textFlag, UsageError } from '../../arguments/flag.js';
import { CommandError, during } from '../../session/explain.js';
import { command } from '../command.js';
import type { Context } from '../context.js';
import { readPgpKeys } from './pgp-keys.js';

async function showInitialized(context: Context): Promise<number> {
  const call = context.client.call<{ initialized: boolean }>('GET', 'sys/init', { token: null });
  const answer = await during('checking init status', call).catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(error.message, 1, error.hint, error.cause);
  });
  const initialized = answer?.initialized === true;
  context.show({ initialized }, () =>
    initialized ? 'Vouchsafe is initialized' : 'Vouchsafe is not initialized',
  );
  return initialized ? 0 : 2;
}

function describe(
  result: InitResult,
  shares: number,
  threshold: number,
  recovery: boolean,
): string {
  const kind = recovery ? 'Recovery' : 'Unseal';
  const keys = (recovery ? result.recovery_keys_base64 : result.keys_base64) ?? [];
  const lines = keys.map((key, index) => `${kind} Key ${index + 1}: ${key}`);
  lines.push('', `Initial Root Token: ${result.root_token}`, '');
  if (recovery) {
    lines.push(
      `Success! The server is initialized, with ${shares} recovery keys of which ${threshold} are needed`,
      'for operations that ask for them. They cannot unseal it.',
    );
  } else {
    lines.push(
      `Success! The server is initialized and sealed. Any ${threshold} of these ${shares} keys unseal it.`,
      '',
      'Give each key to a different person now: they are not stored anywhere and cannot be',
      'shown again. Without enough of them everything in the server is lost after a restart.',
    );
  }
  return lines.join('\n');
}

export const operatorInit = command({
  usage: 'operator init [options]',
  summary: 'Set a new server up',
  details:
    'Makes the root key and the keys that unseal it, and prints them with the first root token. This can be done once; keep what it prints.',
  examples: [
    ['', 'operator init'],
    ['One key, for trying things out:', 'operator init -key-shares=1 -key-threshold=1'],
    [
      'Each key encrypted to its holder:',
      'operator init -key-shares=2 -key-threshold=2 -pgp-keys=a.asc,b.asc',
    ],
  ],
  flags: {
    status: booleanFlag('Only say whether it was done: exit code 0 yes, 2 no, 1 unknown.'),
    'key-shares': integerFlag('Number of unseal keys; without it, 5.', { aliases: ['n'] }),
    'key-threshold': integerFlag('How many of them unseal; without it, 3.', { aliases: ['t'] }),
    'pgp-keys': listFlag('Files with public PGP keys, one for each unseal key.', {
      valueName: 'FILE',
    }),
    'root-token-pgp-key': textFlag('File with a public PGP key for the root token.', {
      valueName: 'FILE',
    }),
    'recovery-shares': integerFlag('Number of recovery keys, where the server unseals itself.'),
    'recovery-threshold': integerFlag('How many of them are needed.'),
    'recovery-pgp-keys': listFlag('Files with public PGP keys for the recovery keys.', {
      valueName: 'FILE',
    }),
    'stored-shares': integerFlag('Ignored.', { hidden: true }),
  },
  arguments: [0, 0],
  async run(context, flags) {
    if (flags.status) return showInitialized(context);
    const { client } = context;
    const seal = await during(
      'checking seal status',
      context.sendingClient.call<SealStatus>('GET', 'sys/seal-status', { token: null }),
    );
    const recovery = seal?.recovery_seal === true;
    const shares = (recovery ? flags['recovery-shares'] : flags['key-shares']) ?? 5;
    const threshold = (recovery ? flags['recovery-threshold'] : flags['key-threshold']) ?? 3;
    const pgp = readPgpKeys(recovery ? flags['recovery-pgp-keys'] : flags['pgp-keys']);
    if (pgp.length > 0 && pgp.length !== shares) {
      throw new UsageError(`-pgp-keys: want one for each of the ${shares} keys, got ${pgp.length}`);
    }
    const prefix = recovery ? 'recovery' : 'secret';
    const data: Record<string, unknown> = {
      [`${prefix}_shares`]: shares,
      [`${prefix}_threshold`]: threshold,
    };
    if (pgp.length > 0) data[recovery ? 'recovery_pgp_keys' : 'pgp_keys'] = pgp;
    if (flags['root-token-pgp-key'] !== null) {
      data.root_token_pgp_key = readPgpKeys([flags['root-token-pgp-key']])[0];
    }
    const result = await during(
      'initializing',
      client.call<InitResult>('PUT', 'sys/init', { token: null, data, wrapTtl: null }),
    );
    if (result === null) throw new CommandError('Error initializing: empty answer', 2);
    const own = recovery ? result.recovery_keys_base64 : result.keys_base64;
    const hex = recovery ? result.recovery_keys : result.keys;
    const structured = {
      unseal_keys_b64: recovery ? [] : (own ?? []),
      unseal_keys_hex: recovery ? [] : (hex ?? []),
      unseal_shares: recovery ? 0 : shares,
      unseal_threshold: recovery ? 0 : threshold,
      recovery_keys_b64: recovery ? (own ?? []) : [],
      recovery_keys_hex: recovery ? (hex ?? []) : [],
      recovery_keys_shares: recovery ? shares : 0,
      recovery_keys_threshold: recovery ? threshold : 0,
      root_token: result.root_token,
    };
    context.show(structured, () => describe(result, shares, threshold, recovery));
    return 0;
  },
});
