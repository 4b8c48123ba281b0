// Appraisal policies and reference values: written once, read by digest, never changed.
import type { Path } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { parseRawJson } from '../../framework/json/decode.js';
import type { JsonValue } from '../../framework/json/value.js';
import { path } from '../../framework/path.js';
import { LIST_LIMIT_MAX } from '../../framework/storage.js';
import { type DocumentStore, policies, referenceValues } from './documents.js';

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
      [member]: field.raw('the document'),
      label: field.string('for people; not part of the digest'),
      after: field.string('list digests behind this one'),
      limit: field.integer('at most so many', LIST_LIMIT_MAX),
    },
    operations: {
      update: async (request, values) => {
        const raw = values[member];
        if (raw === null || typeof raw !== 'object')
          throw invalidRequest(`missing ${member}`, 'document-missing');
        const label = String(values.label ?? '');
        const digest = await store.put(request.storage, parseRawJson(raw), label, request.now);
        return { data: { digest } };
      },
      list: async (request, values) => {
        const limit = Math.min(Math.max(1, Number(values.limit)), LIST_LIMIT_MAX);
        const after = String(values.after ?? '').replace(/^sha256:/, '');
        return { data: { keys: await store.list(request.storage, { after, limit }) } };
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
        await store.delete(request.storage, digest);
        return null;
      },
    },
  });
  return [whole, one];
}

export const documentPaths: readonly Path[] = [
  ...collection('policy', 'policy', policies, 'Appraisal policies, by digest.'),
  ...collection('reference-values', 'values', referenceValues, 'Reference values, by digest.'),
];
