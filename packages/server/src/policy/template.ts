// Identity templates in rule paths: `secret/{{identity.entity.name}}/*`. A value that could widen the path is
// refused, never escaped (CVE-2026-5006, CVE-2026-71543); the rule is then skipped.

/** One login name of an entity, at one auth mount. */
export interface TemplateAlias {
  readonly id: string;
  readonly name: string;
  readonly mountAccessor: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly customMetadata: Readonly<Record<string, string>>;
}

export interface TemplateGroup {
  readonly id: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Who the token belongs to. Groups: those that the entity is in, inherited ones included. */
export interface TemplateIdentity {
  readonly entityId: string;
  readonly entityName: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly aliases: readonly TemplateAlias[];
  readonly groups: readonly TemplateGroup[];
}

/** Literal text, or what to look up. */
type Part = string | { readonly find: (identity: TemplateIdentity) => string | null };

export interface PathTemplate {
  readonly parts: readonly Part[];
}

export type Expansion =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly why: 'unresolved' | 'unsafe-value' };

/** '+', '*' and '/' have a meaning in a path; control characters never occur in a canonical one. */
const UNSAFE_VALUE = /[+*/\p{Cc}]/u;

function findOwn(record: Readonly<Record<string, string>>, key: string): string | null {
  return Object.hasOwn(record, key) ? (record[key] ?? null) : null;
}

/** `id`, `name`, `metadata.K` and `custom_metadata.K` of one thing; null when the selector is none of its own. */
function findLookup<T extends object>(
  selector: string,
  own: Readonly<Record<string, (thing: T) => string>>,
  maps: Readonly<Record<string, (thing: T) => Readonly<Record<string, string>>>>,
): ((thing: T) => string | null) | null {
  if (Object.hasOwn(own, selector)) return own[selector] ?? null;
  const dot = selector.indexOf('.');
  const name = selector.slice(0, Math.max(dot, 0));
  const map = Object.hasOwn(maps, name) ? maps[name] : undefined;
  const key = selector.slice(dot + 1);
  if (map === undefined || key === '') return null;
  return (thing) => findOwn(map(thing), key);
}

const id = (thing: { readonly id: string }): string => thing.id;
const named = (thing: { readonly name: string }): string => thing.name;
const metadata = (thing: {
  readonly metadata: Readonly<Record<string, string>>;
}): Readonly<Record<string, string>> => thing.metadata;

function findEntityPart(selector: string): Part | null {
  const aliases = /^aliases\.([^.]+)\.(.+)$/su.exec(selector);
  if (aliases !== null) {
    const [, accessor, rest] = aliases;
    const find = findLookup<TemplateAlias>(
      rest ?? '',
      { id, name: named },
      { metadata, custom_metadata: (alias) => alias.customMetadata },
    );
    if (find === null) return null;
    return {
      find: (identity) => {
        const alias = identity.aliases.find((candidate) => candidate.mountAccessor === accessor);
        return alias === undefined ? null : find(alias);
      },
    };
  }
  const find = findLookup<TemplateIdentity>(
    selector,
    { id: (identity) => identity.entityId, name: (identity) => identity.entityName },
    { metadata },
  );
  return find === null ? null : { find };
}

/** Group names may hold dots, so the selector behind them is cut off from the end or at ".metadata.". */
function findGroupPart(selector: string): Part | null {
  const found = /^(ids|names)\.(.+?)\.(id|name|metadata\..+)$/su.exec(selector);
  if (found === null) return null;
  const [, by, key, rest] = found;
  const find = findLookup<TemplateGroup>(rest ?? '', by === 'ids' ? { name: named } : { id }, {
    metadata,
  });
  if (find === null) return null;
  const keyOf = by === 'ids' ? id : named;
  return {
    find: (identity) => {
      const group = identity.groups.find((candidate) => keyOf(candidate) === key);
      return group === undefined ? null : find(group);
    },
  };
}

function findPart(expression: string): Part | null {
  const text = expression.trim();
  if (text.startsWith('identity.entity.')) return findEntityPart(text.slice(16));
  if (text.startsWith('identity.groups.')) return findGroupPart(text.slice(16));
  return null;
}

export function isTemplated(path: string): boolean {
  return path.includes('{{') || path.includes('}}');
}

/** Null when braces do not pair up or an expression is none that this server knows. */
export function findPathTemplate(path: string): PathTemplate | null {
  const parts: Part[] = [];
  let at = 0;
  for (;;) {
    const open = path.indexOf('{{', at);
    const literal = path.slice(at, open < 0 ? undefined : open);
    if (literal.includes('}}')) return null;
    if (literal !== '') parts.push(literal);
    if (open < 0) return { parts };
    const close = path.indexOf('}}', open);
    const part = close < 0 ? null : findPart(path.slice(open + 2, close));
    if (part === null) return null;
    parts.push(part);
    at = close + 2;
  }
}

/** Never expands what a value contains. Without an identity nothing resolves. */
export function expandTemplate(
  template: PathTemplate,
  identity: TemplateIdentity | null,
): Expansion {
  let path = '';
  for (const part of template.parts) {
    if (typeof part === 'string') {
      path += part;
      continue;
    }
    const value = identity === null ? null : part.find(identity);
    if (value === null || value === '') return { ok: false, why: 'unresolved' };
    if (UNSAFE_VALUE.test(value)) return { ok: false, why: 'unsafe-value' };
    path += value;
  }
  return { ok: true, path };
}
