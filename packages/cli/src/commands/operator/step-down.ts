// `operator step-down`: asks the active node to let another one take over.
import { during } from '../../session/explain.js';
import { command } from '../command.js';

export const operatorStepDown = command({
  usage: 'operator step-down [options]',
  summary: 'Ask the active node to step down',
  details: 'Asks the server at this address to give up being the active one, if it is.',
  examples: [['', 'operator step-down']],
  flags: {},
  arguments: [0, 0],
  async run(context) {
    const { client } = context;
    await during('stepping down', client.call('PUT', 'sys/step-down'));
    context.line(`Success! Stepped down: ${client.transport.address}`);
    return 0;
  },
});
