// Appraisal policies and reference values: written once, read by digest, never changed.
import type { Path } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import type { JsonValue } from '../../framework/json/value.js';
import { listingFields } from '../../framework/listing.js';
import { path } from '../../framework/path.js';
import type { Storage } from '../../framework/storage.js';
import { type DocumentStore, policies, referenceValues } from './documents.js';
import { rolesThatPin } from './role.js';

const ROLES_SHOWN_MAX = 10;

function collection<T>(
  name: string,
  member: string,
  store: DocumentStore<T>,
  synopsis: string,
): readonly Path[] {
  const help = {
    synopsis,
    description: `POST {"${member}": …, "label": …} answers with the digest that roles pin. Documents never change.`,
  };
  const whole = path({
    pattern: `${name}(/)`,
    help,
    fields: {
      [member]: field.map('the document, or its JSON text'),
      label: field.string('for people; not part of the digest'),
      ...listingFields,
    },
    operations: {
      update: async (request, values) => {
        const given: Readonly<Record<string, unknown>> = values;
        const document = given[member];
        if (document === null || typeof document !== 'object')
          throw invalidRequest(`missing ${member}`, 'document-missing');
        const digest = await store.put(request.storage, document, values.label, request.now);
        return { data: { digest } };
      },
      list: async (request, values) => {
        const after = values.after.replace(/^sha256:/, '');
        const listing = { after, limit: values.limit };
        return { data: { keys: await store.list(request.storage, listing) } };
      },
    },
  });
  const one = path({
    pattern: `${name}/:digest`,
    help,
    fields: { digest: field.string('sha256: and 64 hex digits') },
    operations: {
      read: async (request, { digest }) => {
        const found = await store.find(request.storage, digest);
        if (found === null) return null;
        const created = new Date(found.createdAt).toISOString();
        const document = found.source as JsonValue;
        return { data: { digest, label: found.label, created_time: created, [member]: document } };
      },
      delete: async (request, { digest }) => {
        await refusePinned(request.storage, digest);
        await store.delete(request.storage, digest);
        return null;
      },
    },
  });
  return [whole, one];
}

/** Roles that pin it could admit nobody any more. */
async function refusePinned(storage: Storage, digest: string): Promise<void> {
  const names = await rolesThatPin(storage, digest);
  if (names.length === 0) return;
  const shown = names.slice(0, ROLES_SHOWN_MAX).map((name) => `"${name}"`);
  const more = names.length - shown.length;
  const list = more > 0 ? [...shown, `${more} more`] : shown;
  throw invalidRequest(`document is pinned by roles: ${list.join(', ')}`, 'document-pinned');
}

export const documentPaths: readonly Path[] = [
  ...collection('policy', 'policy', policies, 'Appraisal policies, by digest.'),
  ...collection('reference-values', 'values', referenceValues, 'Reference values, by digest.'),
];
