// `audit list`: which audit devices there are.
import type { AuditDevice } from '@vouchsafe/client';
import { booleanFlag } from '../../arguments/flag.js';
import { goText } from '../../output/go-text.js';
import { formatTable } from '../../output/table.js';
import { CommandError, during } from '../../session/explain.js';
import { command } from '../command.js';

type Devices = Readonly<Record<string, AuditDevice>>;

function options(device: AuditDevice): string {
  return Object.entries(device.options ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${goText(value)}`)
    .join(' ');
}

export const auditList = command({
  usage: 'audit list [options]',
  summary: 'List audit devices',
  details: 'Lists where audit records are written to.',
  examples: [['', 'audit list -detailed']],
  flags: { detailed: booleanFlag('Show options as well.') },
  arguments: [0, 0],
  async run(context, flags) {
    const answer = await during('listing audits', context.client.read<Devices>('sys/audit'));
    const devices = answer?.data ?? {};
    const rows = Object.entries(devices).sort(([a], [b]) => (a < b ? -1 : 1));
    if (rows.length === 0 && context.format === 'table') {
      throw new CommandError('No audit devices are enabled.', 2);
    }
    context.showSorted(devices, () =>
      flags.detailed
        ? formatTable(
            ['Path', 'Type', 'Description', 'Replication', 'Options'],
            rows.map(([path, device]) => [
              path,
              device.type,
              device.description || 'n/a',
              device.local ? 'local' : 'replicated',
              options(device),
            ]),
          )
        : formatTable(
            ['Path', 'Type', 'Description'],
            rows.map(([path, device]) => [path, device.type, device.description || 'n/a']),
          ),
    );
    return 0;
  },
});
