// OpenAPI 3 from the declarations of paths: what can be called can be read here, and nothing else.
import type { Operation, Path } from '../framework/backend.js';
import type { Field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';

type JsonObject = { [key: string]: JsonValue };

export interface DescribedMount {
  /** Ends in '/'. */
  readonly path: string;
  readonly kind: 'secret' | 'auth' | 'system';
  readonly paths: readonly Path[];
}

const SCHEMAS: Readonly<Record<string, JsonObject>> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  boolean: { type: 'boolean' },
  duration: { type: 'string', format: 'seconds' },
  number: { type: 'number' },
  'string-list': { type: 'array', items: { type: 'string' } },
  'integer-list': { type: 'array', items: { type: 'integer' } },
  map: { type: 'object' },
  raw: {},
};

function schemaOf(described: Field<unknown>): JsonObject {
  const { type, description } = described;
  return { ...(SCHEMAS[type] ?? { type: 'string' }), description };
}

/** 'data/:path+' → 'data/{path}', with the names in it. */
export function templateOf(pattern: string): { template: string; names: readonly string[] } {
  const names: string[] = [];
  const template = pattern.replace(/\(\/\)$/, '').replace(/:([a-z_]+)[*+]?/g, (_, name: string) => {
    names.push(name);
    return `{${name}}`;
  });
  return { template, names };
}

const READS: Readonly<Partial<Record<Operation, string>>> = { read: 'get', delete: 'delete' };

function parametersOf(path: Path, names: readonly string[]): readonly JsonValue[] {
  return names.flatMap((name) => {
    const described = path.fields[name];
    if (described === undefined) return [];
    const { description, ...schema } = schemaOf(described);
    return [{ name, in: 'path', required: true, description: description ?? '', schema }];
  });
}

function bodyOf(path: Path, names: readonly string[]): JsonValue {
  const members = Object.entries(path.fields).filter(([name]) => !names.includes(name));
  if (members.length === 0) return null;
  const properties = Object.fromEntries(members.map(([name, each]) => [name, schemaOf(each)]));
  return { content: { 'application/json': { schema: { type: 'object', properties } } } };
}

function operationOf(
  id: string,
  path: Path,
  kind: DescribedMount['kind'],
  verb: string,
): JsonObject {
  return {
    operationId: id,
    summary: path.help.synopsis,
    tags: [kind === 'secret' ? 'secrets' : kind],
    responses: { [verb === 'delete' ? '204' : '200']: { description: 'OK' } },
  };
}

function operationId(verb: string, mount: string, template: string): string {
  const words = `${mount}${template}`.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return [verb, ...words].join('-').toLowerCase();
}

/** One path item. */
export function describeOpenApiPath(
  path: Path,
  mount: Pick<DescribedMount, 'path' | 'kind'>,
): { readonly template: string; readonly item: JsonObject } {
  const { template, names } = templateOf(path.pattern);
  const item: JsonObject = { description: path.help.synopsis };
  const parameters = parametersOf(path, names);
  if (parameters.length > 0) item.parameters = parameters;
  if (path.sudo) item['x-vault-sudo'] = true;
  if (path.unauthenticated || path.whileSealed) item['x-vault-unauthenticated'] = true;
  if (path.hasExistenceCheck) item['x-vault-createSupported'] = true;
  const make = (verb: string): JsonObject =>
    operationOf(operationId(verb, mount.path, template), path, mount.kind, verb);
  for (const [operation, verb] of Object.entries(READS)) {
    if (path.operations.has(operation as Operation)) item[verb] = make(verb);
  }
  if (path.operations.has('list')) {
    const schema = { type: 'string', enum: ['true'] };
    const required = !path.operations.has('read');
    item.get = {
      ...(item.get as JsonObject | undefined),
      ...(item.get === undefined ? make('list') : {}),
      parameters: [{ name: 'list', in: 'query', required, schema, description: 'list' }],
    };
  }
  for (const [operation, verb] of [
    ['update', 'post'],
    ['patch', 'patch'],
  ] as const) {
    if (!path.operations.has(operation) && !(verb === 'post' && path.operations.has('create'))) {
      continue;
    }
    const body = bodyOf(path, names);
    item[verb] = { ...make(verb), ...(body === null ? {} : { requestBody: body }) };
  }
  return { template: `/${mount.path}${template}`, item };
}

/** The whole document. */
export function describeOpenApi(
  mounts: readonly DescribedMount[],
  version: string,
): { readonly [key: string]: JsonValue } {
  const paths: JsonObject = {};
  for (const mount of mounts) {
    for (const declared of mount.paths) {
      const { template, item } = describeOpenApiPath(declared, mount);
      const known = paths[template] as JsonObject | undefined;
      paths[template] = known === undefined ? item : { ...known, ...item };
    }
  }
  return {
    openapi: '3.0.2',
    info: {
      title: 'Vouchsafe',
      description:
        'HTTP API that gives you full access to the server. All API routes are prefixed with /v1/.',
      version,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    paths,
    components: { schemas: {} },
  };
}
