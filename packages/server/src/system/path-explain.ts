// Which rule of which policy decides about a path, and which lost: for the caller, who learns nothing but the caller's
// own rules, and with sudo for the token of an accessor.
import type { Operation, Path, Response } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import type { Acl } from '../policy/acl.js';
import type { ExplainedRule } from '../policy/explain.js';
import type { SystemParts } from './parts.js';
import { aclOfAccessor, callerAcl } from './path-capabilities.js';

/** Longer ones are no paths of any request. */
const PATH_LENGTH_MAX = 4096;

const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  (['create', 'read', 'update', 'patch', 'delete', 'list', 'scan'] as const).map((each) => [
    each,
    each,
  ]),
);

function ruleData(rule: ExplainedRule): { readonly [key: string]: JsonValue } {
  return {
    path: rule.path,
    capabilities: rule.capabilities,
    sources: rule.sources.map(({ policy, line, capabilities, comment }) => ({
      policy,
      line,
      capabilities,
      comment,
    })),
    allowed_parameters: rule.allowedParameters,
    denied_parameters: rule.deniedParameters,
    required_parameters: rule.requiredParameters,
    min_wrapping_ttl: rule.minWrappingTtlSeconds,
    max_wrapping_ttl: rule.maxWrappingTtlSeconds,
  };
}

/** Whether the path wants sudo; asked only about mounts that the caller has something to do with. */
async function wantsSudo(parts: SystemParts, acl: Acl, asked: string): Promise<boolean> {
  const route = await parts.core.active.router.find(asked);
  if (route === null || !acl.anyAccessBelow(route.mounted.entry.path)) return false;
  return route.declared?.sudo ?? false;
}

async function explain(
  parts: SystemParts,
  acl: Acl,
  values: { readonly path: string; readonly operation: string },
): Promise<Response> {
  const operation = OPERATIONS.get(values.operation);
  if (operation === undefined) throw invalidRequest('unknown operation', 'operation-unknown');
  if (values.path.length > PATH_LENGTH_MAX) {
    throw invalidRequest(`path is longer than ${PATH_LENGTH_MAX} bytes`, 'path-too-long');
  }
  const trimmed = values.path.replace(/^\/+/, '').replace(/^v1\//, '');
  if (trimmed === '') throw invalidRequest('missing path', 'path-missing');
  const isFolder = operation === 'list' || operation === 'scan';
  const asked = isFolder && !trimmed.endsWith('/') ? `${trimmed}/` : trimmed;
  const explained = acl.explain(asked, operation);
  const sudo = await wantsSudo(parts, acl, asked);
  const may = acl.capabilities(asked);
  const lacksSudo = explained.allowed && sudo && !may.includes('sudo') && !may.includes('root');
  return {
    data: {
      path: asked,
      operation,
      allowed: explained.allowed && !lacksSudo,
      reason: lacksSudo ? 'sudo-required' : explained.reason,
      summary: lacksSudo
        ? `${operation} on "${asked}" is denied: the path needs sudo, and the rule that decides does not have it`
        : explained.summary,
      sudo_required: sudo,
      decided_by: explained.decidedBy === null ? null : ruleData(explained.decidedBy),
      overruled: explained.overruled.map((rule) => ({ ...ruleData(rule), because: rule.because })),
      skipped: explained.skipped.map((rule) => ({ ...rule })),
    },
  };
}

const ASKED = {
  path: field.string('the path to ask about'),
  operation: field.string('create, read, update, patch, delete, list or scan', 'read'),
} as const;

const DESCRIPTION = 'Parameters and wrapping are listed, not judged: they depend on the request.';

export function explainPaths(parts: SystemParts): readonly Path[] {
  return [
    path({
      pattern: 'internal/explain',
      help: { synopsis: 'Why the caller may do something, or not.', description: DESCRIPTION },
      fields: ASKED,
      operations: {
        update: async (request, values) => await explain(parts, callerAcl(request), values),
      },
    }),
    path({
      pattern: 'internal/explain-accessor',
      help: {
        synopsis: 'Why the token of an accessor may do something, or not.',
        description: `${DESCRIPTION} Shows rules of policies that the caller may not be able to read.`,
      },
      sudo: true,
      fields: { ...ASKED, accessor: field.string('accessor of the token') },
      operations: {
        update: async ({ now }, values) =>
          await explain(parts, await aclOfAccessor(parts, values.accessor, now), values),
      },
    }),
  ];
}
