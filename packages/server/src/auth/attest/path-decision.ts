// Decision records: why a login was accepted or refused. For operators and auditors.
import type { Path } from '../../framework/backend.js';
import { field } from '../../framework/field.js';
import type { JsonValue } from '../../framework/json/value.js';
import { listingFields } from '../../framework/listing.js';
import { path } from '../../framework/path.js';
import { findDecision, listDecisions } from './decisions.js';

const HELP = {
  synopsis: 'Why a login was accepted or refused.',
  description:
    'Policy by digest, every fault with claim, expected and seen value, ages of endorsements.',
};

export const decisionPaths: readonly Path[] = [
  path({
    pattern: 'decision(/)',
    help: HELP,
    fields: listingFields,
    operations: {
      list: async (request, listing) => ({
        data: { keys: await listDecisions(request.storage, listing) },
      }),
    },
  }),
  path({
    pattern: 'decision/:id',
    help: HELP,
    fields: { id: field.string('decision id, from the refusal or the login') },
    operations: {
      read: async (request, { id }) => {
        const decision = await findDecision(request.storage, id);
        if (decision === null) return null;
        const { at, ...rest } = JSON.parse(JSON.stringify(decision)) as Record<string, JsonValue>;
        return { data: { ...rest, time: new Date(Number(at)).toISOString() } };
      },
    },
  }),
];
