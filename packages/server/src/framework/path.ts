// Turns a path declaration into something core can route to: matching, field parsing, the existence check, the
// handler. An engine author calls path() and nothing else.
import type { Awaitable } from './awaitable.js';
import type { Operation, Path, PathSpec, Request, Response } from './backend.js';
import { ApiError, asMultiError } from './errors.js';
import type { Fields, RawField, Values } from './field.js';

const PARAMETER = /:([a-z_]+)[*+]?/g;

/**
 * Pattern language: literal text, `:name` for one segment, `:name*` for any rest (may be empty), `:name+` for a rest
 * that is not empty. `(/)` at the end allows an optional trailing slash.
 */
function compilePattern(pattern: string): { expression: RegExp; names: readonly string[] } {
  const names: string[] = [];
  const optionalSlash = pattern.endsWith('(/)');
  const body = optionalSlash ? pattern.slice(0, -3) : pattern;
  const source = body.replace(/:([a-z_]+)([*+]?)|[.*+?^${}()|[\]\\]/g, (token, name, rest) => {
    if (name === undefined) return `\\${token}`;
    names.push(String(name));
    if (rest === '*') return '(.*)';
    return rest === '+' ? '(.+)' : '([^/]+)';
  });
  return { expression: new RegExp(`^${source}${optionalSlash ? '/?' : ''}$`, 's'), names };
}

/** Gives the parser of a path's fields. */
function fieldParser<F extends Fields>(fields: F) {
  const all = Object.entries(fields);
  return (raw: ReadonlyMap<string, RawField>): Values<F> => {
    const values: Record<string, unknown> = {};
    for (const [name, field] of all) values[name] = field.parse(raw.get(name) ?? null, name);
    return values as Values<F>;
  };
}

/** 405 with Vault's text. */
function unsupportedOperation(): ApiError {
  return new ApiError('unsupported-operation', asMultiError('unsupported operation'));
}

/** Declares a path. Path parameters are fields too and must be declared; they win over body and query. */
export function path<const F extends Fields>(spec: PathSpec<F>): Path {
  const { expression, names } = compilePattern(spec.pattern);
  for (const name of names) {
    if (!(name in spec.fields)) throw new TypeError(`${spec.pattern}: "${name}" is not a field`);
  }
  const spellings = new Map(Object.entries<unknown>(spec.spellings ?? {})) as ReadonlyMap<
    string,
    (text: string) => string
  >;
  const operations = new Set(Object.keys(spec.operations) as Operation[]);
  const parseFields = fieldParser(spec.fields);
  return {
    pattern: spec.pattern,
    help: spec.help,
    fields: spec.fields,
    operations,
    hasExistenceCheck: spec.exists !== undefined,
    effectless: new Set(spec.effectless ?? []),
    unauthenticated: spec.unauthenticated ?? false,
    openedBy: spec.openedBy ?? null,
    roleField: spec.roleField ?? null,
    sudo: spec.sudo ?? false,
    whileSealed: spec.whileSealed ?? false,
    match(text) {
      const found = expression.exec(text);
      if (found === null) return null;
      const parameters: Record<string, string> = {};
      names.forEach((name, index) => {
        parameters[name] = found[index + 1] ?? '';
      });
      return parameters;
    },
    spell(name, value) {
      return spellings.get(name)?.(value) ?? value;
    },
    respell(parameters, text) {
      if (spellings.size === 0) return null;
      const respelled = spec.pattern.replace(PARAMETER, (_, name: string) => {
        const value = parameters[name] ?? '';
        return spellings.get(name)?.(value) ?? value;
      });
      return respelled === text ? null : respelled;
    },
    exists(request: Request, raw): Awaitable<boolean> {
      if (spec.exists === undefined) return true;
      return spec.exists(request, parseFields(raw));
    },
    handle(request: Request, raw): Awaitable<Response | null> {
      const handler = spec.operations[request.operation];
      if (handler === undefined) throw unsupportedOperation();
      return handler(request, parseFields(raw));
    },
  };
}
