// What the server says of itself to operators and their tools: versions, nodes, configuration, counts. Stubs where the
// feature is not there and clients only want to hear so.
import { hostname } from 'node:os';
import type { Path, Response } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import { LIST_LIMIT_MAX } from '../framework/storage.js';
import { rawAnswer } from './json-answer.js';
import type { SystemParts } from './parts.js';
import { timestamp } from './timestamp.js';

export function statePaths(parts: SystemParts): readonly Path[] {
  return [
    versionPath(parts),
    nodesPath(parts),
    configPath(parts),
    hostPath(parts),
    replicationPath(),
    ...counterPaths(parts),
    ...namespacePaths(),
  ];
}

function versionPath({ facts }: SystemParts): Path {
  return path({
    pattern: 'version-history(/)',
    help: { synopsis: 'Versions that this server has run: the present one.', description: '' },
    fields: {},
    operations: {
      list: async () => ({
        data: {
          keys: [facts.version],
          key_info: {
            [facts.version]: {
              build_date: facts.buildDate,
              previous_version: null,
              timestamp_installed: timestamp(facts.startedAt),
            },
          },
        },
      }),
    },
  });
}

function nodesPath({ facts }: SystemParts): Path {
  return path({
    pattern: 'ha-status',
    help: { synopsis: 'Nodes of the cluster: this one.', description: '' },
    fields: {},
    operations: {
      read: async () => {
        const node = {
          hostname: hostname(),
          api_address: facts.apiAddress,
          cluster_address: '',
          active_node: true,
          last_echo: null,
          version: facts.version,
        };
        return { data: { nodes: [node] }, legacyTopLevel: true };
      },
    },
  });
}

function configPath({ facts }: SystemParts): Path {
  return path({
    pattern: 'config/state/sanitized',
    help: { synopsis: 'The configuration without what is secret in it.', description: '' },
    fields: {},
    operations: {
      read: async () => ({
        // Plain data by contract: it was made from the configuration file.
        data: facts.sanitizedConfig as Readonly<Record<string, JsonValue>>,
      }),
    },
  });
}

function hostPath({ clock, facts }: SystemParts): Path {
  return path({
    pattern: 'host-info',
    help: {
      synopsis: 'The machine, as far as an enclave may ask.',
      description: 'No CPU, disk or memory figures: they would be the host’s word.',
    },
    fields: {},
    operations: {
      read: async () => ({
        data: {
          timestamp: timestamp(clock()),
          host: {
            hostname: hostname(),
            os: process.platform,
            kernelArch: process.arch,
            uptime: Math.floor((clock() - facts.startedAt) / 1000),
          },
          cpu: null,
          cpu_times: null,
          disk: null,
          memory: null,
        },
      }),
    },
  });
}

function replicationPath(): Path {
  const off = { mode: 'disabled' };
  return path({
    pattern: 'replication/status',
    help: { synopsis: 'Replication: there is none.', description: '' },
    unauthenticated: true,
    fields: {},
    operations: {
      read: async () => ({ data: { dr: off, performance: off }, legacyTopLevel: true }),
    },
  });
}

function counterPaths(parts: SystemParts): readonly Path[] {
  const declare = (name: string, read: () => Promise<Response>): Path =>
    path({
      pattern: `internal/counters/${name}`,
      help: { synopsis: `How many ${name} there are.`, description: '' },
      fields: {},
      operations: { read },
    });
  return [
    declare('tokens', async () => {
      const total = await parts.core.active.tokens.count();
      return { data: { counters: { service_tokens: { total } } } };
    }),
    declare('entities', async () => {
      const total = await countEntities(parts);
      return { data: { counters: { entities: { total } } } };
    }),
    path({
      pattern: 'internal/counters/activity(/)',
      help: { synopsis: 'Client counts: none are kept.', description: '' },
      fields: {},
      operations: { read: async (request) => rawAnswer(request, null, 204) },
    }),
  ];
}

async function countEntities(parts: SystemParts): Promise<number> {
  let [total, after] = [0, ''];
  for (;;) {
    const ids = await parts.core.active.entities.list('id', { after, limit: LIST_LIMIT_MAX });
    total += ids.length;
    if (ids.length < LIST_LIMIT_MAX) return total;
    after = ids.at(-1) ?? after;
  }
}

function namespacePaths(): readonly Path[] {
  const help = { synopsis: 'Namespaces: there is the root one only.', description: '' };
  const refuse = async (): Promise<never> => {
    throw invalidRequest('namespaces are not supported by this server', 'namespaces-unsupported');
  };
  return [
    path({
      pattern: 'namespaces(/)',
      help,
      fields: {},
      operations: { list: async () => null, scan: async () => null },
    }),
    path({
      pattern: 'namespaces/:path+',
      help,
      fields: { path: field.string('path of the namespace') },
      operations: {
        read: async () => null,
        list: async () => null,
        update: refuse,
        patch: refuse,
        delete: async () => null,
      },
    }),
  ];
}
