// sys/internal/specs/openapi: the API of all mounts that the caller may know of.
import { exchangeOf } from '../core/exchange.js';
import { type DescribedMount, describeOpenApi } from '../core/openapi.js';
import type { Path } from '../framework/backend.js';
import { path } from '../framework/path.js';
import { rawAnswer } from './json-answer.js';
import type { SystemParts } from './parts.js';
import { findAcl } from './path-internal-ui.js';

/** Every server has these: they say nothing about this one. */
const EVERYWHERE: ReadonlySet<string> = new Set(['sys/', 'auth/token/', 'cubbyhole/', 'identity/']);

export function openApiPath(parts: SystemParts): Path {
  return path({
    pattern: 'internal/specs/openapi',
    help: {
      synopsis: 'The API as OpenAPI 3.',
      description: 'Without a token: what every server has, and mounts that are listed openly.',
    },
    unauthenticated: true,
    fields: {},
    operations: {
      read: async (request) => {
        const acl = await findAcl(exchangeOf(request));
        const { mounts, router } = parts.core.active;
        const described: DescribedMount[] = [];
        for (const entry of (await mounts.table.current()).entries) {
          const isOpen = EVERYWHERE.has(entry.path) || entry.config.listingVisibility === 'unauth';
          if (entry.tainted || !(isOpen || acl?.anyAccessBelow(entry.path) === true)) continue;
          const { backend } = await router.mounted(entry);
          described.push({ path: entry.path, kind: entry.kind, paths: backend.paths });
        }
        return rawAnswer(request, describeOpenApi(described, parts.facts.version));
      },
    },
  });
}
