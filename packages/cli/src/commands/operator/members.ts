// `operator members`: which nodes there are.
import { formatTable } from '../../output/table.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';

interface Node {
  readonly hostname: string;
  readonly api_address: string;
  readonly cluster_address: string;
  readonly active_node: boolean;
  readonly version?: string;
  readonly last_echo?: string | null;
}

export const operatorMembers = command({
  usage: 'operator members [options]',
  summary: 'List the nodes',
  details: 'Lists the nodes that serve together.',
  examples: [['', 'operator members']],
  flags: {},
  arguments: [0, 0],
  async run(context) {
    const call = context.client.call<{ nodes?: Node[]; Nodes?: Node[] }>('GET', 'sys/ha-status');
    const answer = await during('reading members', call);
    const nodes = answer?.nodes ?? answer?.Nodes ?? [];
    // In capitals, as Vault prints it.
    context.show({ Nodes: nodes }, () =>
      formatTable(
        ['Host Name', 'API Address', 'Cluster Address', 'Active Node', 'Version', 'Last Echo'],
        nodes.map((node) => [
          node.hostname,
          node.api_address,
          node.cluster_address,
          String(node.active_node),
          node.version ?? '',
          node.last_echo ?? '',
        ]),
      ),
    );
    return 0;
  },
});
