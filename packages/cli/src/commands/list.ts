// `list`: names below any path.
import { during } from '../session/explain.js';
import { command } from './command.js';
import { cleanPath } from './context.js';
import { showKeys } from './show-keys.js';

export const list = command({
  usage: 'list [options] PATH',
  summary: 'List names below a path',
  details: 'Lists the names below a path. A name that ends in a slash is a folder.',
  examples: [['Roles of a method:', 'list auth/approle/role']],
  flags: {},
  arguments: [1, 1],
  async run(context, _flags, args) {
    const path = cleanPath(args[0] ?? '').replace(/\/*$/, '/');
    const answer = await during(`listing ${path}`, context.client.list(path));
    return showKeys(context, answer, path);
  },
});
