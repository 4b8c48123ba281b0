// What a new database holds before anybody can use it: mounts, cluster name, and the first root token.
import { randomUUID } from 'node:crypto';
import { type Storage, subView } from '../framework/storage.js';
import { TokenStore } from '../tokens/store.js';
import { rootTokenSpec } from '../tokens/token-spec.js';
import type { MountEntry } from './mounts/entry.js';
import { MountTable } from './mounts/table.js';

const CLUSTER_KEY = 'cluster';

export interface ClusterInfo {
  readonly id: string;
  readonly name: string;
}

export interface FirstWrites {
  /** Chosen by the operator (-dev-root-token-id), or null for a random one. */
  readonly rootTokenId: Buffer | null;
  readonly extraMounts: readonly MountEntry[];
  readonly clusterName: string;
}

/** For Lifecycle.initialise: `storage` is the whole barrier. The caller owns and wipes the token. */
export async function prepareDatabase(
  storage: Storage,
  wanted: FirstWrites,
  now: number,
): Promise<{ readonly rootToken: Buffer }> {
  await new MountTable(subView(storage, 'core/')).create(wanted.extraMounts);
  const id = randomUUID();
  const cluster: ClusterInfo = {
    id,
    name: wanted.clusterName || `vouchsafe-cluster-${id.slice(0, 8)}`,
  };
  const value = Buffer.from(JSON.stringify(cluster));
  await subView(storage, 'core/').commit([{ put: CLUSTER_KEY, value }], []);
  const tokens = await TokenStore.open(subView(storage, 'sys/token/'), async () => false);
  const { token } = await tokens.create(rootTokenSpec(wanted.rootTokenId), now);
  tokens.close();
  return { rootToken: token };
}

/** `storage` is the core view. */
export async function readCluster(storage: Storage): Promise<ClusterInfo> {
  const found = await storage.get(CLUSTER_KEY);
  if (found === null) return { id: '', name: '' };
  return JSON.parse(found.value.toString('utf8')) as ClusterInfo;
}
