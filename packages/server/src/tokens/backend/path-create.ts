// auth/token/create, create-orphan and create/ROLE: reads what is asked for, lets the rules decide, has the store make
// it. Decides nothing itself.
import type { Path, Request, Response } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { field, type Values } from '../../framework/field.js';
import { path } from '../../framework/path.js';
import { type CreationRequest, checkEntityAlias, planCreation } from '../creation-rules.js';
import type { TokenRole } from '../role.js';
import type { TokenParts } from './parts.js';
import { issuedToken } from './token-data.js';

const fields = {
  id: field.bytes('token of the caller’s choice; needs sudo'),
  policies: field.optionalStringList('policies; none gives those of the parent'),
  meta: field.keyValues('shown in lookups and audit records'),
  no_parent: field.boolean('make an orphan; needs sudo'),
  no_default_policy: field.boolean('leave the policy "default" out'),
  renewable: field.boolean('whether it can be renewed', true),
  ttl: field.optionalDuration('first lifetime'),
  lease: field.optionalDuration('old name of ttl'),
  type: field.string('service or batch'),
  explicit_max_ttl: field.duration('hard end, renewals included'),
  display_name: field.string('shown as token-NAME'),
  num_uses: field.integer('how often it may be used; 0 is unlimited'),
  period: field.duration('lifetime that each renewal gives back; needs sudo'),
  entity_alias: field.string('alias whose entity the token gets; the role must allow it'),
} as const;
const roleFields = { ...fields, role_name: field.string('token role') } as const;

function requestFrom(values: Values<typeof fields>): CreationRequest {
  return {
    id: values.id !== null && values.id.length === 0 ? null : values.id,
    policies: values.policies ?? [],
    metadata: values.meta ?? {},
    noParent: values.no_parent,
    noDefaultPolicy: values.no_default_policy,
    renewable: values.renewable,
    ttlSeconds: values.ttl ?? values.lease ?? 0,
    explicitMaxTtlSeconds: values.explicit_max_ttl,
    periodSeconds: values.period,
    type: values.type,
    displayName: values.display_name,
    numUses: values.num_uses,
    entityAlias: values.entity_alias,
  };
}

interface Door {
  readonly isOrphanPath: boolean;
  readonly role: TokenRole | null;
}

async function createToken(
  parts: TokenParts,
  request: Request,
  values: Values<typeof fields>,
  door: Door,
): Promise<Response> {
  const { core, store } = parts;
  if (values.id !== null) request.own(values.id);
  const asked = requestFrom(values);
  const parent = core.callerEntry(request);
  let aliasEntityId = '';
  if (asked.entityAlias !== '') {
    // Before the entity is looked for: a refused name must not leave an entity behind.
    checkEntityAlias(door.role, asked.entityAlias);
    // As roles compare it: one name in two spellings must not be two entities.
    aliasEntityId = await core.entityForAlias(request, asked.entityAlias.toLowerCase());
  }
  const { spec, warnings } = planCreation(asked, {
    parent,
    hasSudo: await core.hasSudo(request),
    role: door.role,
    isOrphanPath: door.isOrphanPath,
    path: request.mount.path + request.path,
    limits: {
      defaultTtlSeconds: request.mount.defaultLeaseTtlSeconds,
      maxTtlSeconds: request.mount.maxLeaseTtlSeconds,
    },
    aliasEntityId,
    now: request.now,
  });
  const missing: string[] = [];
  for (const name of spec.policies) {
    if (!(await core.policyExists(name))) missing.push(`Policy "${name}" does not exist`);
  }
  const { token, entry } = await store.create(spec, request.now);
  const identityPolicies = await core.identityPolicies(entry.entityId);
  return {
    issued: issuedToken(entry, request.own(token), identityPolicies, request.now),
    warnings: [...warnings, ...missing],
  };
}

export function createPaths(parts: TokenParts): readonly Path[] {
  const plain = (request: Request, values: Values<typeof fields>): Promise<Response> =>
    createToken(parts, request, values, { isOrphanPath: false, role: null });
  const orphan = (request: Request, values: Values<typeof fields>): Promise<Response> =>
    createToken(parts, request, values, { isOrphanPath: true, role: null });
  return [
    path({
      pattern: 'create-orphan',
      help: { synopsis: 'Makes a token without parent.', description: 'The path is the right.' },
      fields,
      operations: { update: orphan },
    }),
    path({
      pattern: 'create',
      help: { synopsis: 'Makes a child token.', description: 'It ends with its parent.' },
      fields,
      operations: { update: plain },
    }),
    path({
      pattern: 'create/:role_name',
      help: { synopsis: 'Makes a token within a role.', description: 'The role sets limits.' },
      fields: roleFields,
      operations: {
        update: async (request, values) => {
          const role = await parts.roles.find(values.role_name);
          if (role === null) {
            throw invalidRequest(`unknown role ${values.role_name}`, 'unknown-role');
          }
          return await createToken(parts, request, values, { isOrphanPath: false, role });
        },
      },
    }),
  ];
}
