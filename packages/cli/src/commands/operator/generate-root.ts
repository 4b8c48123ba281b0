// `operator generate-root`: makes a root token with the unseal keys' consent. Decoding happens here, so that the token
// never travels in the clear.
import { randomInt } from 'node:crypto';
import type { Client, GenerateRootStatus } from '@vouchsafe/client';
import { booleanFlag, textFlag, UsageError } from '../../arguments/flag.js';
import { alignRows } from '../../output/table.js';
import { CommandError, during } from '../../session/explain.js';
import { command } from '../command.js';
import type { Context } from '../context.js';
import { cancelQuery, chooseNonce } from './nonce.js';
import { readPgpKeys } from './pgp-keys.js';

const attempt = 'sys/generate-root/attempt';
const base62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** The encoded token is base64 of token XOR one-time password. @throws UsageError */
export function decodeRootToken(encoded: string, otp: string): string {
  const bytes = Buffer.from(encoded, 'base64');
  const pad = Buffer.from(otp, 'utf8');
  if (bytes.length === 0 || bytes.length !== pad.length) {
    throw new UsageError('-decode: the encoded token and -otp have different lengths');
  }
  return Buffer.from(bytes.map((byte, index) => byte ^ (pad[index] ?? 0))).toString('utf8');
}

function makeOtp(length: number): string {
  return Array.from({ length }, () => base62.charAt(randomInt(base62.length))).join('');
}

function found(status: GenerateRootStatus | null): GenerateRootStatus {
  if (status === null)
    throw new CommandError('Error reading root generation status: empty answer', 2);
  return status;
}

function show(context: Context, status: GenerateRootStatus): void {
  context.show(status, () => {
    const rows: [string, string][] = [
      ['Nonce', status.nonce],
      ['Started', String(status.started)],
      ['Progress', `${status.progress}/${status.required}`],
      ['Complete', String(status.complete)],
    ];
    if (status.pgp_fingerprint) rows.push(['PGP Fingerprint', status.pgp_fingerprint]);
    const encoded = status.encoded_token || status.encoded_root_token;
    if (encoded) rows.push(['Encoded Token', encoded]);
    if (status.otp) rows.push(['OTP', status.otp]);
    if (status.otp_length) rows.push(['OTP Length', String(status.otp_length)]);
    return alignRows(rows);
  });
}

function readStatus(client: Client): Promise<GenerateRootStatus | null> {
  const call = client.call<GenerateRootStatus>('GET', attempt, { wrapTtl: null });
  return during('getting root generation status', call);
}

async function provide(context: Context, key: string | undefined, nonce: string | null) {
  const status = found(await readStatus(context.sendingClient));
  if (!status.started) {
    throw new CommandError(
      'No root generation is in progress. Use "-init" to start one.',
      1,
      `${context.io.name} operator generate-root -init`,
    );
  }
  if (key === '-' && nonce === null) throw new UsageError('-nonce must be given with -');
  const chosen = chooseNonce(nonce, status.nonce);
  const text =
    key === '-' ? await context.io.readLine() : (key ?? (await context.ask('Unseal Key')));
  const data = { key: text.trim(), nonce: chosen };
  const call = context.client.call<GenerateRootStatus>('PUT', 'sys/generate-root/update', { data });
  show(context, found(await during('posting unseal key', call)));
}

export const operatorGenerateRoot = command({
  usage: 'operator generate-root [options] [KEY]',
  summary: 'Make a new root token',
  details:
    'Makes a root token when enough holders of unseal keys agree. Start with -init, which prints a one-time password; each holder hands in a key (asked for, or - for standard input); the last gets the encoded token, which -decode opens with the one-time password.',
  examples: [
    ['Start:', 'operator generate-root -init'],
    ['Hand in a key:', 'operator generate-root'],
    ['Open the result:', 'operator generate-root -decode=ENCODED -otp=OTP'],
  ],
  flags: {
    init: booleanFlag('Start.'),
    cancel: booleanFlag('Give up what was started.'),
    status: booleanFlag('Show how far it is.'),
    decode: textFlag('Open this encoded token; needs -otp. - reads it from standard input.'),
    otp: textFlag('One-time password. - reads it from standard input.'),
    'generate-otp': booleanFlag('Only make a one-time password.'),
    'pgp-key': textFlag('File with the public PGP key the token is encrypted to.', {
      valueName: 'FILE',
    }),
    nonce: textFlag('Nonce that -init printed.'),
  },
  arguments: [0, 1],
  async run(context, flags, args) {
    const { client } = context;
    if (flags.decode !== null) {
      if (flags.otp === null) throw new UsageError('-otp must be given with -decode');
      if (flags.decode === '-' && flags.otp === '-') {
        throw new UsageError('standard input can be read only once');
      }
      const line = (text: string) => (text === '-' ? context.io.readLine() : text);
      const token = decodeRootToken(
        (await line(flags.decode)).trim(),
        (await line(flags.otp)).trim(),
      );
      context.show({ token }, () => token);
      return 0;
    }
    if (flags['generate-otp']) {
      const status = found(await readStatus(client));
      const otp = makeOtp(status.otp_length || 28);
      context.show({ otp }, () => otp);
      return 0;
    }
    if (flags.cancel) {
      await during(
        'canceling root generation',
        client.call('DELETE', attempt, cancelQuery(flags.nonce)),
      );
      context.line('Success! Root token generation canceled (if it was started)');
      return 0;
    }
    if (flags.status) {
      show(context, found(await readStatus(client)));
      return 0;
    }
    if (flags.init) {
      const data: Record<string, string> = {};
      if (flags.otp !== null)
        data.otp = flags.otp === '-' ? await context.io.readLine() : flags.otp;
      if (flags['pgp-key'] !== null) data.pgp_key = readPgpKeys([flags['pgp-key']])[0] ?? '';
      const call = client.call<GenerateRootStatus>('PUT', attempt, { data });
      show(context, found(await during('initializing root generation', call)));
      return 0;
    }
    await provide(context, args[0], flags.nonce);
    return 0;
  },
});
