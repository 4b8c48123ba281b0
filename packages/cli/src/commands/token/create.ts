// `token create`: a child of the current token.
import {
  booleanFlag,
  durationFlag,
  integerFlag,
  listFlag,
  pairsFlag,
  textFlag,
} from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { requireFound } from '../context.js';

export const tokenCreate = command({
  usage: 'token create [options]',
  summary: 'Make a token',
  details:
    'Makes a token below the current one: it ends when its parent ends, unless it is an orphan. Without -policy it may do what its parent may do.',
  examples: [
    ['For a job that runs an hour:', 'token create -policy=ci -ttl=1h'],
    ['Only the token, for a script:', 'token create -field=token -policy=ci'],
  ],
  flags: {
    id: textFlag('The token itself; needs sudo. Better left out: others may guess it.'),
    'display-name': textFlag('Name for logs.'),
    ttl: durationFlag('How long it lives, until renewed.'),
    'explicit-max-ttl': durationFlag('How long it can live at most, renewed or not.'),
    period: durationFlag('Lives as long as it is renewed within this time; needs sudo.'),
    renewable: booleanFlag('Whether it can be renewed.', true),
    orphan: booleanFlag('Without a parent; needs sudo.'),
    'no-default-policy': booleanFlag('Leave the policy "default" out.'),
    'use-limit': integerFlag('How many requests it can make; 0 is no limit.'),
    type: textFlag('service or batch.'),
    metadata: pairsFlag('For logs and policies.'),
    policy: listFlag('Policy it gets.', { valueName: 'NAME' }),
    role: textFlag('Token role to use.'),
    'entity-alias': textFlag('Entity alias to be; only with a role that allows it.'),
  },
  arguments: [0, 0],
  field: true,
  async run(context, flags) {
    const data: Record<string, unknown> = {
      renewable: flags.renewable,
      no_default_policy: flags['no-default-policy'],
    };
    const optional: readonly [string, unknown][] = [
      ['id', flags.id],
      ['display_name', flags['display-name']],
      ['ttl', flags.ttl],
      ['explicit_max_ttl', flags['explicit-max-ttl']],
      ['period', flags.period],
      ['num_uses', flags['use-limit']],
      ['type', flags.type],
      ['entity_alias', flags['entity-alias']],
      ['policies', flags.policy.length > 0 ? flags.policy : null],
      ['meta', Object.keys(flags.metadata).length > 0 ? flags.metadata : null],
      ['no_parent', flags.orphan && flags.role === null ? true : null],
    ];
    for (const [name, value] of optional) if (value !== null) data[name] = value;
    const orphan = flags.orphan ? 'auth/token/create-orphan' : 'auth/token/create';
    const path = flags.role === null ? orphan : `auth/token/create/${flags.role}`;
    if (path.endsWith('-orphan')) delete data.no_parent;
    const call = context.client.call<object>('POST', path, { data });
    context.showAnswer(requireFound(await during('creating token', call), path));
    return 0;
  },
});
