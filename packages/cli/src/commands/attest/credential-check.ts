// `attest credential check`: is this what was in the credential? Then the attestation key is in that TPM.
import { required, textFlag } from '../../arguments/flag.js';
import { formatPairs, printable } from '../../output/table.js';
import { command } from '../command.js';
import { atFlag, parseTime } from './as-of.js';
import { credentialExitCodes, judging } from './credential-files.js';
import { finishFromFiles } from './evidence-files.js';

export const attestCredentialCheck = command({
  usage: 'attest credential check [options] ANSWER',
  summary: 'Check what a TPM made of a credential',
  details:
    'Compares what tpm2_activatecredential wrote with what "attest credential make" kept, and prints which attestation key is in which TPM. Nothing here knows whether the answer was shown before: delete the file of -pending, or keep it with the answer for "attest verify", which takes both.\n\nThe exit code is 0 if it is the secret, in time; 4 if not; 2 for a usage error, and 1 for anything else.',
  examples: [
    ['The file that the TPM wrote:', 'attest credential check -pending=pending.json answer'],
  ],
  flags: {
    pending: textFlag('What "attest credential make" wrote to keep.', { valueName: 'FILE' }),
    at: atFlag,
  },
  arguments: [1, 1],
  server: false,
  format: true,
  usageExitCode: credentialExitCodes.usage,
  async run(context, flags, args) {
    const at = parseTime(flags.at);
    const pending = required(flags.pending, 'pending');
    const { akName, activatedAt, values } = await judging(
      finishFromFiles(pending, args[0] ?? '', at),
    );
    const told = { ak_name: akName, activated_at: activatedAt, ...values };
    context.show(told, () =>
      formatPairs(Object.entries(told).map(([name, value]) => [name, printable(String(value))])),
    );
    return 0;
  },
});
