// `policy delete`: removes a policy.
import { during } from '../../session/explain.js';
import { command } from '../command.js';

export const policyDelete = command({
  usage: 'policy delete [options] NAME',
  summary: 'Delete a policy',
  details: 'Deletes a policy. Tokens that have it can do at once what their other policies allow.',
  examples: [['', 'policy delete app']],
  flags: {},
  arguments: [1, 1],
  async run(context, _flags, args) {
    const name = (args[0] ?? '').trim().toLowerCase();
    await during('deleting', context.client.delete(`sys/policies/acl/${name}`));
    context.line(`Success! Deleted policy: ${name}`);
    return 0;
  },
});
