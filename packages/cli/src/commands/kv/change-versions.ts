// What `kv destroy` and `kv undelete` do alike: one call about named versions of a secret.
import { UsageError } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import type { Context } from '../context.js';
import { findKvTarget, requireVersion2 } from './mount.js';

const doing = { destroy: 'destroying', undelete: 'undeleting' } as const;

/** @throws UsageError when no version is named, CommandError 1 for a version 1 mount */
export async function changeVersions(
  context: Context,
  what: keyof typeof doing,
  argument: string,
  flags: { readonly mount: string | null; readonly versions: readonly string[] },
): Promise<void> {
  const { versions } = flags;
  if (versions.length === 0) throw new UsageError('-versions must be given');
  const target = await findKvTarget(context, argument, flags.mount);
  requireVersion2(target, `kv ${what}`);
  const path = target.path(what);
  const answer = await during(`${doing[what]} ${path}`, context.client.write(path, { versions }));
  if (answer !== null) context.showAnswer(answer);
  else context.line(`Success! Data written to: ${path}`);
}
