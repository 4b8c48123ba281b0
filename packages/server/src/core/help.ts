// What a path is for, made from its declaration: the answer to HELP and ?help=1.
import type { Path, Response } from '../framework/backend.js';
import type { JsonValue } from '../framework/json/value.js';
import type { Route } from './mounts/router.js';
import { describeOpenApi } from './openapi.js';

/** Sent raw: {help, see_also, openapi}. */
export function describePath(route: Route): Response {
  const { backend, entry } = route.mounted;
  const text =
    route.declared === null
      ? describeBackend(backend.help, backend.paths)
      : describeDeclared(route.declared, entry.path);
  const paths = route.declared === null ? backend.paths : [route.declared];
  const openapi: JsonValue = describeOpenApi(
    [{ path: entry.path, kind: entry.kind, paths }],
    backend.type,
  );
  const body = Buffer.from(JSON.stringify({ help: text, see_also: null, openapi }));
  return { raw: { contentType: 'application/json', body, code: 200 } };
}

function describeBackend(help: string, paths: readonly Path[]): string {
  const lines = paths.map((path) => `    ^${path.pattern}$\n        ${path.help.synopsis}\n`);
  return `## DESCRIPTION\n\n${help}\n\n## PATHS\n\n${lines.join('\n')}`;
}

function describeDeclared(path: Path, mount: string): string {
  const names = Object.keys(path.fields);
  const parameters = names.map((name) => {
    const field = path.fields[name];
    return `    ${name} (${field?.type ?? ''})\n        ${field?.description ?? ''}\n`;
  });
  const head = `Request:        ${path.pattern}\nMatching Route: ${mount}\nOperations:     ${[...path.operations].join(', ')}\n\n${path.help.synopsis}`;
  const fields = parameters.length > 0 ? `\n\n## PARAMETERS\n\n${parameters.join('\n')}` : '';
  return `${head}${fields}\n\n## DESCRIPTION\n\n${path.help.description}`;
}
