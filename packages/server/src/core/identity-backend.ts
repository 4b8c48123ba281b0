// identity/: what the server knows of who logs in. Entities are made by logins; this mount shows them.
import type { Backend, Path } from '../framework/backend.js';
import { field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import { LIST_LIMIT_MAX } from '../framework/storage.js';
import type { Entity, EntityStore } from './entities.js';

const HELP = {
  synopsis: 'Entities: one per login name and auth mount.',
  description: 'Made at the first login; a token and the templates of policies refer to them.',
};

function entityData(entity: Entity): Readonly<Record<string, JsonValue>> {
  const created = new Date(entity.createdAt).toISOString();
  const updated = new Date(entity.updatedAt).toISOString();
  return {
    id: entity.id,
    name: entity.name,
    metadata: entity.metadata,
    policies: entity.policies,
    disabled: entity.disabled,
    creation_time: created,
    last_update_time: updated,
    namespace_id: 'root',
    group_ids: [],
    direct_group_ids: [],
    inherited_group_ids: [],
    merged_entity_ids: null,
    aliases: entity.aliases.map((alias) => ({
      id: alias.id,
      canonical_id: entity.id,
      name: alias.name,
      mount_accessor: alias.mountAccessor,
      mount_path: alias.mountPath,
      mount_type: alias.mountType,
      metadata: alias.metadata,
      custom_metadata: null,
    })),
  };
}

function paths(store: () => EntityStore, kind: 'id' | 'name'): readonly Path[] {
  const find = async (value: string): Promise<Entity | null> =>
    kind === 'id' ? await store().find(value) : await store().findByName(value);
  return [
    path({
      pattern: `entity/${kind}(/)`,
      help: HELP,
      fields: { after: field.string('list names behind this one') },
      operations: {
        list: async (_request, { after }) => ({
          data: { keys: await store().list(kind, { after, limit: LIST_LIMIT_MAX }) },
        }),
      },
    }),
    path({
      pattern: `entity/${kind}/:value`,
      help: HELP,
      fields: { value: field.string(kind) },
      operations: {
        read: async (_request, { value }) => {
          const entity = await find(value);
          return entity === null ? null : { data: entityData(entity) };
        },
      },
    }),
  ];
}

export function identityBackend(store: () => EntityStore): Backend {
  return {
    kind: 'secret',
    type: 'identity',
    help: HELP.description,
    paths: [...paths(store, 'id'), ...paths(store, 'name')],
  };
}
