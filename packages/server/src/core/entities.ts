// Who a login is, across tokens: one entity per (auth mount, name at that mount). Made at the first login; the token
// and the policy templates refer to it.
import { createHash, randomUUID } from 'node:crypto';
import { type Awaitable, andThen } from '../framework/awaitable.js';
import { type Entry, retryOnConflict, type Storage } from '../framework/storage.js';

export interface EntityAlias {
  readonly id: string;
  readonly name: string;
  readonly mountAccessor: string;
  readonly mountPath: string;
  readonly mountType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Entity {
  readonly id: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Policies given to the entity itself, beside those of its tokens. */
  readonly policies: readonly string[];
  readonly disabled: boolean;
  readonly aliases: readonly EntityAlias[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

function aliasKey(mountAccessor: string, name: string): string {
  const hash = createHash('sha256').update(mountAccessor).update('\0').update(name).digest('hex');
  return `alias/${hash}`;
}

export class EntityStore {
  readonly #storage: Storage;
  /** Newest state of each entity by the version it was read at; bounded. */
  readonly #cache = new Map<string, { readonly version: number; readonly entity: Entity }>();

  readonly #makeId: () => string;

  constructor(storage: Storage, makeId: () => string = randomUUID) {
    this.#storage = storage;
    this.#makeId = makeId;
  }

  find(id: string): Awaitable<Entity | null> {
    if (id === '') return null;
    const known = this.#cache.get(id);
    const key = `id/${id}`;
    if (known === undefined) {
      return andThen(this.#storage.get(key), (found) => this.#remember(id, found));
    }
    return andThen(this.#storage.getUnless(key, known.version), (found) =>
      found === 'unchanged' ? known.entity : this.#remember(id, found),
    );
  }

  #remember(id: string, found: Entry | null): Entity | null {
    if (found === null) return null;
    const entity = JSON.parse(found.value.toString('utf8')) as Entity;
    if (this.#cache.size >= 10_000) this.#cache.clear();
    this.#cache.set(id, { version: found.version, entity });
    return entity;
  }

  async findByName(name: string): Promise<Entity | null> {
    const found = await this.#storage.get(`name/${nameKey(name)}`);
    return found === null ? null : await this.find(found.value.toString('utf8'));
  }

  async list(
    kind: 'id' | 'name',
    page: { after: string; limit: number },
  ): Promise<readonly string[]> {
    const keys = await this.#storage.list(`${kind}/`, page);
    if (kind === 'id') return keys;
    return keys.map((key) => Buffer.from(key, 'base64url').toString('utf8'));
  }

  /** The entity that this alias belongs to, made if there is none. Its alias metadata becomes what the login said. */
  async ensure(alias: Omit<EntityAlias, 'id'>, now: number): Promise<Entity> {
    const pointer = aliasKey(alias.mountAccessor, alias.name);
    return await retryOnConflict(async () => {
      const known = await this.#storage.get(pointer);
      if (known !== null) {
        const entity = await this.find(known.value.toString('utf8'));
        if (entity !== null) return await this.#refresh(entity, alias, now);
      }
      const id = this.#makeId();
      const entity: Entity = {
        id,
        name: `entity_${id.slice(0, 8)}`,
        metadata: {},
        policies: [],
        disabled: false,
        aliases: [{ ...alias, id: randomUUID() }],
        createdAt: now,
        updatedAt: now,
      };
      // Names are templates' keys to paths: two entities must never share one. When it is taken another id is made.
      await this.#storage.commit(
        [
          { put: pointer, value: Buffer.from(id) },
          { put: `id/${id}`, value: Buffer.from(JSON.stringify(entity)) },
          { put: `name/${nameKey(entity.name)}`, value: Buffer.from(id) },
        ],
        [
          { key: pointer, version: known?.version ?? null },
          { key: `name/${nameKey(entity.name)}`, version: null },
        ],
      );
      return entity;
    });
  }

  async #refresh(entity: Entity, alias: Omit<EntityAlias, 'id'>, now: number): Promise<Entity> {
    const isOwn = (each: EntityAlias): boolean =>
      each.mountAccessor === alias.mountAccessor && each.name === alias.name;
    const own = entity.aliases.find(isOwn);
    if (own === undefined || JSON.stringify(own.metadata) === JSON.stringify(alias.metadata)) {
      return entity;
    }
    // Changed from what is stored now, at that version: an entity disabled meanwhile must stay so.
    const key = `id/${entity.id}`;
    const found = await this.#storage.get(key);
    if (found === null) return entity;
    const stored = JSON.parse(found.value.toString('utf8')) as Entity;
    const aliases = stored.aliases.map((each) =>
      isOwn(each) ? { ...each, metadata: alias.metadata } : each,
    );
    const updated: Entity = { ...stored, aliases, updatedAt: now };
    await this.#storage.commit(
      [{ put: key, value: Buffer.from(JSON.stringify(updated)) }],
      [{ key, version: found.version }],
    );
    return updated;
  }
}

function nameKey(name: string): string {
  return Buffer.from(name, 'utf8').toString('base64url');
}
