// `audit disable`: removes an audit device.
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { mountPath } from '../context.js';

export const auditDisable = command({
  usage: 'audit disable [options] PATH',
  summary: 'Disable an audit device',
  details:
    'Removes a place audit records are written to. What was written stays; the key that hashed its values is gone.',
  examples: [['', 'audit disable file']],
  flags: {},
  arguments: [1, 1],
  async run(context, _flags, args) {
    const path = mountPath(args[0] ?? '');
    const call = context.client.delete(`sys/audit/${path.slice(0, -1)}`);
    await during('disabling audit device', call);
    context.line(`Success! Disabled audit device (if it was enabled) at: ${path}`);
    return 0;
  },
});
