// sys/config/cors: which web pages of other origins may call this server.
import { corsSettings, NO_CORS, STANDARD_CORS_HEADERS } from '../core/cors.js';
import type { Path } from '../framework/backend.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import type { SystemParts } from './parts.js';

export function corsPath(parts: SystemParts): Path {
  return path({
    pattern: 'config/cors',
    help: {
      synopsis: 'Which web pages of other origins may call.',
      description: 'A listener with cors_enabled has rules of its own, and none of these.',
    },
    sudo: true,
    fields: {
      allowed_origins: field.stringList('origins such as "https://console.example", or "*" alone'),
      allowed_headers: field.stringList('request headers beside those of Vault’s clients'),
      allow_credentials: field.boolean('pages may send the browser’s client certificate'),
    },
    operations: {
      read: async () => {
        const { cors } = parts.core.active;
        await cors.refresh();
        const { isEnabled, allowedOrigins, allowedHeaders, allowsCredentials } = cors.current;
        if (!isEnabled) return { data: { enabled: false }, legacyTopLevel: true };
        return {
          data: {
            enabled: true,
            allowed_origins: allowedOrigins,
            allowed_headers: [...STANDARD_CORS_HEADERS, ...allowedHeaders],
            allow_credentials: allowsCredentials,
          },
          legacyTopLevel: true,
        };
      },
      update: async (_, { allowed_origins: origins, allowed_headers: headers, ...rest }) => {
        const settings = corsSettings(origins, headers, rest.allow_credentials);
        await parts.core.active.cors.change(() => settings);
        return null;
      },
      delete: async () => {
        await parts.core.active.cors.change(() => NO_CORS);
        return null;
      },
    },
  });
}
