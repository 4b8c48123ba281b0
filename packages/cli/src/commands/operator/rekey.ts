// `operator rekey`: replaces the unseal keys. Prints the only copy of the new ones.
import type { RekeyResult, RekeyStatus } from '@vouchsafe/client';
import {
  booleanFlag,
  choiceFlag,
  integerFlag,
  listFlag,
  textFlag,
  UsageError,
} from '../../arguments/flag.js';
import { alignRows } from '../../output/table.js';
import { CommandError, during } from '../../session/explain.js';
import { command } from '../command.js';
import type { Context } from '../context.js';
import { cancelQuery, chooseNonce } from './nonce.js';
import { readPgpKeys } from './pgp-keys.js';

type Progress = RekeyStatus & Partial<RekeyResult>;

function found(status: Progress | null): Progress {
  if (status === null) throw new CommandError('Error reading rekey status: empty answer', 2);
  return status;
}

function showStatus(context: Context, status: Progress): void {
  context.show(status, () => {
    const rows: [string, string][] = [
      ['Nonce', status.nonce],
      ['Started', String(status.started)],
    ];
    if (status.started) {
      rows.push(['Rekey Progress', `${status.progress}/${status.required}`]);
      rows.push(['New Shares', String(status.n)], ['New Threshold', String(status.t)]);
      rows.push(['Verification Required', String(status.verification_required)]);
      if (status.verification_nonce) rows.push(['Verification Nonce', status.verification_nonce]);
    }
    return alignRows(rows);
  });
}

function showKeys(context: Context, result: Progress, verify: boolean): void {
  context.show(result, () => {
    const fingerprints = result.pgp_fingerprints ?? [];
    const lines = (result.keys_base64 ?? []).map((key, index) => {
      const holder = fingerprints[index] ? ` (PGP ${fingerprints[index]})` : '';
      return `Key ${index + 1}${holder}: ${key}`;
    });
    lines.push('', `Operation nonce: ${result.nonce}`, '');
    lines.push(
      verify
        ? `These keys are not in force yet: hand them in with -verify, nonce ${result.verification_nonce}.`
        : 'Success! The old keys are void. Give each new key to a different person now: they cannot be shown again.',
    );
    return lines.join('\n');
  });
}

async function provide(
  context: Context,
  base: string,
  key: string | undefined,
  nonce: string | null,
  verify: boolean,
): Promise<void> {
  const step = verify ? 'verify' : 'init';
  const status = found(
    await during(
      'getting rekey status',
      context.sendingClient.call<Progress>('GET', `${base}/${step}`),
    ),
  );
  if (!verify && !status.started) {
    throw new CommandError('No rekey is in progress. Use "-init" to start one.', 1);
  }
  if (key === '-' && nonce === null) throw new UsageError('-nonce must be given with -');
  const chosen = chooseNonce(nonce, status.nonce);
  const label = verify ? 'New Unseal Key' : 'Unseal Key';
  const text = key === '-' ? await context.io.readLine() : (key ?? (await context.ask(label)));
  const data = { key: text.trim(), nonce: chosen };
  const path = verify ? `${base}/verify` : `${base}/update`;
  const result = found(
    await during('posting unseal key', context.client.call<Progress>('PUT', path, { data })),
  );
  if (result.complete !== true) showStatus(context, result);
  else if (verify) context.line('Success! The new keys are verified and in force.');
  else showKeys(context, result, result.verification_required);
}

export const operatorRekey = command({
  usage: 'operator rekey [options] [KEY]',
  summary: 'Replace the unseal keys',
  details:
    'Replaces the unseal keys when enough holders of the old ones agree. Start with -init; each holder hands in an old key; the last gets the new keys. With -verify new keys only count once enough of them were handed in again.',
  examples: [
    ['Start:', 'operator rekey -init -key-shares=5 -key-threshold=3'],
    ['Hand in a key:', 'operator rekey'],
  ],
  flags: {
    init: booleanFlag('Start.'),
    cancel: booleanFlag('Give up what was started.'),
    status: booleanFlag('Show how far it is.'),
    verify: booleanFlag(
      'With -init: require verification. Otherwise: hand in a new key to verify.',
    ),
    'key-shares': integerFlag('Number of new keys; without it, 5.', { aliases: ['n'] }),
    'key-threshold': integerFlag('How many of them unseal; without it, 3.', { aliases: ['t'] }),
    'pgp-keys': listFlag('Files with public PGP keys, one for each new key.', {
      valueName: 'FILE',
    }),
    backup: booleanFlag('Keep an encrypted copy of the new keys; only with -pgp-keys.'),
    'backup-retrieve': booleanFlag('Show that copy.'),
    'backup-delete': booleanFlag('Delete that copy.'),
    nonce: textFlag('Nonce that -init printed.'),
    target: choiceFlag('Which keys.', ['barrier', 'recovery'], 'barrier'),
  },
  arguments: [0, 1],
  async run(context, flags, args) {
    const { client } = context;
    const base = flags.target === 'recovery' ? 'sys/rekey-recovery-key' : 'sys/rekey';
    const backup =
      flags.target === 'recovery' ? 'sys/rekey/recovery-key-backup' : 'sys/rekey/backup';
    if (flags['backup-delete']) {
      await during('deleting backed-up keys', client.call('DELETE', backup));
      context.line('Success! Deleted backed-up keys (if they existed)');
    } else if (flags['backup-retrieve']) {
      const answer = await during('retrieving backed-up keys', client.read(backup));
      if (answer === null) throw new CommandError('No backed-up keys found', 2);
      context.showAnswer(answer);
    } else if (flags.cancel) {
      const path = flags.verify ? `${base}/verify` : `${base}/init`;
      await during('canceling rekey', client.call('DELETE', path, cancelQuery(flags.nonce)));
      context.line('Success! Canceled rekeying (if it was started)');
    } else if (flags.status) {
      const path = flags.verify ? `${base}/verify` : `${base}/init`;
      showStatus(context, found(await during('getting rekey status', client.call('GET', path))));
    } else if (flags.init) {
      const shares = flags['key-shares'] ?? 5;
      const pgp = readPgpKeys(flags['pgp-keys']);
      if (pgp.length > 0 && pgp.length !== shares) {
        throw new UsageError(
          `-pgp-keys: want one for each of the ${shares} keys, got ${pgp.length}`,
        );
      }
      const data = {
        secret_shares: shares,
        secret_threshold: flags['key-threshold'] ?? 3,
        backup: flags.backup,
        require_verification: flags.verify,
        ...(pgp.length > 0 ? { pgp_keys: pgp } : {}),
      };
      const call = client.call<Progress>('PUT', `${base}/init`, { data });
      showStatus(context, found(await during('initializing rekey', call)));
    } else {
      await provide(context, base, args[0], flags.nonce, flags.verify);
    }
    return 0;
  },
});
