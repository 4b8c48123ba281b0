// `server`: starts the server in this process. Only takes the flags apart; everything else is @vouchsafe/server's.
import { findVariable } from '@vouchsafe/client/node';
import { runServer } from '@vouchsafe/server';
import { booleanFlag, repeatedFlag, textFlag, UsageError } from '../arguments/flag.js';
import { tokenFilePath } from '../session/token-file.js';
import { command } from './command.js';

export const server = command({
  usage: 'server [options]',
  summary: 'Start a server',
  details:
    'Starts a server that runs until it is told to stop (SIGINT or SIGTERM). Either -config names its configuration (HCL or JSON, Vault’s stanzas), or -dev starts one for trying things out: unsealed, in memory, without TLS, its root token printed. Never put anything real into a -dev server.',
  examples: [
    ['For trying things out:', 'server -dev -dev-root-token-id=root'],
    ['With a configuration:', 'server -config=/etc/vouchsafe/server.hcl'],
  ],
  flags: {
    config: repeatedFlag('Configuration file, or a folder of *.hcl and *.json files.', {
      valueName: 'PATH',
    }),
    dev: booleanFlag('Start a server for development.'),
    'dev-root-token-id': textFlag(
      'Root token of a development server. Also VOUCHSAFE_DEV_ROOT_TOKEN_ID.',
    ),
    'dev-listen-address': textFlag(
      'Address a development server listens on; without it, 127.0.0.1:8200. Also VOUCHSAFE_DEV_LISTEN_ADDRESS.',
    ),
    'dev-no-store-token': booleanFlag('Do not keep the root token in the token file.'),
    'dev-tls': booleanFlag('Give a development server TLS, with a certificate made at start.'),
    'dev-kv-v1': booleanFlag('Mount secret/ as version 1.'),
    'dev-no-kv': booleanFlag('Do not mount secret/.'),
    'dev-storage': textFlag('Keep a development server’s data in this folder between starts.', {
      valueName: 'FOLDER',
    }),
    'dev-tee': textFlag(
      'Simulate a TEE vendor, and put the keys workloads on this machine need into this folder. Evidence made with them proves nothing. Also VOUCHSAFE_DEV_TEE.',
      { valueName: 'FOLDER' },
    ),
    'log-level': textFlag('trace, debug, info, warn or error. Also VOUCHSAFE_LOG_LEVEL.'),
    'log-format': textFlag('standard or json. Also VOUCHSAFE_LOG_FORMAT.'),
    'exit-on-core-shutdown': booleanFlag('Exit when the core shuts down.'),
  },
  arguments: [0, 0],
  server: false,
  async run(context, flags) {
    const { env } = context.io;
    const devFlags = ['root-token-id', 'listen-address', 'tls', 'kv-v1', 'no-kv', 'storage', 'tee'];
    const given = devFlags.some((name) => Boolean(flags[`dev-${name}` as keyof typeof flags]));
    // As in Vault, any -dev-… flag but the store one asks for a development server.
    const dev = flags.dev || given;
    if (!dev && flags.config.length === 0) {
      throw new UsageError('-config or -dev must be given');
    }
    context.io.outliveReaders();
    return runServer(
      {
        config: flags.config,
        dev,
        devRootTokenId: flags['dev-root-token-id'] ?? findVariable(env, 'DEV_ROOT_TOKEN_ID'),
        devListenAddress: flags['dev-listen-address'] ?? findVariable(env, 'DEV_LISTEN_ADDRESS'),
        devNoStoreToken: flags['dev-no-store-token'],
        devTls: flags['dev-tls'],
        devKvV1: flags['dev-kv-v1'],
        devNoKv: flags['dev-no-kv'],
        devStorage: flags['dev-storage'],
        devTee: flags['dev-tee'] ?? findVariable(env, 'DEV_TEE'),
        tokenFile: tokenFilePath(env),
        logLevel: flags['log-level'] ?? findVariable(env, 'LOG_LEVEL'),
        logFormat: flags['log-format'] ?? findVariable(env, 'LOG_FORMAT'),
        exitOnCoreShutdown: flags['exit-on-core-shutdown'],
      },
      {
        env,
        writeOut: (text) => context.io.write(text),
        writeError: (text) => context.io.note(text.replace(/\n$/, '')),
      },
    );
  },
});
