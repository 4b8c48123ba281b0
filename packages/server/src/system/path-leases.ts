// sys/leases: looking up, renewing and ending leases. The older sys/renew and sys/revoke* are the same handlers: two
// ways in with one set of checks (CVE-2026-45808).
import type { Path, Request, Response } from '../framework/backend.js';
import { field } from '../framework/field.js';
import { listingFields } from '../framework/listing.js';
import { path } from '../framework/path.js';
import { LIST_LIMIT_MAX } from '../framework/storage.js';
import { type Lease, remainingLeaseSeconds } from '../leases/lease.js';
import { renewLease } from './lease-renewal.js';
import { endLease, endLeasesBelow } from './lease-revocation.js';
import type { SystemParts } from './parts.js';
import { timestamp } from './timestamp.js';

export function leasePaths(parts: SystemParts): readonly Path[] {
  return [
    ...lookupPaths(parts),
    ...renewPaths(parts),
    ...revokePaths(parts),
    ...prefixPaths(parts),
    tidyPath(parts),
    countPath(parts),
    irrevocablePath(parts),
  ];
}

function leaseData(lease: Lease, now: number): Response {
  return {
    data: {
      id: lease.id,
      issue_time: timestamp(lease.issuedAt),
      expire_time: timestamp(lease.expiresAt),
      last_renewal: lease.lastRenewedAt === null ? null : timestamp(lease.lastRenewedAt),
      renewable: lease.renewable && !lease.isRevoking,
      ttl: remainingLeaseSeconds(lease, now),
      ...(lease.failureCode === '' ? {} : { revoke_error: lease.failureCode }),
    },
  };
}

function lookupPaths(parts: SystemParts): readonly Path[] {
  return [
    path({
      pattern: 'leases/lookup/:prefix*',
      help: { synopsis: 'Lists the leases below a path.', description: '' },
      sudo: true,
      fields: {
        prefix: field.string('path below which to list'),
        ...listingFields,
      },
      operations: {
        list: async (_, { prefix, ...listing }) => ({
          data: { keys: await parts.core.active.leases.list(prefix, listing) },
        }),
      },
    }),
    path({
      pattern: 'leases/lookup',
      help: { synopsis: 'Shows a lease.', description: '' },
      fields: { lease_id: field.string('id of the lease') },
      operations: {
        update: async ({ now }, { lease_id: id }) =>
          leaseData(await parts.core.active.leases.get(id), now),
      },
    }),
  ];
}

const LEASE_FIELDS = {
  lease_id: field.string('id of the lease'),
  url_lease_id: field.string('the same, in the path'),
} as const;

/** The path is what was authorised: a lease named there is the one, whatever the body names. */
function leaseIdOf(values: { readonly lease_id: string; readonly url_lease_id: string }): string {
  return values.url_lease_id || values.lease_id;
}

function renewPaths(parts: SystemParts): readonly Path[] {
  const declare = (pattern: string): Path =>
    path({
      pattern,
      help: {
        synopsis: 'Renews a lease.',
        description: 'The increment counts from now and is capped by the maximum of the lease.',
      },
      fields: { ...LEASE_FIELDS, increment: field.duration('wished lifetime from now') },
      operations: {
        update: async (request, values) =>
          await renewLease(parts.core.active, request, {
            leaseId: leaseIdOf(values),
            incrementSeconds: values.increment,
          }),
      },
    });
  return ['leases/renew', 'leases/renew/:url_lease_id+', 'renew', 'renew/:url_lease_id+'].map(
    declare,
  );
}

function revokePaths(parts: SystemParts): readonly Path[] {
  const declare = (pattern: string): Path =>
    path({
      pattern,
      help: { synopsis: 'Revokes a lease.', description: 'One that is not there is no error.' },
      fields: { ...LEASE_FIELDS, sync: field.boolean('answer when it has been revoked', true) },
      operations: {
        update: async (request: Request, values) =>
          await endLease(parts.core.active, {
            leaseId: leaseIdOf(values),
            isSync: values.sync,
            now: request.now,
          }),
      },
    });
  return ['leases/revoke', 'leases/revoke/:url_lease_id+', 'revoke', 'revoke/:url_lease_id+'].map(
    declare,
  );
}

function prefixPaths(parts: SystemParts): readonly Path[] {
  const declare = (pattern: string, force: boolean): Path =>
    path({
      pattern,
      help: {
        synopsis: 'Revokes every lease and token made below a path.',
        description: force ? 'Forgets leases that can not be revoked.' : '',
      },
      sudo: true,
      fields: {
        prefix: field.string('path below which to revoke'),
        sync: field.boolean('answer when all have been revoked', true),
      },
      operations: {
        update: async ({ now }, { prefix, sync }) =>
          await endLeasesBelow(parts.core.active, { prefix, force, isSync: sync || force, now }),
      },
    });
  return [
    declare('leases/revoke-prefix/:prefix+', false),
    declare('leases/revoke-force/:prefix+', true),
    declare('revoke-prefix/:prefix+', false),
    declare('revoke-force/:prefix+', true),
  ];
}

function tidyPath(parts: SystemParts): Path {
  return path({
    pattern: 'leases/tidy',
    help: { synopsis: 'Removes what leads to no lease any more.', description: '' },
    fields: {},
    operations: {
      update: async () => {
        const { leases } = parts.core.active;
        leases.tidy().catch((error: unknown) => parts.onFault('lease tidying', error));
        const warnings = [
          "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.",
        ];
        return { data: {}, outcome: 'accepted', warnings };
      },
    },
  });
}

function countPath(parts: SystemParts): Path {
  return path({
    pattern: 'leases/count',
    help: { synopsis: 'How many leases there are.', description: '' },
    fields: { type: field.string('"irrevocable" counts only those') },
    operations: {
      read: async (_, { type }) => {
        const { total, irrevocable } = await parts.core.active.leases.count();
        return { data: { lease_count: type === 'irrevocable' ? irrevocable : total } };
      },
    },
  });
}

function irrevocablePath(parts: SystemParts): Path {
  return path({
    pattern: 'leases(/)',
    help: { synopsis: 'Leases whose revocation was given up.', description: '' },
    sudo: true,
    fields: {
      type: field.string('only "irrevocable"', 'irrevocable'),
      limit: field.string('how many at most; "none" for as many as fit'),
    },
    operations: {
      read: async (_, { limit }) => {
        const wanted = /^\d{1,5}$/.test(limit) ? Number(limit) : 0;
        const most = Math.min(wanted || LIST_LIMIT_MAX, LIST_LIMIT_MAX);
        const found = await parts.core.active.leases.irrevocable({ after: '', limit: most });
        const leases = found.map(({ id, failureCode }) => ({ lease_id: id, error: failureCode }));
        return { data: { lease_count: leases.length, leases } };
      },
    },
  });
}
