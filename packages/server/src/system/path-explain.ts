// sys/internal/explain: which rule of which policy decides about a path, for the caller, and which lost. Tells nothing
// but the caller's own rules.
import type { Operation, Path } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import type { Acl } from '../policy/acl.js';
import type { ExplainedRule } from '../policy/explain.js';
import type { SystemParts } from './parts.js';
import { callerAcl } from './path-capabilities.js';

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

export function explainPath(parts: SystemParts): Path {
  return path({
    pattern: 'internal/explain',
    help: {
      synopsis: 'Why the caller may do something, or not.',
      description: 'Parameters and wrapping are listed, not judged: they depend on the request.',
    },
    fields: {
      path: field.string('the path to ask about'),
      operation: field.string('create, read, update, patch, delete, list or scan', 'read'),
    },
    operations: {
      update: async (request, { path: asked, operation: name }) => {
        const operation = OPERATIONS.get(name);
        if (operation === undefined) throw invalidRequest('unknown operation', 'operation-unknown');
        const trimmed = asked.replace(/^\/+/, '').replace(/^v1\//, '');
        if (trimmed === '') throw invalidRequest('missing path', 'path-missing');
        const isFolder = operation === 'list' || operation === 'scan';
        const canonical = isFolder && !trimmed.endsWith('/') ? `${trimmed}/` : trimmed;
        const acl = callerAcl(request);
        const explained = acl.explain(canonical, operation);
        const sudo = await wantsSudo(parts, acl, canonical);
        const may = acl.capabilities(canonical);
        const lacksSudo = sudo && !may.includes('sudo') && !may.includes('root');
        return {
          data: {
            path: canonical,
            operation,
            allowed: explained.allowed && !lacksSudo,
            reason: explained.allowed && lacksSudo ? 'sudo-required' : explained.reason,
            summary: explained.summary,
            sudo_required: sudo,
            decided_by: explained.decidedBy === null ? null : ruleData(explained.decidedBy),
            overruled: explained.overruled.map((rule) => ({
              ...ruleData(rule),
              because: rule.because,
            })),
            skipped: explained.skipped.map((rule) => ({ ...rule })),
          },
        };
      },
    },
  });
}
