// `operator rotate`: makes a new encryption key for what is written from now on.
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { showKeyStatus } from './key-rows.js';

export const operatorRotate = command({
  usage: 'operator rotate [options]',
  summary: 'Make a new encryption key',
  details:
    'Makes a new key for everything written from now on. What was written before stays readable; unseal keys stay as they are.',
  examples: [['', 'operator rotate']],
  flags: {},
  arguments: [0, 0],
  async run(context) {
    await during('rotating key', context.client.call('POST', 'sys/rotate', { wrapTtl: null }));
    if (context.format === 'table') context.line('Success! Rotated key\n');
    await showKeyStatus(context);
    return 0;
  },
});
