// `policy list`: names of all policies.
import { during } from '../../session/explain.js';
import { command } from '../command.js';

export const policyList = command({
  usage: 'policy list [options]',
  summary: 'List policies',
  details: 'Lists the names of all policies.',
  examples: [['', 'policy list']],
  flags: {},
  arguments: [0, 0],
  async run(context) {
    const answer = await during('listing policies', context.client.list('sys/policies/acl'));
    const keys = answer?.data?.keys ?? [];
    context.show(keys, () => keys.join('\n'));
    return 0;
  },
});
