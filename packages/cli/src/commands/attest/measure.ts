// `attest measure`: what the simulated TEE will say of a command, as the reference values that accept it.
import { measureCommand, toReferenceValues } from '@vouchsafe/shim';
import { defaultedFlag, textFlag } from '../../arguments/flag.js';
import { command } from '../command.js';
import { asCommandError, chooseSimulatedFormat, simulatedFormatFlag } from './login-options.js';

export const attestMeasure = command({
  usage: 'attest measure [options] -- COMMAND [ARGUMENT...]',
  summary: 'Print the reference values of a command in the simulated TEE',
  details:
    'Hashes the command’s executable and arguments (a file by its bytes, anything else by its text), as "run -attester=simulated" does, and prints the reference values that a role needs to accept exactly this command; "write auth/attest/reference-values values=@values.json label=NAME" registers them. Real TEEs are not measured this way: their values come from the image’s build.',
  examples: [
    ['Values for a role:', 'attest measure -- ./app --serve > values.json'],
    [
      'For a simulated SEV-SNP guest:',
      'attest measure -simulated-format=sev-snp -- ./app --serve > values.json',
    ],
  ],
  flags: {
    name: defaultedFlag('Name of the values, for people.', 'workload'),
    'simulated-format': simulatedFormatFlag,
    'simulated-tee': textFlag('Accepted for symmetry with run; measuring needs no keys.', {
      hidden: true,
    }),
  },
  arguments: [1, Number.POSITIVE_INFINITY],
  server: false,
  stopAtFirstArgument: true,
  async run(context, flags, args) {
    const format = chooseSimulatedFormat(context, flags['simulated-format']);
    try {
      const measured = await measureCommand(args, context.io.env);
      context.line(
        JSON.stringify(toReferenceValues(measured, { name: flags.name, format }), null, 2),
      );
      return 0;
    } catch (error) {
      throw asCommandError(error, 1);
    }
  },
});
