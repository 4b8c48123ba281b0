// What KV v2 knows about a key: its versions and settings, and the rules by which they change. Pure; values never come here.
// Instances may sit in a cache: they are replaced, never mutated.

import { formatDuration } from '../../framework/duration.js';
import { TamperingError } from '../../framework/errors.js';
import type { JsonValue } from '../../framework/json/value.js';

/** Times are milliseconds since the epoch; `deletionTime` 0 means none, and may lie ahead (delete_version_after). */
export interface VersionInfo {
  readonly number: number;
  readonly createdTime: number;
  readonly deletionTime: number;
  readonly destroyed: boolean;
}

export interface KeyMetadata {
  /** Ascending by number. */
  readonly versions: readonly VersionInfo[];
  readonly currentVersion: number;
  /** 0 until the first version was pruned. */
  readonly oldestVersion: number;
  readonly createdTime: number;
  readonly updatedTime: number;
  /** 0: the mount's. */
  readonly maxVersions: number;
  readonly casRequired: boolean;
  /** 0: the mount's. */
  readonly deleteVersionAfterSeconds: number;
  readonly customMetadata: Readonly<Record<string, string>> | null;
  /** Counts changes made through metadata/, as metadata_cas wants to see it. */
  readonly metadataVersion: number;
  readonly metadataCasRequired: boolean;
}

/** Settings of the mount. */
export interface KvConfig {
  /** 0: ten. */
  readonly maxVersions: number;
  readonly casRequired: boolean;
  readonly metadataCasRequired: boolean;
  /** 0: never. Negative: never, whatever a key says. */
  readonly deleteVersionAfterSeconds: number;
}

export const DEFAULT_CONFIG: KvConfig = {
  maxVersions: 0,
  casRequired: false,
  metadataCasRequired: false,
  deleteVersionAfterSeconds: 0,
};

/** Bounds the size of a metadata entry, and of the commit that deletes a key. */
export const MAX_VERSIONS_MAX = 10_000;
const MAX_VERSIONS_DEFAULT = 10;

export function newMetadata(now: number): KeyMetadata {
  return {
    versions: [],
    currentVersion: 0,
    oldestVersion: 0,
    createdTime: now,
    updatedTime: now,
    maxVersions: 0,
    casRequired: false,
    deleteVersionAfterSeconds: 0,
    customMetadata: null,
    metadataVersion: 0,
    metadataCasRequired: false,
  };
}

export function isDeleted(version: VersionInfo, now: number): boolean {
  return version.deletionTime !== 0 && version.deletionTime <= now;
}

/** The version asked for; 0 is the current one. Null when there is none, or it was pruned. */
export function findVersion(metadata: KeyMetadata, number: number): VersionInfo | null {
  const wanted = number === 0 ? metadata.currentVersion : number;
  const last = metadata.versions.at(-1);
  if (last?.number === wanted) return last;
  return metadata.versions.findLast((version) => version.number === wanted) ?? null;
}

/** When a version made now will count as deleted; 0 for never. The shorter of the mount's and the key's time applies. */
function plannedDeletion(metadata: KeyMetadata, config: KvConfig, now: number): number {
  const mount = config.deleteVersionAfterSeconds;
  const key = metadata.deleteVersionAfterSeconds;
  if (mount < 0 || (mount === 0 && key === 0)) return 0;
  const seconds = mount === 0 || key === 0 ? Math.max(mount, key) : Math.min(mount, key);
  return now + seconds * 1000;
}

/** How many versions are kept: the larger of the key's setting and the mount's, as in Vault. */
function versionsKept(metadata: KeyMetadata, config: KvConfig): number {
  return Math.max(metadata.maxVersions, config.maxVersions) || MAX_VERSIONS_DEFAULT;
}

/** The metadata with one more version, and the versions that had to make room for it. */
export function addVersion(
  metadata: KeyMetadata,
  config: KvConfig,
  now: number,
): { readonly metadata: KeyMetadata; readonly pruned: readonly VersionInfo[] } {
  const number = metadata.currentVersion + 1;
  const added: VersionInfo = {
    number,
    createdTime: now,
    deletionTime: plannedDeletion(metadata, config, now),
    destroyed: false,
  };
  const firstKept = number - versionsKept(metadata, config) + 1;
  const kept = metadata.versions.filter((version) => version.number >= firstKept);
  return {
    metadata: {
      ...metadata,
      versions: [...kept, added],
      currentVersion: number,
      oldestVersion: firstKept > 1 ? firstKept : metadata.oldestVersion,
      updatedTime: now,
    },
    pruned: metadata.versions.filter((version) => version.number < firstKept),
  };
}

