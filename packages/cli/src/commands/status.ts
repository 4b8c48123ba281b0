// `status`: whether the server is set up and open. Its exit code is what scripts look at.
import type { Leader, SealStatus } from '@vouchsafe/client';
import { alignRows } from '../output/table.js';
import { CommandError, during } from '../session/explain.js';
import { command } from './command.js';
import { sealRows } from './operator/seal-rows.js';

function leaderRows(leader: Leader | null): [string, string][] {
  if (leader === null) return [];
  if (!leader.ha_enabled) return [['HA Enabled', 'false']];
  return [
    ['HA Enabled', 'true'],
    ['HA Cluster', leader.leader_cluster_address || 'n/a'],
    ['HA Mode', leader.is_self ? 'active' : 'standby'],
    ...(leader.is_self ? [] : [['Active Node Address', leader.leader_address] as [string, string]]),
  ];
}

export const status = command({
  usage: 'status [options]',
  summary: 'Show whether the server is set up and unsealed',
  details:
    'Shows the state of the server. The exit code is 0 when it is unsealed, 2 when it is sealed and 1 when it cannot be asked.',
  examples: [['', 'status']],
  flags: {},
  arguments: [0, 0],
  async run(context) {
    const { client } = context;
    // Neither question needs a token or may be wrapped.
    const call = { token: null, wrapTtl: null };
    try {
      const seal = await during(
        'checking seal status',
        client.call<SealStatus>('GET', 'sys/seal-status', call),
      );
      if (seal === null) throw new CommandError('Error checking seal status: empty answer', 1);
      const leader = seal.sealed
        ? null
        : await during('checking leader status', client.call<Leader>('GET', 'sys/leader', call));
      context.showSorted({ ...seal, ...(leader ?? {}) }, () =>
        alignRows([['Key', 'Value'], ['---', '-----'], ...sealRows(seal), ...leaderRows(leader)]),
      );
      return seal.sealed ? 2 : 0;
    } catch (error) {
      // 2 would read as "sealed".
      if (!(error instanceof CommandError)) throw error;
      throw new CommandError(error.message, 1, error.hint, error.cause);
    }
  },
});
