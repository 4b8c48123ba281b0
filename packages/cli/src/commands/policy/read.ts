// `policy read`: the text of a policy.
import { CommandError, during } from '../../session/explain.js';
import { command } from '../command.js';

export const policyRead = command({
  usage: 'policy read [options] NAME',
  summary: 'Show a policy',
  details: 'Shows the text of a policy, as it was written.',
  examples: [['', 'policy read app']],
  flags: {},
  arguments: [1, 1],
  async run(context, _flags, args) {
    const name = (args[0] ?? '').trim().toLowerCase();
    const path = `sys/policies/acl/${name}`;
    const answer = await during(
      `reading policy named ${name}`,
      context.client.read<{ policy?: string }>(path),
    );
    const policy = answer?.data?.policy;
    if (policy === undefined) throw new CommandError(`No policy named: ${name}`, 2);
    context.show({ policy }, () => policy.trim());
    return 0;
  },
});
