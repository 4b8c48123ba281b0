// `operator seal`: closes the server until it is unsealed again.
import { during } from '../../session/explain.js';
import { command } from '../command.js';

export const operatorSeal = command({
  usage: 'operator seal [options]',
  summary: 'Seal the server',
  details:
    'Makes the server forget its keys. It answers nothing until enough unseal keys are handed in again. The thing to do when a break-in is suspected.',
  examples: [['', 'operator seal']],
  flags: {},
  arguments: [0, 0],
  async run(context) {
    await during('sealing', context.client.call('PUT', 'sys/seal'));
    context.line('Success! Vault is sealed.');
    return 0;
  },
});
