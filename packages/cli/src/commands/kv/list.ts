// `kv list`: names of secrets below a folder.
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { showKeys } from '../show-keys.js';
import { findKvTarget, mountFlag } from './mount.js';

export const kvList = command({
  usage: 'kv list [options] [FOLDER]',
  summary: 'List secrets',
  details: 'Lists the secrets in a folder. A name that ends in a slash is a folder itself.',
  examples: [['', 'kv list -mount=secret app']],
  flags: { mount: mountFlag },
  arguments: [0, 1],
  async run(context, flags, args) {
    const argument = args[0] ?? (flags.mount === null ? '' : '/');
    const target = await findKvTarget(
      context,
      argument.replace(/^\/+$/, '') === '' && flags.mount !== null ? `${flags.mount}/` : argument,
      argument.replace(/^\/+$/, '') === '' ? null : flags.mount,
    );
    const path = target.path('metadata').replace(/\/*$/, '/');
    const answer = await during(`listing ${path}`, context.client.list(path));
    return showKeys(context, answer, path);
  },
});
