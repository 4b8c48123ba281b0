// sys/audit: which devices keep the record, what a value is called there, and which headers are in it.
import type { AuditEntry } from '../audit/table.js';
import type { Path } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import type { SystemParts } from './parts.js';

function view(entry: AuditEntry): JsonValue {
  const { path: at, type, description, options, local, accessor } = entry;
  return { path: at, type, description, options, local, accessor };
}

export function auditPaths(parts: SystemParts): readonly Path[] {
  return [...devicePaths(parts), hashPath(parts), ...headerPaths(parts)];
}

function devicePaths(parts: SystemParts): readonly Path[] {
  return [
    path({
      pattern: 'audit(/)',
      help: { synopsis: 'Shows the audit devices.', description: '' },
      sudo: true,
      fields: {},
      operations: {
        read: async () => {
          const data = Object.create(null) as Record<string, JsonValue>;
          for (const entry of await parts.core.active.audit.list()) data[entry.path] = view(entry);
          return { data, legacyTopLevel: true };
        },
      },
    }),
    path({
      pattern: 'audit/:path+',
      help: {
        synopsis: 'Enables or disables an audit device.',
        description: 'While devices are enabled and none can write, requests are refused.',
      },
      sudo: true,
      fields: {
        path: field.string('name of the device'),
        type: field.string('"file" or "stdout"'),
        description: field.string('what it is for'),
        options: field.keyValues('options of the device, such as file_path'),
        local: field.boolean('not replicated (there is no replication)'),
      },
      spellings: { path: (text) => text.replace(/\/$/, '') },
      operations: {
        update: async ({ now }, { path: at, type, description, options, local }) => {
          const spec = { type, description, options: { ...options }, local };
          await parts.core.active.audit.enable(at, spec, now);
          return null;
        },
        delete: async (_, { path: at }) => {
          await parts.core.active.audit.disable(at);
          return null;
        },
      },
    }),
  ];
}

function hashPath(parts: SystemParts): Path {
  return path({
    pattern: 'audit-hash/:path+',
    help: { synopsis: 'What a value is called in the record of a device.', description: '' },
    fields: {
      path: field.string('name of the device'),
      input: field.bytes('the value'),
    },
    operations: {
      update: async (request, { path: at, input }) => {
        if (input === null || input.length === 0) {
          throw invalidRequest('the "input" parameter is empty', 'input-missing');
        }
        const hash = await parts.core.active.audit.hash(at, request.own(input));
        return { data: { hash }, legacyTopLevel: true };
      },
    },
  });
}

function headerPaths(parts: SystemParts): readonly Path[] {
  return [
    path({
      pattern: 'config/auditing/request-headers(/)',
      help: { synopsis: 'Request headers that are on record.', description: '' },
      sudo: true,
      fields: {},
      operations: {
        read: async () => {
          const known = Object.entries(await parts.core.active.audit.headers());
          const headers = Object.fromEntries(known.map(([name, { hmac }]) => [name, { hmac }]));
          return { data: { headers }, legacyTopLevel: true };
        },
      },
    }),
    path({
      pattern: 'config/auditing/request-headers/:header',
      help: { synopsis: 'Puts a request header on record, or off.', description: '' },
      sudo: true,
      fields: {
        header: field.string('name of the header'),
        hmac: field.boolean('its value is written as a hash'),
      },
      spellings: { header: (text) => text.toLowerCase() },
      operations: {
        read: async (_, { header }) => {
          const name = header.toLowerCase();
          const known = new Map(Object.entries(await parts.core.active.audit.headers())).get(name);
          if (known === undefined) {
            throw invalidRequest('Could not find header in config', 'audit-header-unknown');
          }
          return { data: { [header]: { hmac: known.hmac } }, legacyTopLevel: true };
        },
        update: async (_, { header, hmac }) => {
          await parts.core.active.audit.setHeader(header, { hmac });
          return null;
        },
        delete: async (_, { header }) => {
          await parts.core.active.audit.dropHeader(header);
          return null;
        },
      },
    }),
  ];
}
