// What `secrets list` and `auth list` print: what is mounted.
import type { Mount } from '@vouchsafe/client';
import { goDuration, goText } from '../output/go-text.js';
import { formatTable } from '../output/table.js';
import { during } from '../session/explain.js';
import type { Context } from './context.js';

type Mounts = Readonly<Record<string, Mount>>;

function lifetime(seconds: number | undefined): string {
  return seconds === undefined || seconds === 0 ? 'system' : goDuration(seconds);
}

function byPath(mounts: Mounts): [string, Mount][] {
  return Object.entries(mounts).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Path, type, accessor and description of each. */
function formatMounts(mounts: Mounts): string {
  return formatTable(
    ['Path', 'Type', 'Accessor', 'Description', 'Version'],
    byPath(mounts).map(([path, mount]) => [
      path,
      mount.type,
      mount.accessor,
      mount.description || 'n/a',
      mount.plugin_version || 'n/a',
    ]),
  );
}

/** Everything about each. `auth` adds the kind of token a method issues. */
function formatMountsDetailed(mounts: Mounts, auth: boolean): string {
  return formatTable(
    [
      ...['Path', 'Plugin', 'Accessor', 'Default TTL', 'Max TTL'],
      ...(auth ? ['Token Type'] : ['Force No Cache']),
      ...['Replication', 'Seal Wrap', 'External Entropy Access', 'Options', 'Description', 'UUID'],
      ...['Version', 'Running Version', 'Running SHA256', 'Deprecation Status'],
    ],
    byPath(mounts).map(([path, mount]) => [
      ...[path, mount.type, mount.accessor],
      ...[lifetime(mount.config?.default_lease_ttl), lifetime(mount.config?.max_lease_ttl)],
      auth ? (mount.config?.token_type ?? 'n/a') : goText(mount.config?.force_no_cache ?? false),
      mount.local ? 'local' : 'replicated',
      ...[goText(mount.seal_wrap ?? false), goText(mount.external_entropy_access ?? false)],
      goText(mount.options ?? {}),
      ...[mount.description || 'n/a', mount.uuid || 'n/a', mount.plugin_version || 'n/a'],
      ...[mount.running_plugin_version || 'n/a', mount.running_sha256 || 'n/a'],
      mount.deprecation_status || 'n/a',
    ]),
  );
}

const paths = { 'auth methods': 'sys/auth', 'secrets engines': 'sys/mounts' } as const;

/** Asks the server, and shows them by path. @throws CommandError */
export async function listMounts(
  context: Context,
  what: keyof typeof paths,
  detailed: boolean,
): Promise<void> {
  const answer = await during(`listing ${what}`, context.client.read<Mounts>(paths[what]));
  const mounts = answer?.data ?? {};
  context.showSorted(mounts, () =>
    detailed ? formatMountsDetailed(mounts, what === 'auth methods') : formatMounts(mounts),
  );
}
