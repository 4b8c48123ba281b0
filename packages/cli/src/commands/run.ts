// `run`: a workload with its secrets. Everything that matters is @vouchsafe/shim's; here are its flags.
import { exitCodes, runWorkload } from '@vouchsafe/shim';
import { booleanFlag, repeatedFlag, UsageError } from '../arguments/flag.js';
import { asCommandError, attestedLoginFlags, chooseLoginOptions } from './attest/login-options.js';
import { command } from './command.js';

export const run = command({
  usage: 'run [options] -- COMMAND [ARGUMENT...]',
  summary: 'Attest, take the secrets of a role, and run a command',
  details:
    'Checks the server, shows it hardware evidence of what runs here, logs in with a role, and starts the command with the environment variables and files that the role provides. While the command runs the login is kept alive and signals are passed on; afterwards the token is revoked and the files are removed.\n\nThe exit code is the command’s own, or 128 + N when signal N ended it. 125: the command was not started; 126: it cannot be executed; 127: it was not found.',
  examples: [
    ['A web server with its keys:', 'run -role=web -- nginx -g "daemon off;"'],
    [
      'With a server whose identity is known beforehand:',
      'run -role=web -server-identity=9f86d0… -- /usr/bin/app',
    ],
    [
      'Trying it out, with a server started with -dev-tee=/tmp/tee:',
      'run -role=web -attester=simulated -simulated-tee=/tmp/tee -- ./app',
    ],
    [
      'The same, as an SEV-SNP guest:',
      'run -role=web -simulated-tee=/tmp/tee -simulated-format=sev-snp -- ./app',
    ],
  ],
  flags: {
    ...attestedLoginFlags,
    'allow-folder': repeatedFlag(
      'Let the role deliver files below this folder too; without it, below /run, /dev/shm and XDG_RUNTIME_DIR.',
      { valueName: 'FOLDER' },
    ),
    'allow-disk': booleanFlag('Let files be delivered to file systems that are not in memory.'),
  },
  arguments: [1, Number.POSITIVE_INFINITY],
  format: false,
  stopAtFirstArgument: true,
  usageExitCode: exitCodes.shimFailed,
  async run(context, flags, args) {
    const fileFolders = flags['allow-folder'].map((folder) => folder.replace(/(?<=.)\/+$/, ''));
    if (fileFolders.some((folder) => !/^\/(?!.*(^|\/)\.{1,2}(\/|$))./.test(folder))) {
      throw new UsageError('-allow-folder: want an absolute path without . and .. segments');
    }
    const { env, name } = context.io;
    const note = (text: string): void => context.io.note(`${name}: ${text}`);
    try {
      const login = chooseLoginOptions(context, flags, args);
      return await runWorkload(
        { ...login, fileFolders, allowDisk: flags['allow-disk'] },
        { env, note },
      );
    } catch (error) {
      throw asCommandError(error, null);
    }
  },
});