/** Changes the versions named in `numbers` by `change`; null when that changes nothing. */
export function changeVersions(
  metadata: KeyMetadata,
  numbers: ReadonlySet<number>,
  change: (version: VersionInfo) => VersionInfo,
): KeyMetadata | null {
  let changed = false;
  const versions = metadata.versions.map((version) => {
    const after = numbers.has(version.number) ? change(version) : version;
    if (after !== version) changed = true;
    return after;
  });
  return changed ? { ...metadata, versions } : null;
}

/** RFC 3339 with nine digits, as Vault's clients parse it; '' for "never". */
export function formatTime(time: number): string {
  return time === 0 ? '' : new Date(time).toISOString().replace(/Z$/, '000000Z');
}

/** `metadata` of a data/ or subkeys/ answer. */
export function versionAnswer(
  version: VersionInfo,
  metadata: KeyMetadata,
): Readonly<Record<string, JsonValue>> {
  return {
    created_time: formatTime(version.createdTime),
    custom_metadata: metadata.customMetadata,
    deletion_time: formatTime(version.deletionTime),
    destroyed: version.destroyed,
    version: version.number,
  };
}

/** `data` of a metadata/ answer. */
export function metadataAnswer(metadata: KeyMetadata): Readonly<Record<string, JsonValue>> {
  const versions: Record<string, JsonValue> = {};
  for (const version of metadata.versions) {
    versions[String(version.number)] = {
      created_time: formatTime(version.createdTime),
      deletion_time: formatTime(version.deletionTime),
      destroyed: version.destroyed,
    };
  }
  return {
    cas_required: metadata.casRequired,
    created_time: formatTime(metadata.createdTime),
    current_metadata_version: metadata.metadataVersion,
    current_version: metadata.currentVersion,
    custom_metadata: metadata.customMetadata,
    delete_version_after: formatDuration(metadata.deleteVersionAfterSeconds),
    max_versions: metadata.maxVersions,
    metadata_cas_required: metadata.metadataCasRequired,
    oldest_version: metadata.oldestVersion,
    updated_time: formatTime(metadata.updatedTime),
    versions,
  };
}

/** Stored form, format 1: versions as rows, because there may be thousands. */
export function encodeMetadata(metadata: KeyMetadata): Buffer {
  const { versions, ...rest } = metadata;
  const rows = versions.map((version) => [
    version.number,
    version.createdTime,
    version.deletionTime,
    version.destroyed ? 1 : 0,
  ]);
  return Buffer.from(JSON.stringify({ format: 1, ...rest, versions: rows }));
}

/** @throws TamperingError when the entry is none that this engine wrote. */
export function parseMetadata(stored: Buffer): KeyMetadata {
  const parsed = JSON.parse(stored.toString('utf8')) as KeyMetadata & { readonly format: unknown };
  if (parsed.format !== 1 || !Array.isArray(parsed.versions)) {
    throw new TamperingError('key metadata has an unknown format');
  }
  const rows = parsed.versions as readonly (readonly [number, number, number, number])[];
  // Name by name: of a spread every key's object would get a layout of its own, and reads of many keys would be slow.
  return {
    versions: rows.map(([number, createdTime, deletionTime, destroyed]) => ({
      number,
      createdTime,
      deletionTime,
      destroyed: destroyed === 1,
    })),
    currentVersion: parsed.currentVersion,
    oldestVersion: parsed.oldestVersion,
    createdTime: parsed.createdTime,
    updatedTime: parsed.updatedTime,
    maxVersions: parsed.maxVersions,
    casRequired: parsed.casRequired,
    deleteVersionAfterSeconds: parsed.deleteVersionAfterSeconds,
    customMetadata: parsed.customMetadata,
    metadataVersion: parsed.metadataVersion,
    metadataCasRequired: parsed.metadataCasRequired,
  };
}
