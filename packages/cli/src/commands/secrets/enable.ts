// `secrets enable`: mounts an engine.
import { UsageError } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { mountPath } from '../context.js';
import { mountBody, mountConfigFlags, mountFlags } from '../mount-settings.js';

export const secretsEnable = command({
  usage: 'secrets enable [options] TYPE',
  summary: 'Enable a secrets engine',
  details:
    'Mounts a secrets engine. Where it is mounted is up to -path; the same type can be mounted several times.',
  examples: [
    ['', 'secrets enable transit'],
    ['At another path:', 'secrets enable -path=team/a kv-v2'],
  ],
  flags: { ...mountFlags, ...mountConfigFlags },
  arguments: [1, 1],
  async run(context, flags, args) {
    const type = (args[0] ?? '').trim();
    if (type === '') throw new UsageError('TYPE must not be empty');
    const path = mountPath(flags.path ?? (type === 'plugin' ? flags['plugin-name'] : null) ?? type);
    const data = mountBody(type, flags);
    const call = context.client.call('POST', `sys/mounts/${path.slice(0, -1)}`, { data });
    await during('enabling secrets engine', call);
    context.line(`Success! Enabled the ${type} secrets engine at: ${path}`);
    return 0;
  },
});
