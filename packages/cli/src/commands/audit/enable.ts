// `audit enable`: adds an audit device.
import { booleanFlag, textFlag } from '../../arguments/flag.js';
import { parseKeyValues } from '../../arguments/key-values.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { mountPath } from '../context.js';

export const auditEnable = command({
  usage: 'audit enable [options] TYPE [KEY=VALUE...]',
  summary: 'Enable an audit device',
  details:
    'Adds a place audit records are written to. From then on a request that no device can record is refused.',
  examples: [['', 'audit enable file file_path=/var/log/vouchsafe-audit.log']],
  flags: {
    path: textFlag('Name of the device; without it, its type.'),
    description: textFlag('What the device is for.'),
    local: booleanFlag('Do not replicate.'),
  },
  arguments: [1, Number.POSITIVE_INFINITY],
  async run(context, flags, args) {
    const type = (args[0] ?? '').trim();
    const path = mountPath(flags.path ?? type);
    const options = await parseKeyValues(args.slice(1), () => context.io.readInput());
    const data = { type, description: flags.description ?? '', local: flags.local, options };
    const call = context.client.write(`sys/audit/${path.slice(0, -1)}`, data);
    await during('enabling audit device', call);
    context.line(`Success! Enabled the ${type} audit device at: ${path}`);
    return 0;
  },
});
