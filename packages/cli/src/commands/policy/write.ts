// `policy write`: uploads a policy.
import { UsageError } from '../../arguments/flag.js';
import { readTextFile } from '../../arguments/key-values.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';

export const policyWrite = command({
  usage: 'policy write [options] NAME FILE',
  summary: 'Write a policy',
  details: 'Writes a policy from a file (HCL or JSON), or from standard input if the file is -.',
  examples: [
    ['', 'policy write app app.hcl'],
    ['', 'policy write app -'],
  ],
  flags: {},
  arguments: [2, 2],
  async run(context, _flags, args) {
    const name = (args[0] ?? '').trim().toLowerCase();
    const file = args[1] ?? '';
    const policy = file === '-' ? await context.io.readInput() : readTextFile(file);
    if (name === '') throw new UsageError('the name must not be empty');
    if (policy.trim() === '') throw new UsageError('the policy must not be empty');
    const call = context.client.write(`sys/policies/acl/${name}`, { policy });
    const answer = await during('uploading policy', call);
    context.showWarnings(answer);
    context.line(`Success! Uploaded policy: ${name}`);
    return 0;
  },
});
