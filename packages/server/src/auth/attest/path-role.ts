// Roles: create, read, list, delete.
import type { Path } from '../../framework/backend.js';
import { listingFields } from '../../framework/listing.js';
import { path } from '../../framework/path.js';
import {
  canonicalRoleName,
  deleteRole,
  findRole,
  listRoles,
  roleData,
  roleFields,
  writeRole,
} from './role.js';

const ROLE_HELP = {
  synopsis: 'Which evidence may log in, and what it gets.',
  description: 'A role pins an appraisal policy and reference values by digest.',
};

const rolePath: Path = path({
  pattern: 'role/:name',
  help: ROLE_HELP,
  fields: roleFields,
  spellings: { name: canonicalRoleName },
  exists: async (request, { name }) => (await findRole(request.storage, name)) !== null,
  operations: {
    read: async (request, { name }) => {
      const role = await findRole(request.storage, name);
      return role === null ? null : { data: roleData(role) };
    },
    create: async (request, values) => {
      await writeRole(request.storage, values);
      return null;
    },
    update: async (request, values) => {
      await writeRole(request.storage, values);
      return null;
    },
    delete: async (request, { name }) => {
      await deleteRole(request.storage, name);
      return null;
    },
  },
});

const roleList: Path = path({
  pattern: 'role(/)',
  help: ROLE_HELP,
  fields: listingFields,
  operations: {
    list: async (request, listing) => ({
      data: { keys: await listRoles(request.storage, listing) },
    }),
  },
});

export const rolePaths: readonly Path[] = [roleList, rolePath];
