// What consoles and clients ask to find their way: mounts that the caller may use, and the caller's own rules. Must
// never tell a mount that does not exist from one that the caller has nothing to do with.
import { type Exchange, exchangeOf } from '../core/exchange.js';
import type { MountEntry } from '../core/mounts/entry.js';
import { resolvePresented } from '../core/steps/resolve-token.js';
import type { Path, Request } from '../framework/backend.js';
import { ApiError, badToken } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import type { Acl } from '../policy/acl.js';
import { mountView, shownPath } from './mount-view.js';
import type { SystemParts } from './parts.js';
import { callerAcl } from './path-capabilities.js';

/** The ACL of the token that came along, null without one. @throws ApiError when the token is not good */
export async function findAcl(exchange: Exchange): Promise<Acl | null> {
  if (exchange.api.token === null) return null;
  if (exchange.acl === null) await resolvePresented(exchange);
  return exchange.acl;
}

export function internalUiPaths(parts: SystemParts): readonly Path[] {
  return [
    mountsPath(parts),
    preflightPath(parts),
    path({
      pattern: 'internal/ui/resultant-acl',
      help: { synopsis: 'Rules of the caller’s policies, put together.', description: '' },
      fields: {},
      operations: {
        read: async (request) => {
          const { root, exact_paths, glob_paths } = callerAcl(request).resultant();
          return { data: { root, exact_paths, glob_paths } };
        },
      },
    }),
    path({
      pattern: 'internal/ui/namespaces',
      help: { synopsis: 'Namespaces of the caller: there is the root one only.', description: '' },
      unauthenticated: true,
      fields: {},
      operations: {
        read: async (request) => {
          if ((await findAcl(exchangeOf(request))) === null) throw badToken('token-missing');
          return { data: { keys: [] } };
        },
      },
    }),
    path({
      pattern: 'internal/ui/feature-flags',
      help: { synopsis: 'Flags of the console.', description: '' },
      unauthenticated: true,
      fields: {},
      operations: { read: async () => ({ data: { feature_flags: [] } }) },
    }),
  ];
}

function briefView(entry: MountEntry): JsonValue {
  const { type, description, options } = entry;
  return { type, description, options: Object.keys(options).length > 0 ? options : null };
}

function mountsPath(parts: SystemParts): Path {
  return path({
    pattern: 'internal/ui/mounts(/)',
    help: {
      synopsis: 'Mounts that the caller can do something on.',
      description: 'Without a token: those with listing_visibility "unauth".',
    },
    unauthenticated: true,
    fields: {},
    operations: {
      read: async (request) => {
        const acl = await findAcl(exchangeOf(request));
        const { entries } = await parts.core.active.mounts.table.current();
        const secret = Object.create(null) as Record<string, JsonValue>;
        const auth = Object.create(null) as Record<string, JsonValue>;
        for (const entry of entries) {
          const isOpen = entry.config.listingVisibility === 'unauth';
          if (entry.tainted || !(isOpen || acl?.anyAccessBelow(entry.path) === true)) continue;
          const view = acl === null ? briefView(entry) : mountView(entry, parts.facts);
          (entry.kind === 'auth' ? auth : secret)[shownPath(entry)] = view;
        }
        return { data: { secret, auth } };
      },
    },
  });
}

/** As the surface words it: the same for no mount and no access. */
function preflightRefused(mount: string): ApiError {
  const shown = mount.endsWith('/') ? mount : `${mount}/`;
  return new ApiError(
    'permission-denied',
    `preflight capability check returned 403, please ensure client's policies grant access to path "${shown}"`,
    { code: 'preflight-refused' },
  );
}

function preflightPath(parts: SystemParts): Path {
  return path({
    pattern: 'internal/ui/mounts/:path+',
    help: { synopsis: 'Which mount a path belongs to.', description: 'Asked before KV calls.' },
    unauthenticated: true,
    fields: { path: field.string('the path') },
    operations: {
      read: async (request: Request, { path: asked }) => {
        const acl = await findAcl(exchangeOf(request));
        if (acl === null) throw badToken('token-missing');
        const route = await parts.core.active.router.find(asked);
        const entry = route?.mounted.entry;
        if (entry === undefined || !acl.anyAccessBelow(entry.path)) throw preflightRefused(asked);
        // Auth mounts by their name below auth/, as sys/auth lists them.
        const path = entry.path.replace(/^auth\//, '');
        return { data: { ...mountView(entry, parts.facts), path } };
      },
    },
  });
}
