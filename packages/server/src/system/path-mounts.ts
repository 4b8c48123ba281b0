// sys/mounts and sys/auth: what is mounted where. The two differ in kind and prefix alone.
import type { MountEntry } from '../core/mounts/entry.js';
import { kindPath } from '../core/mounts/service.js';
import { canonicalMountPath } from '../core/mounts/table.js';
import type { Path, Response } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import { readMountConfig, readNewMountConfig, TUNE_FIELDS } from './mount-input.js';
import { mountView, shownPath, tuneView } from './mount-view.js';
import type { SystemParts } from './parts.js';

type Kind = 'secret' | 'auth';

const NAMES = { secret: 'mounts', auth: 'auth' } as const;

export function mountPaths(parts: SystemParts): readonly Path[] {
  return [
    listPath(parts, 'secret'),
    tunePath(parts, 'secret'),
    mountPath(parts, 'secret'),
    listPath(parts, 'auth'),
    tunePath(parts, 'auth'),
    mountPath(parts, 'auth'),
  ];
}

function isOfKind(entry: MountEntry, kind: Kind): boolean {
  return (entry.kind === 'auth') === (kind === 'auth') && !entry.tainted;
}

/** @throws ApiError as for a path that can not be one */
async function findEntry(parts: SystemParts, mount: string): Promise<MountEntry | null> {
  const { byPath } = await parts.core.active.mounts.table.current();
  const entry = byPath.get(canonicalMountPath(mount));
  return entry === undefined || entry.tainted ? null : entry;
}

function notMounted(kind: Kind, mount: string): Error {
  const shown = canonicalMountPath(mount);
  const text =
    kind === 'auth' ? `No auth engine at ${shown}` : `No secret engine mount at ${shown}`;
  return invalidRequest(text, 'mount-not-found');
}

/** Every mount of one kind, by path. */
export async function listMounts(parts: SystemParts, kind: Kind): Promise<Response> {
  const { entries } = await parts.core.active.mounts.table.current();
  const data = Object.create(null) as Record<string, JsonValue>;
  for (const entry of entries) {
    if (isOfKind(entry, kind)) data[shownPath(entry)] = mountView(entry, parts.facts);
  }
  return { data, legacyTopLevel: true };
}

function listPath(parts: SystemParts, kind: Kind): Path {
  return path({
    pattern: `${NAMES[kind]}(/)`,
    help: { synopsis: 'Shows what is mounted.', description: '' },
    fields: {},
    operations: { read: async () => await listMounts(parts, kind) },
  });
}

const MOUNT_FIELDS = {
  path: field.string('path of the mount'),
  type: field.string('type of the backend; "kv-v2" is kv with version 2'),
  description: field.string('what it is for'),
  config: field.map('lifetimes, visibility, audited fields'),
  options: field.keyValues('options of the backend, such as version'),
  local: field.boolean('not replicated (there is no replication)'),
  seal_wrap: field.boolean('accepted; everything is encrypted by the barrier'),
  external_entropy_access: field.boolean('accepted; without effect'),
  plugin_name: field.string('same as type, which wins'),
  plugin_version: field.string('not supported: every backend is built in'),
} as const;

/** Old clients say type "plugin" and give the name apart. */
function readType(values: { readonly type: string; readonly plugin_name: string }): string {
  const type = values.type === 'plugin' ? values.plugin_name : values.type || values.plugin_name;
  if (type !== '') return type;
  throw invalidRequest('backend type must be specified as a string', 'mount-type-missing');
}

function mountPath(parts: SystemParts, kind: Kind): Path {
  const prefix = kind === 'auth' ? 'auth/' : '';
  return path({
    pattern: `${NAMES[kind]}/:path+`,
    help: { synopsis: 'Enables, shows or disables a mount.', description: '' },
    ...(kind === 'auth' ? { sudo: true as const } : {}),
    fields: MOUNT_FIELDS,
    spellings: { path: (text) => text.replace(/\/$/, '') },
    operations: {
      read: async (_, { path: mount }) => {
        const entry = await findEntry(parts, prefix + mount);
        if (entry === null || !isOfKind(entry, kind)) throw notMounted(kind, mount);
        return { data: mountView(entry, parts.facts), legacyTopLevel: true };
      },
      update: async (_, values) => {
        readMountConfig({ plugin_version: values.plugin_version });
        await parts.core.active.mounts.enable(kind, values.path, {
          type: readType(values),
          description: values.description,
          config: readNewMountConfig(values.config),
          options: { ...readConfigOptions(values.config), ...values.options },
          local: values.local,
          sealWrap: values.seal_wrap,
          externalEntropyAccess: values.external_entropy_access,
        });
        return null;
      },
      delete: async (_, { path: mount }) => {
        const entry = await findEntry(parts, kindPath(kind, mount));
        // As in Vault: whether there was one is not told.
        if (entry === null || !isOfKind(entry, kind)) return null;
        await parts.core.active.mounts.disable(kind, mount);
        return null;
      },
    },
  });
}

/** Some clients nest the options in `config`. */
function readConfigOptions(
  config: Readonly<Record<string, unknown>> | null,
): Readonly<Record<string, string>> {
  const options = config?.options ?? null;
  if (options === null || typeof options !== 'object') return {};
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, String(value)]));
}

function tunePath(parts: SystemParts, kind: Kind): Path {
  const prefix = kind === 'auth' ? 'auth/' : '';
  return path({
    pattern: `${NAMES[kind]}/:path+/tune`,
    help: { synopsis: 'Shows or changes the settings of a mount.', description: '' },
    ...(kind === 'auth' ? { sudo: true as const } : {}),
    fields: TUNE_FIELDS,
    operations: {
      read: async (_, { path: mount }) => {
        const entry = await findEntry(parts, prefix + mount);
        if (entry === null) throw notMounted(kind, mount);
        const info = parts.core.active.mounts.info(entry);
        return { data: tuneView(entry, info), legacyTopLevel: true };
      },
      update: async (_, values) => {
        const entry = await findEntry(parts, prefix + values.path);
        if (entry === null) throw notMounted(kind, values.path);
        await parts.core.active.mounts.tune(entry.path, {
          description: values.description,
          config: readMountConfig(values),
          options: values.options,
        });
        return null;
      },
    },
  });
}
