// Sealing, unsealing and what anybody may know of the server's state. Answered sealed or not, without a token; only
// seal and step-down need one.
import { exchangeOf } from '../core/exchange.js';
import type { Path, Request, Response } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import { rawAnswer } from './json-answer.js';
import { decodeKeyText } from './key-text.js';
import type { SystemParts } from './parts.js';
import { Opener, sealStatus } from './seal-status.js';

export function sealPaths(parts: SystemParts): readonly Path[] {
  return [
    unsealPath(parts),
    sealStatusPath(parts),
    healthPath(parts),
    leaderPath(),
    ...closing(parts),
  ];
}

function unsealPath(parts: SystemParts): Path {
  const opener = new Opener(parts);
  return path({
    pattern: 'unseal',
    help: {
      synopsis: 'Takes one key share.',
      description:
        'With the last one needed the server is unsealed. A wrong set of shares shows only then.',
    },
    whileSealed: true,
    unauthenticated: true,
    fields: {
      key: field.bytes('key share, hex or base64'),
      reset: field.boolean('forget the shares given so far'),
      migrate: field.boolean('not supported: there is one type of seal'),
    },
    operations: {
      update: async (request, { key, reset, migrate }) => {
        if (key !== null) request.own(key);
        if (reset) {
          parts.lifecycle.resetUnseal();
          return rawAnswer(request, await sealStatus(parts));
        }
        if (key === null || key.length === 0) {
          throw invalidRequest(
            "'key' must be specified in request body as JSON, or 'reset' set to true",
            'key-missing',
          );
        }
        if (migrate) {
          throw invalidRequest('seal migration is not under way', 'migration-unsupported');
        }
        await parts.lifecycle.unseal(request.own(decodeKeyText(key)));
        await opener.open();
        return rawAnswer(request, await sealStatus(parts));
      },
    },
  });
}

function sealStatusPath(parts: SystemParts): Path {
  return path({
    pattern: 'seal-status',
    help: { synopsis: 'Says whether the server is sealed.', description: '' },
    whileSealed: true,
    unauthenticated: true,
    fields: {},
    operations: { read: async (request) => rawAnswer(request, await sealStatus(parts)) },
  });
}

/** Status that a monitor asked for instead of ours. @throws ApiError naming the parameter */
function healthCode(name: string, wanted: number | null, ours: number): number {
  if (wanted === null) return ours;
  if (wanted >= 200 && wanted <= 599) return wanted;
  throw invalidRequest(`query parameter "${name}" is not a status code`, 'health-code');
}

function healthPath(parts: SystemParts): Path {
  return path({
    pattern: 'health',
    help: {
      synopsis: 'Says whether the server serves requests, by its status code.',
      description: '200 active, 501 not initialised, 503 sealed.',
    },
    whileSealed: true,
    unauthenticated: true,
    fields: {
      activecode: field.optionalInteger('status when active'),
      sealedcode: field.optionalInteger('status when sealed'),
      uninitcode: field.optionalInteger('status when not initialised'),
      standbyok: field.string('accepted: there are no standbys'),
      perfstandbyok: field.string('accepted: there are no standbys'),
      standbycode: field.optionalInteger('accepted: there are no standbys'),
      drsecondarycode: field.optionalInteger('accepted: there is no replication'),
      performancestandbycode: field.optionalInteger('accepted: there is no replication'),
    },
    operations: {
      read: async (request, values) => {
        const { initialized } = await parts.lifecycle.status();
        const sealed = parts.core.isSealed;
        const codes = {
          uninitialised: healthCode('uninitcode', values.uninitcode, 501),
          sealed: healthCode('sealedcode', values.sealedcode, 503),
          active: healthCode('activecode', values.activecode, 200),
        };
        healthCode('standbycode', values.standbycode, 429);
        healthCode('drsecondarycode', values.drsecondarycode, 472);
        healthCode('performancestandbycode', values.performancestandbycode, 473);
        const unsealedCode = sealed ? codes.sealed : codes.active;
        return health(
          parts,
          request,
          initialized,
          initialized ? unsealedCode : codes.uninitialised,
        );
      },
    },
  });
}

function health(
  parts: SystemParts,
  request: Request,
  initialized: boolean,
  code: number,
): Response {
  const { core, facts } = parts;
  const cluster = core.isSealed ? null : parts.cluster();
  const body = {
    initialized,
    sealed: core.isSealed,
    standby: false,
    performance_standby: false,
    replication_performance_mode: 'disabled',
    replication_dr_mode: 'disabled',
    server_time_utc: Math.floor(request.now / 1000),
    version: facts.version,
    enterprise: false,
    ...(cluster === null ? {} : { cluster_name: cluster.name, cluster_id: cluster.id }),
    echo_duration_ms: 0,
    clock_skew_ms: 0,
  };
  return rawAnswer(request, body, code);
}

/** As Vault answers where there is no high availability: every process here serves writes. */
function leaderPath(): Path {
  return path({
    pattern: 'leader',
    help: { synopsis: 'Says which node leads: there are no followers.', description: '' },
    whileSealed: true,
    unauthenticated: true,
    fields: {},
    operations: {
      read: async (request) =>
        rawAnswer(request, {
          ha_enabled: false,
          is_self: false,
          active_time: '0001-01-01T00:00:00Z',
          leader_address: '',
          leader_cluster_address: '',
          performance_standby: false,
          performance_standby_last_remote_wal: 0,
        }),
    },
  });
}

function closing(parts: SystemParts): readonly Path[] {
  return [
    path({
      pattern: 'seal',
      help: {
        synopsis: 'Seals the server.',
        description: 'Keys are wiped; shares unseal it again.',
      },
      sudo: true,
      fields: {},
      operations: {
        update: async (request) => {
          // The record of the answer needs the barrier: so the server closes behind this request.
          exchangeOf(request).afterwards.push(() => parts.seal());
          return null;
        },
      },
    }),
    path({
      pattern: 'step-down',
      help: {
        synopsis: 'Gives up leadership.',
        description: 'Does nothing: every process serves reads and writes.',
      },
      sudo: true,
      fields: {},
      operations: { update: async () => null },
    }),
  ];
}
