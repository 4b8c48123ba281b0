// LIST auth/token/accessors and auth/token/tidy: the store as a whole.
import type { Path } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { path } from '../../framework/path.js';
import { LIST_LIMIT_MAX } from '../../framework/storage.js';
import type { TokenParts } from './parts.js';

const ACCESSORS_MAX = 1_000_000;

async function allAccessors(parts: TokenParts): Promise<string[]> {
  const all: string[] = [];
  let after: string | null = '';
  while (after !== null) {
    const page: { readonly accessors: readonly string[]; readonly next: string | null } =
      await parts.store.listAccessors({ after, limit: LIST_LIMIT_MAX });
    all.push(...page.accessors);
    if (all.length > ACCESSORS_MAX) throw invalidRequest('too many accessors to list at once');
    after = page.next;
  }
  return all;
}

export function accessorPaths(parts: TokenParts): readonly Path[] {
  return [
    path({
      pattern: 'accessors(/)',
      help: { synopsis: 'Lists the accessors of all service tokens.', description: 'Needs sudo.' },
      fields: {
        after: field.string('accessor behind which the answer begins'),
        limit: field.integer('most accessors in the answer; 0 is all'),
      },
      sudo: true,
      operations: {
        list: async (_request, { after, limit }) => {
          const sorted = (await allAccessors(parts)).sort().filter((name) => name > after);
          const keys = limit > 0 ? sorted.slice(0, limit) : sorted;
          return keys.length === 0 ? null : { data: { keys } };
        },
      },
    }),
    path({
      pattern: 'tidy',
      help: { synopsis: 'Looks for index keys that lead nowhere.', description: '' },
      fields: {},
      operations: {
        update: async () => {
          parts.core.inBackground('token tidy', async () => {
            await parts.store.tidy();
          });
          const text =
            "Tidy operation successfully started. Any information from the operation will be printed to the server's logs.";
          return { outcome: 'accepted', warnings: [text] };
        },
      },
    }),
  ];
}
