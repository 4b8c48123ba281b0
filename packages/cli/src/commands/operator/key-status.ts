// `operator key-status`: how old the encryption key is and how much it was used.
import { command } from '../command.js';
import { showKeyStatus } from './key-rows.js';

export const operatorKeyStatus = command({
  usage: 'operator key-status [options]',
  summary: 'Show the state of the encryption key',
  details: 'Shows the term of the encryption key, when it was made and how often it was used.',
  examples: [['', 'operator key-status']],
  flags: {},
  arguments: [0, 0],
  async run(context) {
    await showKeyStatus(context);
    return 0;
  },
});
